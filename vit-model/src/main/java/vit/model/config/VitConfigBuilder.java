package vit.model.config;

import vit.kernels.gelu.GeluKind;
import vit.kernels.patchembed.PatchOrder;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;

/**
 * Builds a {@link VitConfig} from flat values, which the components of its records describe. Every setter returns the builder; {@link #build} checks the
 * values. For one thread.
 */
public final class VitConfigBuilder {
    private String family = "timm";
    private int imageHeight = 224;
    private int imageWidth = 224;
    private int patch = 16;
    private int channels = 3;
    private int width = 768;
    private int depth = 12;
    private int heads = 12;
    private int headDim; // 0: width / heads
    private int mlp; // 0: 4 · width
    private int classes = 1000;
    private double layerNormEps = 1e-6;
    private GeluKind gelu = GeluKind.ERF;
    private boolean qkvBias = true;
    private boolean outputBias = true;
    private Pooling pooling = Pooling.TOKEN;
    private FinalNorm finalNorm = FinalNorm.BEFORE_POOLING;
    private boolean classToken = true;
    private boolean distillationToken;
    private int registers;
    private Positions positions = Positions.LEARNED;
    private PatchOrder patchOrder = PatchOrder.CHANNEL_FIRST;
    private boolean patchNorm;
    private boolean layerScale;
    private boolean preLogits;
    private Scores scores; // null: by the number of classes

    VitConfigBuilder() {}

    VitConfigBuilder(VitConfig c) {
        family = c.family();
        imageHeight = c.imageHeight();
        imageWidth = c.imageWidth();
        patch = c.patch();
        channels = c.channels();
        width = c.width();
        depth = c.depth();
        heads = c.heads();
        headDim = c.headDim();
        mlp = c.mlp();
        classes = c.classes();
        layerNormEps = c.layerNormEps();
        gelu = c.gelu();
        qkvBias = c.qkvBias();
        outputBias = c.outputBias();
        pooling = c.pooling();
        finalNorm = c.finalNorm();
        classToken = c.classToken();
        distillationToken = c.distillationToken();
        registers = c.registers();
        positions = c.positions();
        patchOrder = c.patchOrder();
        patchNorm = c.patchNorm();
        layerScale = c.layerScale();
        preLogits = c.preLogits();
        scores = c.scores() == byClasses(c.classes()) ? null : c.scores();
    }

    public VitConfigBuilder family(String value) {
        family = value;
        return this;
    }

    /** Height and width in pixels. */
    public VitConfigBuilder image(int height, int width) {
        imageHeight = height;
        imageWidth = width;
        return this;
    }

    public VitConfigBuilder patch(int value) {
        patch = value;
        return this;
    }

    public VitConfigBuilder channels(int value) {
        channels = value;
        return this;
    }

    public VitConfigBuilder width(int value) {
        width = value;
        return this;
    }

    public VitConfigBuilder depth(int value) {
        depth = value;
        return this;
    }

    public VitConfigBuilder heads(int value) {
        heads = value;
        return this;
    }

    /** 0 (the default) stands for width / heads. */
    public VitConfigBuilder headDim(int value) {
        headDim = value;
        return this;
    }

    /** 0 (the default) stands for 4 · width. */
    public VitConfigBuilder mlp(int value) {
        mlp = value;
        return this;
    }

    public VitConfigBuilder classes(int value) {
        classes = value;
        return this;
    }

    public VitConfigBuilder layerNormEps(double value) {
        layerNormEps = value;
        return this;
    }

    public VitConfigBuilder gelu(GeluKind value) {
        gelu = value;
        return this;
    }

    public VitConfigBuilder qkvBias(boolean value) {
        qkvBias = value;
        return this;
    }

    public VitConfigBuilder outputBias(boolean value) {
        outputBias = value;
        return this;
    }

    public VitConfigBuilder pooling(Pooling value) {
        pooling = value;
        return this;
    }

    public VitConfigBuilder finalNorm(FinalNorm value) {
        finalNorm = value;
        return this;
    }

    public VitConfigBuilder classToken(boolean value) {
        classToken = value;
        return this;
    }

    public VitConfigBuilder distillationToken(boolean value) {
        distillationToken = value;
        return this;
    }

    public VitConfigBuilder registers(int value) {
        registers = value;
        return this;
    }

    public VitConfigBuilder positions(Positions value) {
        positions = value;
        return this;
    }

    public VitConfigBuilder patchOrder(PatchOrder value) {
        patchOrder = value;
        return this;
    }

    public VitConfigBuilder patchNorm(boolean value) {
        patchNorm = value;
        return this;
    }

    public VitConfigBuilder layerScale(boolean value) {
        layerScale = value;
        return this;
    }

    public VitConfigBuilder preLogits(boolean value) {
        preLogits = value;
        return this;
    }

    /** What turns logits into scores; null (the default) stands for the sigmoid if there is one class, else the softmax. */
    public VitConfigBuilder scores(Scores value) {
        scores = value;
        return this;
    }

    private static Scores byClasses(int classes) {
        return classes == 1 ? Scores.SIGMOID : Scores.SOFTMAX;
    }

    /**
     * The configuration.
     *
     * @throws IllegalArgumentException with the field and the rule, if the values do not make a model
     */
    public VitConfig build() {
        if (headDim == 0 && (heads < 1 || width % heads != 0)) {
            throw new IllegalArgumentException("width " + width + " is not divisible by " + heads + " heads, and no head_dim is given");
        }
        long hidden = mlp == 0 ? 4L * width : mlp;
        if (hidden > Dimensions.MOST) {
            throw new IllegalArgumentException("mlp " + hidden + " is not in 1 … " + Dimensions.MOST);
        }
        return new VitConfig(family,
                new StemConfig(imageHeight, imageWidth, channels, patch, patchOrder, patchNorm),
                new TokensConfig(classToken, distillationToken, registers),
                positions, width, depth,
                new BlockConfig(layerNormEps,
                        new AttentionConfig(heads, headDim == 0 ? width / heads : headDim, qkvBias, outputBias),
                        new MlpConfig((int) hidden, gelu), layerScale),
                new PoolConfig(pooling, finalNorm),
                new HeadConfig(preLogits, classes, scores == null ? byClasses(classes) : scores));
    }
}
