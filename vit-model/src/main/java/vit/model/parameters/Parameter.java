package vit.model.parameters;

import vit.kernels.tensor.Shape;

/**
 * One learned tensor of the model. Its canonical name is timm's, if timm has such a tensor. Immutable.
 *
 * @param name  for example {@code blocks.3.attn.qkv.weight}
 * @param shape its shape in PyTorch's layout: a linear weight is (out, in)
 * @param kind  what it is used for
 */
public record Parameter(String name, Shape shape, Kind kind) {

    /** What a parameter is used for. It decides packing, initialisation and weight decay. */
    public enum Kind {
        /** Weight of a linear layer, (out, in); packed for the GEMM when loaded. */
        LINEAR_WEIGHT,
        /** Weight of the patch projection: (C, channels, patch, patch), (C, patch elements), or (C, patch, patch, channels) behind a backbone; a linear layer as well. */
        PATCH_WEIGHT,
        /** Weight of a backbone's convolution, (out, height, width, in); a linear layer over windows, and standardised before it is used. */
        CONVOLUTION_WEIGHT,
        BIAS,
        NORM_WEIGHT,
        NORM_BIAS,
        /** Class, distillation, register token. */
        TOKEN,
        /** Positions, (1, tokens, C); or those of one axis of the grid, (1, columns or rows, C/2). */
        POSITION,
        /** Relative position biases, (offsets, heads). */
        RELATIVE_POSITION,
        /** The learned query of a pooling by attention, (1, 1, C). */
        QUERY,
        LAYER_SCALE
    }

    /** In which part of the model a parameter is, in the order of the forward pass. */
    public enum Place {
        /** Before the blocks: patches, prefix tokens, positions, and a table of relative positions that all blocks share. */
        STEM,
        BLOCK,
        /** Between the blocks and the head: the final norm, a pooling by attention, a pre-logits layer. */
        POOL,
        /** The last layer, or both of a model with a distillation token. */
        HEAD
    }

    private static final String BLOCKS = "blocks.";

    /** In which part of the model it is. */
    public Place place() {
        if (name.startsWith(BLOCKS)) {
            return Place.BLOCK;
        }
        if (name.startsWith(Parameters.HEAD + ".") || name.startsWith(Parameters.DISTILLATION_HEAD + ".")) {
            return Place.HEAD;
        }
        boolean stem = kind == Kind.TOKEN || kind == Kind.POSITION || kind == Kind.RELATIVE_POSITION || name.startsWith("patch_embed.")
                || name.startsWith(Parameters.PRE_NORM + ".");
        return stem ? Place.STEM : Place.POOL;
    }

    /** The number of its block, from 0; −1 if it is in none. */
    public int block() {
        return place() == Place.BLOCK ? Integer.parseInt(name.substring(BLOCKS.length(), name.indexOf('.', BLOCKS.length()))) : -1;
    }

    /** For matrices: their rows. */
    public int out() {
        return shape.dimension(0);
    }

    /** For matrices: their columns. */
    public int in() {
        return out() == 0 ? 0 : Math.toIntExact(shape.size() / out());
    }

    /** Whether this is the weight matrix of a linear layer, the patch projection and convolutions included. */
    public boolean isMatrix() {
        return kind == Kind.LINEAR_WEIGHT || kind == Kind.PATCH_WEIGHT || kind == Kind.CONVOLUTION_WEIGHT;
    }
}
