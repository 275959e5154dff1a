package vit.model.golden;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import vit.model.TrainingOptions;
import vit.model.VitTraining;
import vit.model.weights.Weights;

/** The check of a backward pass: the loss and every gradient that the case's reference holds. */
final class GoldenGradients {

    /** How far a gradient may be from the truth, in units of the peer's own float32 error there. */
    private static final double PEER_ERRORS = 4;

    /** A gradient's scale is at least this share of the largest gradient's: a key bias has none in exact arithmetic. */
    private static final double SCALE_FLOOR = 0.01;

    /** A gradient this small beside the largest is zero in exact arithmetic. */
    private static final double ZERO = 1e-10;

    private GoldenGradients() {}

    static void check(GoldenCase golden, Weights weights) throws IOException {
        try (VitTraining training = VitTraining.of(weights, TrainingOptions.of(2, golden.batch()).withImageGradient(true), null)) {
            double loss = accumulate(golden, training);
            double truthOfLoss = golden.truth(GoldenCase.LOSS)[0];
            double lossError = Math.abs(loss - truthOfLoss) / Math.abs(truthOfLoss);
            assertTrue(lossError <= GoldenCase.TOLERANCE, golden.name + " loss: " + loss + ", the truth " + truthOfLoss);
            check(golden, gradients(golden, weights, training), lossError);
        }
    }

    private static void check(GoldenCase golden, Map<String, float[]> gradients, double lossError) throws IOException {
        assertFalse(golden.gradients().isEmpty(), golden.name + ": the reference holds no gradients");
        double largest = 0;
        for (String tensor : golden.gradients()) {
            largest = Math.max(largest, Golden.scale(golden.truth(tensor)));
        }
        double floor = SCALE_FLOOR * largest;
        double worst = 0;
        double worstPeer = 0;
        for (String tensor : golden.gradients()) {
            double[] truth = golden.truth(tensor);
            if (!gradients.containsKey(tensor) && Golden.scale(truth) == 0) {
                continue; // a tensor that the model does not use and the loader leaves out, as the peer's gradient confirms
            }
            double error = Golden.maxError(truth, golden.result(gradients, tensor), 0);
            double relative = error / Math.max(floor, Golden.scale(truth));
            worst = Math.max(worst, relative);
            assertTrue(relative <= GoldenCase.TOLERANCE, golden.name + " " + tensor + ": error/scale " + relative);
            if (golden.hasPeerErrors() && Golden.scale(truth) >= ZERO * largest) { // what the peer has for a smaller one is its own rounding
                double peer = Math.max(golden.peerError(tensor), floor * Math.ulp(1f));
                worstPeer = Math.max(worstPeer, error / peer);
                assertTrue(error <= PEER_ERRORS * peer, golden.name + " " + tensor + ": error " + error + ", the peer's " + peer);
            }
        }
        System.out.printf(Locale.ROOT, "%s: loss error %.1e, %d gradients, worst error/scale %.1e, at most %.2f × the peer's float32 error%n", golden.name,
                lossError, golden.gradients().size(), worst, worstPeer);
    }

    /** The mean cross-entropy where the case has labels, otherwise ½ Σ embedding². */
    private static double accumulate(GoldenCase golden, VitTraining training) throws IOException {
        int batch = golden.batch();
        int[] labels = golden.labels();
        if (labels != null) {
            return training.accumulate(golden.images(), labels, batch, 1.0 / batch);
        }
        return training.accumulate(golden.images(), batch, (embeddings, count, gradient) -> {
            double sum = 0;
            for (int i = 0; i < embeddings.length; i++) {
                sum += 0.5 * embeddings[i] * embeddings[i];
                gradient[i] = embeddings[i];
            }
            return sum;
        });
    }

    /** Every gradient under the name that the file gives its tensor. */
    private static Map<String, float[]> gradients(GoldenCase golden, Weights weights, VitTraining training) throws IOException {
        Map<String, float[]> gradients = new LinkedHashMap<>();
        float[] images = new float[golden.images().length];
        training.imageGradient(images, golden.batch());
        gradients.put(GoldenCase.GRADIENT + "images", images);
        weights.inFileLayout(training::readGradient).forEach((tensor, values) -> gradients.put(GoldenCase.GRADIENT + tensor, values));
        return gradients;
    }
}
