package vit.bench.peers.onnxruntime;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import vit.bench.peers.ModelFileContender;
import vit.bench.peers.PreparedWork;
import vit.bench.peers.Work;
import vit.model.onnx.OnnxExport;
import vit.model.parameters.ParameterSource;

/** ONNX Runtime on the exported model, in float32. */
public final class OnnxRuntimeContender implements ModelFileContender {

    /** For the service loader. */
    public OnnxRuntimeContender() {}

    @Override
    public String name() {
        return "onnxruntime";
    }

    @Override
    public Set<Work.Kind> kinds() {
        return EnumSet.of(Work.Kind.FORWARD, Work.Kind.EMBED);
    }

    @Override
    public PreparedWork prepare(Work work) throws Exception {
        Work.Forward forward = (Work.Forward) work;
        return new OnnxRuntimeForward(OnnxSession.faster(forward.weights(), forward.images(), forward.batch(), pool(work)), forward);
    }

    private static OnnxSession.Pool pool(Work work) {
        return new OnnxSession.Pool(work.threads(), true);
    }

    /** Writes the graph with standard operators. */
    @Override
    public void write(ParameterSource weights, Path file) throws IOException {
        OnnxExport.write(weights, file);
    }

    @Override
    public PreparedWork load(Path file, Work.Forward work) throws Exception {
        return new OnnxRuntimeForward(OnnxSession.load(file, work.weights().config(), work.batch(), pool(work)), work);
    }
}
