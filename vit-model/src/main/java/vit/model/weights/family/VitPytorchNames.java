package vit.model.weights.family;

import java.util.Map;
import vit.model.parameters.Parameters;

/**
 * The names in one file of vit-pytorch for the layers that its versions name differently. Until 2023 the parts of a block were inside
 * a wrapper ({@code fn}), and before 0.8 inside two ({@code fn.fn}); the final norm was the first layer of the head. Until the
 * end of 2022 patches were not normalised.
 *
 * @param projection      the patch projection
 * @param attentionNorm   in block i, after {@code transformer.layers.i.}
 * @param qkv             likewise
 * @param attentionOutput likewise
 * @param mlpNorm         likewise
 * @param fc1             likewise
 * @param fc2             likewise
 * @param finalNorm       the final norm
 * @param head            the head
 */
record VitPytorchNames(String projection, String attentionNorm, String qkv, String attentionOutput, String mlpNorm, String fc1, String fc2,
        String finalNorm, String head) {

    static final String BLOCKS = "transformer.layers.";

    private static final String PROJECTION = "to_patch_embedding.2";
    private static final String PROJECTION_WITHOUT_NORM = "to_patch_embedding.1";
    private static final String FINAL_NORM = "transformer.norm";

    /**
     * The names of one file.
     *
     * @param tensors those of the file; an empty directory stands for the names of the present version
     * @param head    {@code mlp_head} or {@code linear_head}
     * @param output  the present name of attention's output
     * @param fc2     the present name of the MLP's second layer
     */
    static VitPytorchNames of(TensorDirectory tensors, String head, String output, String fc2) {
        String attention = tensors.has(BLOCKS + "0.0.fn.fn.to_qkv.weight") ? "0.fn.fn." : tensors.has(BLOCKS + "0.0.fn.to_qkv.weight") ? "0.fn." : "0.";
        boolean wrapped = !attention.equals("0.");
        String norm = attention.equals("0.fn.fn.") ? ".fn.norm" : ".norm";
        String mlp = "1" + attention.substring(1) + "net.";
        boolean normInHead = !tensors.has(FINAL_NORM + ".weight") && isNorm(tensors, head + ".0");
        return new VitPytorchNames(tensors.isMatrix(PROJECTION_WITHOUT_NORM + ".weight") ? PROJECTION_WITHOUT_NORM : PROJECTION,
                "0" + norm, attention + "to_qkv", attention + output, wrapped ? "1" + norm : mlp + "0", mlp + (wrapped ? "0" : "1"), wrapped ? mlp + "3" : mlp + fc2,
                normInHead ? head + ".0" : FINAL_NORM, normInHead ? head + ".1" : tensors.linearLayer(head));
    }

    private static boolean isNorm(TensorDirectory tensors, String layer) {
        return tensors.has(layer + ".weight") && tensors.find(layer + ".weight").rank() == 1;
    }

    /** The weights of the patch projection, of which a file has one. */
    static String[] projections() {
        return new String[] {PROJECTION + ".weight", PROJECTION_WITHOUT_NORM + ".weight"};
    }

    boolean patchNorm() {
        return projection.equals(PROJECTION);
    }

    boolean normAfterPooling() {
        return !finalNorm.equals(FINAL_NORM);
    }

    /** A tensor of block 0. */
    String first(String layer, String kind) {
        return BLOCKS + "0." + layer + kind;
    }

    /** The layers of a block, from canonical names to the file's. */
    Map<String, String> layers() {
        return Map.of(Parameters.NORM_1, attentionNorm, Parameters.QKV, qkv, Parameters.ATTENTION_OUTPUT, attentionOutput,
                Parameters.NORM_2, mlpNorm, Parameters.FC1, fc1, Parameters.FC2, fc2);
    }
}
