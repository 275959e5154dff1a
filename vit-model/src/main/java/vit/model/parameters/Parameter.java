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
