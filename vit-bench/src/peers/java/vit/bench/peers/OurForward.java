package vit.bench.peers;

import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;

/** This project's forward pass: as it is by default, or with all tokens computed in the last block, as the peers do. */
final class OurForward implements Contender {

    private final VitSession session;
    private final float[] images;
    private final float[] logits;
    private final int batch;

    OurForward(VitModel model, float[] images, int batch, int threads, boolean allTokens) {
        this.images = images;
        this.batch = batch;
        this.session = model.newSession(SessionOptions.threads(threads).withBatch(batch).withAllTokens(allTokens));
        this.logits = new float[batch * model.config().classes()];
        System.err.println("vit: " + session.warmUp());
    }

    /** Floating-point operations of one call. */
    double flops() {
        return session.cost().flops() * batch;
    }

    @Override
    public String name() {
        return "vit";
    }

    @Override
    public void run() {
        session.logits(images, batch, logits);
    }

    @Override
    public float[] result() {
        return logits;
    }

    @Override
    public void close() {
        session.close();
    }
}
