package vit.bench.peers;

import java.io.IOException;
import vit.model.GeneratedWeights;
import vit.model.SessionOptions;
import vit.model.VitConfig;
import vit.model.VitModel;
import vit.model.VitSession;

/** This project's forward pass. */
final class OurForward implements Contender {

    private final VitModel model;
    private final VitSession session;
    private final float[] images;
    private final float[] logits;
    private final int batch;

    OurForward(GeneratedWeights weights, float[] images, int batch, int threads) throws IOException {
        VitConfig config = weights.config();
        this.images = images;
        this.batch = batch;
        this.model = VitModel.of(weights);
        this.session = model.newSession(SessionOptions.threads(threads).withBatch(batch));
        this.logits = new float[batch * config.classes()];
        System.err.println(session.warmUp());
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
        model.close();
    }
}
