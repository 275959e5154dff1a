package vit.model.weights.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Collectors;
import vit.kernels.gelu.GeluKind;
import vit.kernels.patchembed.PatchOrder;
import vit.model.InputException;
import vit.model.config.AttentionConfig.RelativePositions;
import vit.model.config.BackboneConfig;
import vit.model.config.HeadConfig;
import vit.model.config.MlpConfig;
import vit.model.config.NormKind;
import vit.model.config.RotaryConfig;
import vit.model.config.RotaryConfig.Scheme;
import vit.model.config.Scores;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;
import vit.model.config.VitConfigBuilder;
import vit.model.json.JsonArray;
import vit.model.json.JsonKind;
import vit.model.json.JsonValue;
import vit.model.json.Relaxed;

/**
 * A field of a configuration: its name in our own form, how its value is read and written, and the component of
 * {@link VitConfig} that it stands for. A new component needs one line here.
 *
 * @param <T> the type of its values
 */
public final class ConfigField<T> {

    /** Height and width of the image in pixels. */
    public record ImageSize(int height, int width) {
        @Override
        public String toString() {
            return height + "×" + width;
        }
    }

    /**
     * Rotary positions: the word {@code none}, or {@code [scheme, theta, reference height, reference width]}.
     *
     * @param config null for none
     */
    public record Rotary(RotaryConfig config) {

        private static final String NONE = "none";

        private static Rotary parse(JsonValue value) throws InputException {
            if (value.kind() != JsonKind.ARRAY) {
                choose(value, Map.of(NONE, NONE));
                return new Rotary(null);
            }
            JsonArray parts = value.array();
            if (parts.size() != 4) {
                throw value.fault().expected("[scheme, theta, height, width]").found(parts.size() + " values").because("the rotary positions are not complete");
            }
            Scheme scheme = choose(parts.get(0), Map.of("dinov3", Scheme.DINOV3, "eva", Scheme.EVA));
            double theta = Relaxed.number(parts.get(1));
            if (!(theta > 0)) {
                throw parts.get(1).fault().expected("above 0").found(theta).because("the value is too small");
            }
            return new Rotary(new RotaryConfig(scheme, theta, atLeast(1, parts.get(2)), atLeast(1, parts.get(3))));
        }

        private Object written() {
            return config == null ? NONE : List.of(config.scheme().name().toLowerCase(Locale.ROOT), config.theta(), config.referenceHeight(),
                    config.referenceWidth());
        }
    }

    /**
     * The convolutional network of a hybrid: the word {@code none}, or {@code [width, [bottlenecks, channels], …]} with a pair for each stage.
     *
     * @param width  0 for none
     * @param stages the stages, in order
     */
    public record Backbone(int width, List<BackboneConfig.Stage> stages) {

        /** No backbone. */
        public static final Backbone NONE = new Backbone(0, List.of());

        private static Backbone of(BackboneConfig config) {
            return config == null ? NONE : new Backbone(config.width(), config.stages());
        }

        private static Backbone parse(JsonValue value) throws InputException {
            if (value.kind() != JsonKind.ARRAY) {
                choose(value, Map.of(Rotary.NONE, NONE));
                return NONE;
            }
            JsonArray parts = value.array();
            if (parts.size() == 0) {
                throw value.fault().expected("[width, [bottlenecks, channels], …]").found("no values").because("the backbone is not complete");
            }
            if (parts.size() > 1 + BackboneConfig.MOST_STAGES) {
                throw value.fault().expected("at most " + BackboneConfig.MOST_STAGES + " stages").found(parts.size() - 1).because("the backbone is too deep");
            }
            List<BackboneConfig.Stage> stages = new ArrayList<>();
            for (int i = 1; i < parts.size(); i++) {
                JsonArray stage = parts.get(i).array();
                if (stage.size() != 2) {
                    throw parts.get(i).fault().expected("[bottlenecks, channels]").found(stage.size() + " values").because("the stage is not a pair");
                }
                stages.add(stage(parts.get(i), atLeast(1, stage.get(0)), atLeast(1, stage.get(1))));
            }
            return new Backbone(atLeast(1, parts.get(0)), List.copyOf(stages));
        }

        /** A stage, whose numbers are stated in {@code origin}. */
        static BackboneConfig.Stage stage(JsonValue origin, int blocks, int channels) throws InputException {
            try {
                return new BackboneConfig.Stage(blocks, channels);
            } catch (IllegalArgumentException e) {
                throw origin.fault().expected("a stage of a backbone").found(e.getMessage()).because("the stage is impossible");
            }
        }

        /** Pixels of the image's side for one of what is cut into patches. */
        public int stride() {
            return width == 0 ? 1 : BackboneConfig.stride(stages.size());
        }

        private Object written() {
            if (width == 0) {
                return Rotary.NONE;
            }
            List<Object> parts = new ArrayList<>(List.of(width));
            stages.forEach(stage -> parts.add(new int[] {stage.blocks(), stage.channels()}));
            return parts;
        }

        @Override
        public String toString() {
            return width == 0 ? Rotary.NONE : "[" + width + stages.stream().map(stage -> ", [" + stage.blocks() + ", " + stage.channels() + "]").collect(Collectors.joining()) + "]";
        }
    }

    /** Reads a value of the field. */
    @FunctionalInterface
    private interface Parser<T> {
        T parse(JsonValue value) throws InputException;
    }

    private static final Map<String, GeluKind> GELUS = Map.of("erf", GeluKind.ERF, "tanh", GeluKind.TANH, "quick", GeluKind.QUICK);
    private static final Map<String, Pooling> POOLINGS = new LinkedHashMap<>(); // if two words mean the same, the first is written

    static {
        POOLINGS.put("token", Pooling.TOKEN);
        POOLINGS.put("cls", Pooling.TOKEN);
        POOLINGS.put("avg", Pooling.PATCH_MEAN);
        POOLINGS.put("gap", Pooling.PATCH_MEAN);
        POOLINGS.put("mean", Pooling.ALL_MEAN);
        POOLINGS.put("token_avg", Pooling.TOKEN_AND_PATCH_MEAN);
        POOLINGS.put("max", Pooling.PATCH_MAX);
        POOLINGS.put("all_max", Pooling.ALL_MAX);
        POOLINGS.put("avgmax", Pooling.PATCH_MEAN_MAX);
        POOLINGS.put("all_avgmax", Pooling.ALL_MEAN_MAX);
        POOLINGS.put("map", Pooling.PATCH_ATTENTION);
        POOLINGS.put("all_map", Pooling.ALL_ATTENTION);
    }

    private static final Map<String, FinalNorm> NORMS = Map.of("before_pooling", FinalNorm.BEFORE_POOLING, "after_pooling", FinalNorm.AFTER_POOLING,
            "none", FinalNorm.NONE);
    private static final Map<String, Positions> POSITION_SCHEMES = Map.of("learned", Positions.LEARNED, "learned_patches", Positions.LEARNED_PATCHES,
            "learned_class_and_patches", Positions.LEARNED_CLASS_AND_PATCHES, "axes", Positions.LEARNED_AXES, "sincos2d", Positions.SINCOS_2D,
            "sincos1d", Positions.SINCOS_1D, "none", Positions.NONE);
    private static final Map<String, NormKind> NORM_KINDS = Map.of("layer", NormKind.LAYER, "rms", NormKind.RMS);
    private static final Map<String, MlpConfig.Kind> MLP_KINDS = Map.of("gelu", MlpConfig.Kind.GELU, "swiglu", MlpConfig.Kind.SWIGLU);
    private static final Map<String, RelativePositions> RELATIVE = Map.of("none", RelativePositions.NONE, "by_block", RelativePositions.BY_BLOCK,
            "shared", RelativePositions.SHARED);
    private static final Map<String, HeadConfig.Kind> HEAD_KINDS = Map.of("classifier", HeadConfig.Kind.CLASSIFIER, "projection", HeadConfig.Kind.PROJECTION);
    private static final Map<String, Scores> SCORE_KINDS = Map.of("softmax", Scores.SOFTMAX, "sigmoid", Scores.SIGMOID);
    private static final Map<String, PatchOrder> ORDERS = Map.of("channel_first", PatchOrder.CHANNEL_FIRST, "channel_last", PatchOrder.CHANNEL_LAST);

    public static final ConfigField<ImageSize> IMAGE = new ConfigField<>("image", ConfigField::imageSize,
            size -> new int[] {size.height, size.width}, (b, size) -> b.image(size.height, size.width),
            c -> new ImageSize(c.imageHeight(), c.imageWidth()));
    public static final ConfigField<Integer> PATCH = new ConfigField<>("patch", ConfigField::patchSide, side -> side,
            VitConfigBuilder::patch, VitConfig::patch);
    public static final ConfigField<Integer> CHANNELS = count("channels", 1, VitConfigBuilder::channels, VitConfig::channels);
    public static final ConfigField<Integer> WIDTH = count("width", 1, VitConfigBuilder::width, VitConfig::width);
    public static final ConfigField<Integer> DEPTH = count("depth", 0, VitConfigBuilder::depth, VitConfig::depth);
    public static final ConfigField<Integer> HEADS = count("heads", 1, VitConfigBuilder::heads, VitConfig::heads);
    public static final ConfigField<Integer> HEAD_DIM = count("head_dim", 1, VitConfigBuilder::headDim, VitConfig::headDim);
    public static final ConfigField<Integer> MLP = count("mlp", 1, VitConfigBuilder::mlp, VitConfig::mlp);
    public static final ConfigField<Integer> CLASSES = count("classes", 0, VitConfigBuilder::classes, VitConfig::classes);
    public static final ConfigField<Double> LAYER_NORM_EPS = new ConfigField<>("layer_norm_eps", Relaxed::number, eps -> eps,
            VitConfigBuilder::layerNormEps, VitConfig::layerNormEps);
    public static final ConfigField<GeluKind> GELU = word("gelu", GELUS, VitConfigBuilder::gelu, VitConfig::gelu);
    public static final ConfigField<Pooling> POOL = word("pool", POOLINGS, VitConfigBuilder::pooling, VitConfig::pooling);
    public static final ConfigField<FinalNorm> FINAL_NORM = word("final_norm", NORMS, VitConfigBuilder::finalNorm, VitConfig::finalNorm);
    public static final ConfigField<Boolean> QKV_BIAS = flag("qkv_bias", VitConfigBuilder::qkvBias, VitConfig::qkvBias);
    public static final ConfigField<Boolean> OUTPUT_BIAS = flag("output_bias", VitConfigBuilder::outputBias, VitConfig::outputBias);
    public static final ConfigField<Boolean> CLASS_TOKEN = flag("class_token", VitConfigBuilder::classToken, VitConfig::classToken);
    public static final ConfigField<Boolean> DISTILLATION_TOKEN =
            flag("distillation_token", VitConfigBuilder::distillationToken, VitConfig::distillationToken);
    public static final ConfigField<Integer> REGISTERS = count("registers", 0, VitConfigBuilder::registers, VitConfig::registers);
    public static final ConfigField<Positions> POSITIONS = word("positions", POSITION_SCHEMES, VitConfigBuilder::positions, VitConfig::positions);
    public static final ConfigField<PatchOrder> PATCH_ORDER = word("patch_order", ORDERS, VitConfigBuilder::patchOrder, VitConfig::patchOrder);
    public static final ConfigField<Boolean> PATCH_NORM = flag("patch_norm", VitConfigBuilder::patchNorm, VitConfig::patchNorm);
    public static final ConfigField<Boolean> LAYER_SCALE = flag("layer_scale", VitConfigBuilder::layerScale, VitConfig::layerScale);
    public static final ConfigField<Boolean> PRE_LOGITS = flag("pre_logits", VitConfigBuilder::preLogits, VitConfig::preLogits);
    public static final ConfigField<Scores> SCORES = word("scores", SCORE_KINDS, VitConfigBuilder::scores, VitConfig::scores);

    public static final ConfigField<Boolean> PATCH_BIAS = flag("patch_bias", VitConfigBuilder::patchBias, c -> c.stem().patchBias());
    public static final ConfigField<Boolean> PRE_NORM = flag("pre_norm", VitConfigBuilder::preNorm, VitConfig::preNorm);
    public static final ConfigField<NormKind> NORM = word("norm", NORM_KINDS, VitConfigBuilder::norm, c -> c.block().norm());
    public static final ConfigField<Boolean> KEY_BIAS = flag("key_bias", VitConfigBuilder::keyBias, c -> c.block().attention().keyBias() || !c.qkvBias());
    public static final ConfigField<Boolean> QK_NORM = flag("qk_norm", VitConfigBuilder::queryKeyNorm, c -> c.block().attention().queryKeyNorm());
    public static final ConfigField<Boolean> ATTENTION_NORM =
            flag("attention_norm", VitConfigBuilder::attentionNorm, c -> c.block().attention().innerNorm());
    public static final ConfigField<RelativePositions> RELATIVE_POSITIONS =
            word("relative_positions", RELATIVE, VitConfigBuilder::relative, c -> c.block().attention().relative());
    public static final ConfigField<Rotary> ROTARY = new ConfigField<>("rotary", Rotary::parse, Rotary::written,
            (b, rotary) -> b.rotary(rotary.config()), c -> new Rotary(c.block().attention().rotary()));
    public static final ConfigField<MlpConfig.Kind> MLP_KIND = word("mlp_kind", MLP_KINDS, VitConfigBuilder::mlpKind, c -> c.block().mlp().kind());
    public static final ConfigField<Boolean> MLP_BIAS = flag("mlp_bias", VitConfigBuilder::mlpBias, c -> c.block().mlp().bias());
    public static final ConfigField<Boolean> MLP_NORM = flag("mlp_norm", VitConfigBuilder::mlpNorm, c -> c.block().mlp().innerNorm());
    public static final ConfigField<Backbone> BACKBONE = new ConfigField<>("backbone", Backbone::parse, Backbone::written,
            (b, backbone) -> b.backbone(backbone.width, backbone.stages), c -> Backbone.of(c.stem().backbone()));
    public static final ConfigField<Integer> BACKBONE_GROUPS = count("backbone_groups", 1, VitConfigBuilder::backboneGroups,
            c -> c.stem().backbone() == null ? 32 : c.stem().backbone().groups());
    public static final ConfigField<HeadConfig.Kind> HEAD = word("head", HEAD_KINDS, VitConfigBuilder::head, c -> c.head().kind());
    public static final ConfigField<Boolean> HEAD_BIAS = flag("head_bias", VitConfigBuilder::headBias, c -> c.head().bias());

    /** All fields, in the order in which our own form is written. */
    public static final List<ConfigField<?>> ALL = List.of(IMAGE, PATCH, CHANNELS, WIDTH, DEPTH, HEADS, HEAD_DIM, MLP, CLASSES, LAYER_NORM_EPS, GELU,
            POOL, FINAL_NORM, QKV_BIAS, OUTPUT_BIAS, CLASS_TOKEN, DISTILLATION_TOKEN, REGISTERS, POSITIONS, PATCH_ORDER, PATCH_NORM, LAYER_SCALE,
            PRE_LOGITS, SCORES, PATCH_BIAS, PRE_NORM, NORM, KEY_BIAS, QK_NORM, ATTENTION_NORM, RELATIVE_POSITIONS, ROTARY, MLP_KIND, MLP_BIAS, MLP_NORM,
            BACKBONE, BACKBONE_GROUPS, HEAD, HEAD_BIAS);

    private final String name;
    private final Parser<T> parser;
    private final Function<T, Object> writer;
    private final BiFunction<VitConfigBuilder, T, VitConfigBuilder> setter;
    private final Function<VitConfig, T> getter;

    private ConfigField(String name, Parser<T> parser, Function<T, Object> writer,
            BiFunction<VitConfigBuilder, T, VitConfigBuilder> setter, Function<VitConfig, T> getter) {
        this.name = name;
        this.parser = parser;
        this.writer = writer;
        this.setter = setter;
        this.getter = getter;
    }

    private static ConfigField<Integer> count(String name, int least, BiFunction<VitConfigBuilder, Integer, VitConfigBuilder> setter,
            Function<VitConfig, Integer> getter) {
        return new ConfigField<>(name, value -> atLeast(least, value), number -> number, setter, getter);
    }

    private static ConfigField<Boolean> flag(String name, BiFunction<VitConfigBuilder, Boolean, VitConfigBuilder> setter,
            Function<VitConfig, Boolean> getter) {
        return new ConfigField<>(name, Relaxed::flag, flag -> flag, setter, getter);
    }

    private static <E> ConfigField<E> word(String name, Map<String, E> words, BiFunction<VitConfigBuilder, E, VitConfigBuilder> setter,
            Function<VitConfig, E> getter) {
        Function<E, Object> writer = value -> words.entrySet().stream()
                .filter(e -> e.getValue().equals(value)).findFirst().orElseThrow().getKey();
        return new ConfigField<>(name, value -> choose(value, words), writer, setter, getter);
    }

    /** An integer of at least {@code least}. */
    static int atLeast(int least, JsonValue value) throws InputException {
        int number = Relaxed.integer(value);
        if (number < least) {
            throw value.fault().expected("at least " + least).found(number).because("the value is too small");
        }
        return number;
    }

    /** The meaning of a word. */
    static <E> E choose(JsonValue value, Map<String, E> words) throws InputException {
        E meaning = words.get(Relaxed.text(value));
        if (meaning == null) {
            throw value.fault().expected("one of " + String.join(", ", new java.util.TreeSet<>(words.keySet()))).found(Relaxed.text(value))
                    .because("the value is not supported");
        }
        return meaning;
    }

    /** One number for a square, or height and width. */
    static ImageSize imageSize(JsonValue value) throws InputException {
        if (value.kind() != JsonKind.ARRAY) {
            int side = atLeast(1, value);
            return new ImageSize(side, side);
        }
        if (value.array().size() != 2) {
            throw value.fault().expected("[height, width]").found(value.array().size() + " values").because("the size is not a pair");
        }
        return new ImageSize(atLeast(1, value.array().get(0)), atLeast(1, value.array().get(1)));
    }

    /** The side of a square patch: one number, or height and width. */
    static int patchSide(JsonValue value) throws InputException {
        ImageSize patch = imageSize(value);
        if (patch.height != patch.width) {
            throw value.fault().expected("a square patch").found(patch).because("the patch is not square");
        }
        return patch.height;
    }

    /** The name in our own form. */
    public String name() {
        return name;
    }

    /** Reads a value in our own form. */
    T parse(JsonValue value) throws InputException {
        return parser.parse(value);
    }

    /** The value of {@code config} in our own form, for {@link vit.model.json.Json#write}. */
    Object written(VitConfig config) {
        return writer.apply(getter.apply(config));
    }

    /** The value in {@code config}. */
    public T get(VitConfig config) {
        return getter.apply(config);
    }

    /** Sets the value in {@code builder}. */
    public void set(VitConfigBuilder builder, T value) {
        setter.apply(builder, value);
    }

    @Override
    public String toString() {
        return name;
    }
}
