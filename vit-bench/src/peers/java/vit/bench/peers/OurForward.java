package vit.bench.peers;

import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;

/** This project's forward pass to logits or embeddings: as it is by default, or with all tokens computed in the last block, as the peers do. */
final class OurForward implements Contender {

    private final VitSession session;
    private final float[] images;
    private final ForwardOutput kind;
    private final float[] output;
    private final int batch;

    OurForward(VitModel model, float[] images, int batch, int threads, boolean allTokens) {
        this.images = images;
        this.batch = batch;
        this.session = model.newSession(SessionOptions.threads(threads).withBatch(batch).withAllTokens(allTokens));
        this.kind = ForwardOutput.of(model.config());
        this.output = new float[batch * kind.width(model.config())];
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
        switch (kind) {
            case LOGITS -> session.logits(images, batch, output);
            case EMBEDDINGS -> session.embed(images, batch, output);
        }
    }

    @Override
    public float[] result() {
        return output;
    }

    @Override
    public void close() {
        session.close();
    }
}
