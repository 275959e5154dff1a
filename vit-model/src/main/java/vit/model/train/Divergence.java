package vit.model.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import vit.kernels.tensor.Tensor;
import vit.model.VitTraining;
import vit.model.config.VitConfig;
import vit.model.parameters.NonFiniteWeights;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameters;

/** Finds out in which layer numbers stopped being finite. For one thread. */
final class Divergence {

    private final VitTraining training;
    private final VitConfig config;
    private String stage; // the first with a non-finite token
    private float value;
    private int image;
    private int stages; // how many have been shown

    Divergence(VitTraining training) {
        this.training = training;
        this.config = training.config();
    }

    /** Examines the tokens of the first {@code batch} images after a stage. */
    private void look(String name, Tensor tokens, int batch) {
        int each = training.tokenMerging().tokens(config)[stages++];
        if (stage != null) {
            return;
        }
        for (int row = 0; row < batch * each; row++) {
            for (int c = 0; c < config.width(); c++) {
                float found = tokens.get(row, c);
                if (!Float.isFinite(found)) {
                    stage = name;
                    value = found;
                    image = row / each;
                    return;
                }
            }
        }
    }

    /** Runs the forward pass of these images again and describes where it goes wrong. Overwrites the gradients. */
    String inForward(float[] images, float[] targets, int[] labels, int batch) {
        int elements = config.channels() * config.imageHeight() * config.imageWidth();
        for (int i = 0; i < batch * elements; i++) {
            if (!Float.isFinite(images[i])) {
                return "image " + i / elements + " of the batch holds " + images[i] + " before the first layer";
            }
        }
        if (targets == null) {
            training.accumulate(images, labels, batch, 0, (name, tokens) -> look(name, tokens, batch));
        } else {
            training.accumulate(images, targets, batch, 0, (name, tokens) -> look(name, tokens, batch));
        }
        if (stage == null) {
            return "the first bad layer is the head" + weightsOf(Parameters.HEAD, Parameters.finalNorm(config));
        }
        if (stage.equals("stage.tokens")) {
            return "the first bad layer is the patch embedding (" + stage + "): " + value + " in image " + image + " of the batch"
                    + weightsOf("patch_embed", Parameters.POSITIONS, Parameters.POSITIONS_X, Parameters.POSITIONS_Y, Parameters.CLASS_TOKEN,
                            Parameters.REGISTER_TOKENS);
        }
        String block = "blocks." + stage.substring("stage.block.".length());
        return "the first bad layer is " + block + " (" + stage + "): " + value + " in image " + image + " of the batch" + weightsOf(block);
    }

    /** Describes which gradient is not finite: the one nearest to the loss, which is where the backward pass met it first. */
    String inBackward() {
        String found = "no gradient is bad by itself; their sum of squares is too large";
        for (Parameter parameter : training.parameters().list()) {
            float[] values = new float[Math.toIntExact(parameter.shape().size())];
            training.readGradient(parameter, values);
            for (float gradient : values) {
                if (!Float.isFinite(gradient)) {
                    found = "the forward pass is finite; the first bad layer of the backward pass is " + layer(parameter.name()) + ": the gradient of its "
                            + parameter.name() + " holds " + gradient;
                    break;
                }
            }
        }
        return found;
    }

    /** The block to which a parameter belongs, or its layer if it is outside the blocks. */
    private static String layer(String name) {
        int end = name.startsWith("blocks.") ? name.indexOf('.', "blocks.".length()) : name.lastIndexOf('.');
        return end < 0 ? name : name.substring(0, end);
    }

    /** Whether a weight of one of these layers is itself not finite. */
    private String weightsOf(String... layers) {
        try {
            return NonFiniteWeights.of(training, layers).map(weight -> "; its " + weight).orElse("; its weights are finite");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
