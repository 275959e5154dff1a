package vit.model.weights.family;

import java.util.ArrayList;
import java.util.List;
import vit.kernels.tensor.Shape;
import vit.model.InputException;
import vit.model.config.BackboneConfig;
import vit.model.config.BackboneConfig.Bottleneck;
import vit.model.config.BackboneConfig.Stage;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameters;
import vit.model.weights.config.ConfigField;
import vit.model.weights.config.ConfigField.Backbone;

/** The tensors of a hybrid's convolutional network in a file: their names and their layout. Immutable. */
final class BackboneTensors {

    /** How a file orders the dimensions of a convolution's weight, and what it calls its parts. */
    private enum Layout {
        /** (out, in, height, width). */
        PYTORCH(".weight", ".weight", ".bias", ".conv", ".norm", Parameters.SHORTCUT, Parameters.SHORTCUT_NORM, 0, 1),
        /** (height, width, in, out). */
        JAX("/kernel", "/scale", "/bias", "/conv", "/gn", "/conv_proj", "/gn_proj", 3, 2);

        private final String weight;
        private final String scale;
        private final String bias;
        private final String convolution;
        private final String norm;
        private final String shortcut;
        private final String shortcutNorm;
        private final int outputs; // the dimension of the weight
        private final int inputs; // likewise

        Layout(String weight, String scale, String bias, String convolution, String norm, String shortcut, String shortcutNorm, int outputs, int inputs) {
            this.weight = weight;
            this.scale = scale;
            this.bias = bias;
            this.convolution = convolution;
            this.norm = norm;
            this.shortcut = shortcut;
            this.shortcutNorm = shortcutNorm;
            this.outputs = outputs;
            this.inputs = inputs;
        }
    }

    /** The name of a bottleneck, of which stage and number in the stage are counted from 0. */
    @FunctionalInterface
    private interface Bottlenecks {
        String name(int stage, int block);
    }

    private final Layout layout;
    private final String root;
    private final String rootNorm;
    private final Bottlenecks bottlenecks;

    private BackboneTensors(Layout layout, String root, String rootNorm, Bottlenecks bottlenecks) {
        this.layout = layout;
        this.root = root;
        this.rootNorm = rootNorm;
        this.bottlenecks = bottlenecks;
    }

    /** timm's names. A backbone without stages has no {@code stem.} in them. */
    static BackboneTensors timm(boolean stages) {
        String stem = Parameters.BACKBONE + (stages ? "stem." : "");
        return new BackboneTensors(Layout.PYTORCH, stem + "conv", stem + "norm", (stage, block) -> Parameters.BACKBONE + "stages." + stage + ".blocks." + block);
    }

    /** transformers' names after {@code prefix}, which ends before {@code backbone.}. */
    static BackboneTensors huggingFace(String prefix) {
        String bit = prefix + "backbone.bit.";
        return new BackboneTensors(Layout.PYTORCH, bit + "embedder.convolution", bit + "embedder.norm",
                (stage, block) -> bit + "encoder.stages." + stage + ".layers." + block);
    }

    /** The names of Google's files, after {@code prefix}. */
    static BackboneTensors jax(String prefix) {
        return new BackboneTensors(Layout.JAX, prefix + "conv_root", prefix + "gn_root", (stage, block) -> prefix + "block" + (stage + 1) + "/unit" + (block + 1));
    }

    /** Whether a file has them. */
    boolean isIn(TensorDirectory tensors) {
        return tensors.has(root + layout.weight);
    }

    private String weight(int stage, int block, int convolution) {
        return bottlenecks.name(stage, block) + layout.convolution + convolution + layout.weight;
    }

    /** Tells the image's channels and the backbone; if there is none, only that. */
    void infer(Inference into) throws InputException {
        TensorDirectory tensors = into.tensors();
        String name = root + layout.weight;
        if (!isIn(tensors)) {
            into.tell(ConfigField.BACKBONE, Backbone.NONE, name);
            return;
        }
        Shape shape = tensors.require(name, 4);
        into.tell(ConfigField.CHANNELS, shape.dimension(layout.inputs), name);
        List<Stage> stages = new ArrayList<>();
        while (stages.size() < BackboneConfig.MOST_STAGES && tensors.has(weight(stages.size(), 0, 1))) {
            int blocks = 1;
            while (blocks < BackboneConfig.MOST_BLOCKS && tensors.has(weight(stages.size(), blocks, 1))) {
                blocks++;
            }
            stages.add(new Stage(blocks, outputs(tensors, weight(stages.size(), 0, 3))));
        }
        into.tell(ConfigField.BACKBONE, new Backbone(outputs(tensors, name), List.copyOf(stages)), name);
    }

    private int outputs(TensorDirectory tensors, String weight) throws InputException {
        return tensors.require(weight, 4).dimension(layout.outputs);
    }

    /** The place of every parameter of the backbone; none if {@code config} has no backbone. */
    List<TensorView> views(VitConfig config, Parameters parameters, TensorDirectory tensors) {
        List<TensorView> views = new ArrayList<>();
        BackboneConfig backbone = config.stem().backbone();
        if (backbone == null) {
            return views;
        }
        convolution(views, root, Parameters.ROOT, parameters);
        norm(views, rootNorm, Parameters.ROOT_NORM, parameters, tensors);
        for (Bottleneck b : backbone.bottlenecks()) {
            String canonical = Parameters.BACKBONE + b.name();
            String name = bottlenecks.name(b.stage(), b.block());
            if (b.first()) {
                convolution(views, name + layout.shortcut, canonical + Parameters.SHORTCUT, parameters);
                norm(views, name + layout.shortcutNorm, canonical + Parameters.SHORTCUT_NORM, parameters, tensors);
            }
            for (int r = 1; r <= 3; r++) {
                convolution(views, name + layout.convolution + r, canonical + ".conv" + r, parameters);
                norm(views, name + layout.norm + r, canonical + ".norm" + r, parameters, tensors);
            }
        }
        return views;
    }

    private void convolution(List<TensorView> views, String name, String canonical, Parameters parameters) {
        views.add(weight(name + layout.weight, parameters.find(canonical + ".weight")));
    }

    /** The place of a convolution's weight, whose parameter is (out, height, width, in). */
    TensorView weight(String name, Parameter parameter) {
        int out = parameter.shape().dimension(0);
        int height = parameter.shape().dimension(1);
        int width = parameter.shape().dimension(2);
        int in = parameter.shape().dimension(3);
        return layout == Layout.JAX
                ? TensorView.strided(name, Shape.of(height, width, in, out), parameter.name(), 0, width * in, in, 1, height * width * in)
                : TensorView.strided(name, Shape.of(out, in, height, width), parameter.name(), 0, height * width * in, 1, width * in, in);
    }

    private void norm(List<TensorView> views, String name, String canonical, Parameters parameters, TensorDirectory tensors) {
        views.add(vector(name + layout.scale, parameters.find(canonical + ".weight"), tensors));
        views.add(vector(name + layout.bias, parameters.find(canonical + ".bias"), tensors));
    }

    /** Google's files have these vectors as (1, 1, 1, C), some as (C). */
    private TensorView vector(String name, Parameter parameter, TensorDirectory tensors) {
        boolean flat = layout == Layout.PYTORCH || tensors.has(name) && tensors.find(name).rank() == 1;
        return TensorView.whole(name, flat ? parameter.shape() : Shape.of(1, 1, 1, parameter.shape().dimension(0)), parameter);
    }
}
