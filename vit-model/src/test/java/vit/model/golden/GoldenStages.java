package vit.model.golden;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import vit.model.FeatureRequest;
import vit.model.Features;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.config.VitConfig;

/** The check of a forward pass: every stage and result that the case's reference holds. */
final class GoldenStages {

    /** How far results may be from the truth, in units of the peer's own float32 error there. Stages are only printed in these units. */
    private static final double PEER_ERRORS = 2;

    private GoldenStages() {}

    static void check(GoldenCase golden, VitModel model) throws IOException {
        Map<String, float[]> found = results(golden, model);
        List<String> tensors = golden.results();
        assertFalse(tensors.isEmpty(), golden.name + ": the reference holds no results");
        StringBuilder line = new StringBuilder(golden.name + ":");
        for (String tensor : tensors) {
            double[] truth = golden.truth(tensor);
            double error = Golden.maxError(truth, golden.result(found, tensor), 0);
            double relative = error / Golden.scale(truth);
            line.append(String.format(Locale.ROOT, " %s %.1e", tensor, relative));
            assertTrue(relative <= GoldenCase.TOLERANCE, golden.name + " " + tensor + ": error/scale " + relative);
            if (golden.hasPeerErrors()) {
                double peer = golden.peerError(tensor);
                line.append(String.format(Locale.ROOT, " (%.2f)", error / peer));
                assertTrue(error <= PEER_ERRORS * peer || tensor.startsWith("stage."), golden.name + " " + tensor + ": error " + error + ", the peer's " + peer);
            }
        }
        System.out.println(line);
    }

    /** Every stage, the pooled vectors, the embeddings and, if there is a head, its outputs. */
    private static Map<String, float[]> results(GoldenCase golden, VitModel model) throws IOException {
        VitConfig config = model.config();
        float[] images = golden.images();
        int batch = golden.batch();
        Map<String, float[]> results = new TreeMap<>();
        float[] embedding = new float[batch * config.embeddingWidth()];
        Features features = Features.of(config, FeatureRequest.pooled(), batch);
        try (VitSession session = model.newSession(SessionOptions.threads(2).withBatch(batch))) {
            session.embed(images, batch, embedding, (stage, tokens) -> results.put(stage, tokens.toArray()));
            session.features(images, batch, features);
            if (config.classes() > 0) {
                float[] logits = new float[batch * config.classes()];
                session.logits(images, batch, logits);
                results.put("logits", logits);
            }
        }
        results.put("embedding", embedding);
        results.put("pooled", features.pooled());
        return results;
    }
}
