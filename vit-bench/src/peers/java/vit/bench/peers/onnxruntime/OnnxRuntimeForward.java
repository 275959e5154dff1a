package vit.bench.peers.onnxruntime;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import vit.bench.peers.PreparedWork;
import vit.bench.peers.Work;

/** A session's pass on images that lie in a direct buffer, with the input tensor made once. */
final class OnnxRuntimeForward implements PreparedWork {

    private final OnnxSession session;
    private final OnnxTensor images;
    private final float[] output;

    /** @param session taken over */
    OnnxRuntimeForward(OnnxSession session, Work.Forward work) throws OrtException {
        this.session = session;
        images = session.tensor(OnnxSession.buffer(work.images()));
        output = new float[work.batch() * work.width()];
    }

    @Override
    public String label() {
        return OnnxSession.version();
    }

    @Override
    public void run() throws OrtException {
        try (OrtSession.Result result = session.run(images)) {
            ((OnnxTensor) result.get(0)).getFloatBuffer().get(output);
        }
    }

    @Override
    public float[] result() {
        return output;
    }

    @Override
    public void close() throws OrtException {
        images.close();
        session.close();
    }
}
