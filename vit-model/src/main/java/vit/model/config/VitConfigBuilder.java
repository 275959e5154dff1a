package vit.model.config;

import java.util.List;
import vit.kernels.gelu.GeluKind;
import vit.kernels.patchembed.PatchOrder;
import vit.model.config.AttentionConfig.RelativePositions;
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
    private boolean keyBias = true; // if qkvBias
    private boolean outputBias = true;
    private boolean queryKeyNorm;
    private boolean attentionNorm;
    private RelativePositions relative = RelativePositions.NONE;
    private RotaryConfig rotary;
    private NormKind norm = NormKind.LAYER;
    private MlpConfig.Kind mlpKind = MlpConfig.Kind.GELU;
    private boolean mlpBias = true;
    private boolean mlpNorm;
    private Pooling pooling = Pooling.TOKEN;
    private FinalNorm finalNorm = FinalNorm.BEFORE_POOLING;
    private boolean classToken = true;
    private boolean distillationToken;
    private int registers;
    private Positions positions = Positions.LEARNED;
    private PatchOrder patchOrder = PatchOrder.CHANNEL_FIRST;
    private boolean patchBias = true;
    private boolean patchNorm;
    private int backboneWidth; // 0: no backbone
    private List<BackboneConfig.Stage> backboneStages = List.of();
    private int backboneGroups = 32;
    private boolean preNorm;
    private boolean layerScale;
    private boolean preLogits;
    private HeadConfig.Kind head = HeadConfig.Kind.CLASSIFIER;
    private boolean headBias = true;
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
        keyBias = c.block().attention().keyBias() || !c.qkvBias();
        outputBias = c.outputBias();
        queryKeyNorm = c.block().attention().queryKeyNorm();
        attentionNorm = c.block().attention().innerNorm();
        relative = c.block().attention().relative();
        rotary = c.block().attention().rotary();
        norm = c.block().norm();
        mlpKind = c.block().mlp().kind();
        mlpBias = c.block().mlp().bias();
        mlpNorm = c.block().mlp().innerNorm();
        pooling = c.pooling();
        finalNorm = c.finalNorm();
        classToken = c.classToken();
        distillationToken = c.distillationToken();
        registers = c.registers();
        positions = c.positions();
        patchOrder = c.patchOrder();
        patchBias = c.stem().patchBias();
        patchNorm = c.patchNorm();
        if (c.stem().backbone() != null) {
            backbone(c.stem().backbone().width(), c.stem().backbone().stages());
            backboneGroups = c.stem().backbone().groups();
        }
        preNorm = c.preNorm();
        layerScale = c.layerScale();
        preLogits = c.preLogits();
        head = c.head().kind();
        headBias = c.head().bias();
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

    /** Whether keys have a bias, if queries and values have one. */
    public VitConfigBuilder keyBias(boolean value) {
        keyBias = value;
        return this;
    }

    public VitConfigBuilder outputBias(boolean value) {
        outputBias = value;
        return this;
    }

    public VitConfigBuilder queryKeyNorm(boolean value) {
        queryKeyNorm = value;
        return this;
    }

    /** {@link AttentionConfig#innerNorm}. */
    public VitConfigBuilder attentionNorm(boolean value) {
        attentionNorm = value;
        return this;
    }

    public VitConfigBuilder relative(RelativePositions value) {
        relative = value;
        return this;
    }

    /** Null for none. */
    public VitConfigBuilder rotary(RotaryConfig value) {
        rotary = value;
        return this;
    }

    public VitConfigBuilder norm(NormKind value) {
        norm = value;
        return this;
    }

    public VitConfigBuilder mlpKind(MlpConfig.Kind value) {
        mlpKind = value;
        return this;
    }

    public VitConfigBuilder mlpBias(boolean value) {
        mlpBias = value;
        return this;
    }

    /** {@link MlpConfig#innerNorm}. */
    public VitConfigBuilder mlpNorm(boolean value) {
        mlpNorm = value;
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

    public VitConfigBuilder patchBias(boolean value) {
        patchBias = value;
        return this;
    }

    /** {@link VitConfig#preNorm}. */
    public VitConfigBuilder preNorm(boolean value) {
        preNorm = value;
        return this;
    }

    public VitConfigBuilder patchNorm(boolean value) {
        patchNorm = value;
        return this;
    }

    /** The width and the stages of a {@link BackboneConfig}; a width of 0 (the default) stands for no backbone. */
    public VitConfigBuilder backbone(int value, List<BackboneConfig.Stage> stages) {
        backboneWidth = value;
        backboneStages = List.copyOf(stages);
        return this;
    }

    /** The groups of the backbone's GroupNorms, if there is a backbone; 32 unless set. */
    public VitConfigBuilder backboneGroups(int value) {
        backboneGroups = value;
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

    public VitConfigBuilder head(HeadConfig.Kind value) {
        head = value;
        return this;
    }

    public VitConfigBuilder headBias(boolean value) {
        headBias = value;
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
        BackboneConfig backbone = backboneWidth == 0 ? null : new BackboneConfig(backboneWidth, backboneStages, backboneGroups);
        return new VitConfig(family,
                new StemConfig(imageHeight, imageWidth, channels, patch, patchOrder, patchBias, patchNorm, backbone),
                new TokensConfig(classToken, distillationToken, registers),
                positions, preNorm, width, depth,
                new BlockConfig(norm, layerNormEps,
                        new AttentionConfig(heads, headDim == 0 ? width / heads : headDim, qkvBias, qkvBias && keyBias, outputBias, queryKeyNorm,
                                attentionNorm, relative, rotary),
                        new MlpConfig((int) hidden, mlpKind, gelu, mlpBias, mlpNorm), layerScale),
                new PoolConfig(pooling, finalNorm),
                new HeadConfig(preLogits, head, classes, headBias, scores == null ? byClasses(classes) : scores));
    }
}
