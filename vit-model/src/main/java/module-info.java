/** The Vision Transformer on {@code vit.kernels}: model, weights, images. */
module vit.model {
    requires transitive vit.kernels;
    requires com.fasterxml.jackson.core;
    requires java.desktop;
    requires jdk.jfr;

    // For the command line only.
    requires static info.picocli;
    requires static me.tongfei.progressbar;
    requires static java.logging;
    requires static jdk.management;

    // For vit serve only.
    requires static org.eclipse.jetty.server;
    requires static HdrHistogram;

    // Each for the package of the same name only.
    requires static langchain4j.core;
    requires static micrometer.core;

    exports vit.model;
    exports vit.model.config;
    exports vit.model.evaluate;
    exports vit.model.evaluate.plot;
    exports vit.model.image;
    exports vit.model.image.format;
    exports vit.model.langchain4j;
    exports vit.model.micrometer;
    exports vit.model.onnx;
    exports vit.model.plot;
    exports vit.model.parameters;
    exports vit.model.positions;
    exports vit.model.service;
    exports vit.model.shapes;
    exports vit.model.train;
    exports vit.model.train.augment;
    exports vit.model.train.data;
    exports vit.model.visualise;
    exports vit.model.weights;
    exports vit.model.weights.format;

    opens vit.model.cli to info.picocli;
}
