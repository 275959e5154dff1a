/** The Vision Transformer on {@code vit.kernels}: model, weights, images. */
module vit.model {
    requires transitive vit.kernels;

    exports vit.model;
}
