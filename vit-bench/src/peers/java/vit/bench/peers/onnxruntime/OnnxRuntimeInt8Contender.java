package vit.bench.peers.onnxruntime;

import java.util.EnumSet;
import java.util.Set;
import vit.bench.peers.Contender;
import vit.bench.peers.PreparedWork;
import vit.bench.peers.Work;
import vit.model.onnx.OnnxWeights;

/** ONNX Runtime on the exported model with dynamic quantisation: the weights of linear layers as int8, their inputs rounded to uint8 in each call. */
public final class OnnxRuntimeInt8Contender implements Contender {

    /** For the service loader. */
    public OnnxRuntimeInt8Contender() {}

    @Override
    public String name() {
        return "onnxruntime-int8";
    }

    @Override
    public Set<Work.Kind> kinds() {
        return EnumSet.of(Work.Kind.FORWARD);
    }

    @Override
    public PreparedWork prepare(Work work) throws Exception {
        Work.Forward forward = (Work.Forward) work;
        OnnxSession.Pool pool = new OnnxSession.Pool(work.threads(), true);
        return new Int8(new OnnxRuntimeForward(OnnxSession.faster(forward.weights(), OnnxWeights.INT8, forward.images(), forward.batch(), pool), forward));
    }

    private record Int8(OnnxRuntimeForward pass) implements PreparedWork {

        @Override
        public String label() {
            return pass.label() + " int8";
        }

        @Override
        public String differences() {
            return "other numbers: int8 weights, and the inputs of linear layers as uint8";
        }

        @Override
        public boolean isSameNumbers() {
            return false;
        }

        @Override
        public void run() throws Exception {
            pass.run();
        }

        @Override
        public float[] result() {
            return pass.result();
        }

        @Override
        public void close() throws Exception {
            pass.close();
        }
    }
}
