package vit.bench.peers;

import vit.model.SessionOptions;
import vit.model.TokenMerging;
import vit.model.VitModel;
import vit.model.VitSession;

/** This project's forward pass to logits or embeddings: as it is by default, with all tokens computed in the last block, as the peers do, or with merged tokens. */
final class OurForward implements PreparedWork {

    private final VitSession session;
    private final Work.Forward work;
    private final float[] output;

    OurForward(VitModel model, Work.Forward work, boolean allTokens, TokenMerging merging) {
        this.work = work;
        this.session = model.newSession(SessionOptions.threads(work.threads()).withBatch(work.batch()).withAllTokens(allTokens).withTokenMerging(merging));
        this.output = new float[work.batch() * work.width()];
        System.err.println("vit: " + session.warmUp());
    }

    /** Floating-point operations of one call. */
    double flops() {
        return session.cost().flops() * work.batch();
    }

    @Override
    public String label() {
        return "vit";
    }

    @Override
    public void run() {
        if (work.kind() == Work.Kind.EMBED) {
            session.embed(work.images(), work.batch(), output);
        } else {
            session.logits(work.images(), work.batch(), output);
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
