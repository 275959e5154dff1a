/** The Vision Transformer on {@code vit.kernels}: model, weights, images. */
module vit.model {
    requires transitive vit.kernels;
    requires com.fasterxml.jackson.core;
    requires java.desktop;

    // For the command line only.
    requires static info.picocli;
    requires static jdk.management;

    exports vit.model;
    exports vit.model.image;
    exports vit.model.train;

    opens vit.model.cli to info.picocli;
}
