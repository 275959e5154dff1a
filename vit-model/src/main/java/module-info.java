/** The Vision Transformer on {@code vit.kernels}: model, weights, images. */
module vit.model {
    requires transitive vit.kernels;
    requires com.fasterxml.jackson.core;
    requires java.desktop;

    requires static jdk.management;

    exports vit.model;
    exports vit.model.image;

}
