package vit.model.weights.config;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import vit.kernels.gelu.GeluKind;
import vit.model.InputException;
import vit.model.config.AttentionConfig.RelativePositions;
import vit.model.config.MlpConfig;
import vit.model.config.RotaryConfig;
import vit.model.config.RotaryConfig.Scheme;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;
import vit.model.json.JsonArray;
import vit.model.json.JsonObject;
import vit.model.json.JsonValue;
import vit.model.json.Relaxed;
import vit.model.weights.config.ConfigField.ImageSize;
import vit.model.weights.config.ConfigField.Rotary;

/**
 * timm's {@code config.json}. As in timm, the architecture's name gives the arguments of the model's class, {@code model_args} override them one
 * by one, and {@code pretrained_cfg} gives image, channels, classes and pooling if neither of the two does. In old files the fields of
 * {@code pretrained_cfg} are in the document itself. {@code global_pool} and {@code num_features} beside {@code pretrained_cfg} are only information for
 * people.
 */
final class TimmConfig {

    private final JsonObject json;
    private final JsonObject arguments; // model_args, or an empty object
    private final JsonObject pretrained; // pretrained_cfg, or the document itself
    private final JsonObject architecture; // the arguments that the name gives; null: the name is unknown
    private final ConfigFields fields = new ConfigFields();
    private final ConfigFields implied = new ConfigFields();
    private final List<String> notes;
    private final List<String> warnings = new ArrayList<>();

    /** The value of an argument of the model's class: stated in model_args, or given by the architecture's name. */
    private record Argument(JsonValue value, JsonValue origin, ConfigFields into) {}

    private TimmConfig(JsonObject json, List<String> notes) throws InputException {
        this.json = json;
        this.notes = notes;
        this.arguments = json.optionalObject("model_args").orElse(JsonObject.empty(json.source()));
        this.pretrained = json.optionalObject("pretrained_cfg").orElse(json);
        this.architecture = json.has("architecture") ? TimmArchitectures.find(name()).orElse(null) : null;
    }

    static ConfigFile read(JsonObject json, List<String> notes) throws InputException {
        TimmConfig reader = new TimmConfig(json, notes);
        reader.requirePlainBlocks();
        reader.image();
        reader.classes();
        reader.pooling();
        reader.sizes();
        reader.parts();
        ProblemType.state(json, reader.fields);
        return new ConfigFile(json, ConfigFile.Form.TIMM, "timm", json.has("architecture") ? json.text("architecture") : null,
                json.get("architecture"), reader.fields, reader.implied, reader.labels(), notes, reader.warnings);
    }

    /** The architecture's name, without the tag of the training. */
    private String name() throws InputException {
        return json.text("architecture").split("\\.", 2)[0];
    }

    /** The argument, from the place where timm would take it; null if neither place has it. */
    private Argument argument(String name) {
        if (arguments.has(name)) {
            return new Argument(arguments.get(name), arguments.get(name), fields);
        }
        boolean given = architecture != null && architecture.has(name);
        return given ? new Argument(architecture.get(name), json.get("architecture"), implied) : null;
    }

    /** Refuses blocks that are not plain, and says what must be stated about an architecture that is not known. */
    private void requirePlainBlocks() throws InputException {
        if (architecture != null && architecture.has("not_computed")) {
            throw TimmArguments.notComputed(json.get("architecture"), architecture.text("not_computed"));
        }
        if (architecture == null && json.has("architecture")) {
            String other = TimmArchitectures.otherBlocks(name()).orElse(null);
            if (other != null) {
                throw TimmArguments.notComputed(json.get("architecture"), other);
            }
        }
        if (architecture == null) {
            warnings.add((json.has("architecture") ? "architecture " + name() + " is not known" : "no architecture is named")
                    + ": timm's plain ViT is assumed, but for what model_args state (erf GELU, layer_norm_eps 1e-6, a norm before attention and before MLP)");
        }
        Set<String> names = new LinkedHashSet<>(arguments.names());
        if (architecture != null) {
            names.addAll(architecture.names());
        }
        for (String name : names) {
            Argument argument = argument(name);
            if (argument != null) {
                TimmArguments.check(name, argument.value, argument.origin);
            }
        }
    }

    private void image() throws InputException {
        Argument stated = argument("img_size");
        if (stated != null) {
            stated.into.state(ConfigField.IMAGE, ConfigField.imageSize(stated.value), stated.origin);
        }
        if (pretrained.has("input_size")) {
            JsonArray size = pretrained.array("input_size");
            if (size.size() != 3) {
                throw size.fault().expected("[channels, height, width]").found(size.size() + " values").because("input_size is not a triple");
            }
            JsonValue origin = pretrained.get("input_size");
            fields.state(ConfigField.CHANNELS, ConfigField.atLeast(1, size.get(0)), origin);
            if (!arguments.has("img_size")) {
                ConfigFields into = Relaxed.flag(pretrained, "fixed_input_size", true) ? fields : implied;
                into.state(ConfigField.IMAGE, new ImageSize(ConfigField.atLeast(1, size.get(1)), ConfigField.atLeast(1, size.get(2))), origin);
            }
        }
    }

    private void classes() throws InputException {
        if (arguments.has("num_classes") || json.has("num_classes")) {
            JsonValue count = arguments.has("num_classes") ? arguments.get("num_classes") : json.get("num_classes");
            fields.state(ConfigField.CLASSES, ConfigField.atLeast(0, count), count);
        } else if (pretrained.has("num_classes") && Relaxed.integer(pretrained, "num_classes") >= 0) { // below 0: timm's sign for none
            implied.state(ConfigField.CLASSES, Relaxed.integer(pretrained, "num_classes"), pretrained.get("num_classes"));
        }
    }

    private void pooling() throws InputException {
        Argument pool = argument("global_pool");
        if (pool == null && pretrained.has("global_pool")) {
            pool = new Argument(pretrained.get("global_pool"), pretrained.get("global_pool"), fields);
        } else if (pool == null && architecture == null && json.has("global_pool")) {
            pool = new Argument(json.get("global_pool"), json.get("global_pool"), implied); // as the model was that the file was saved from
        }
        if (pool != null) {
            Argument prefix = argument("pool_include_prefix");
            boolean withPrefix = prefix != null && Relaxed.flag(prefix.value);
            pool.into.state(ConfigField.POOL, TimmArguments.pooling(pool.value, pool.origin, withPrefix), pool.origin);
        } else if (architecture != null) {
            implied.state(ConfigField.POOL, Pooling.TOKEN, json.get("architecture"));
        }
        Argument after = argument("fc_norm");
        Argument none = argument("final_norm");
        if (none != null && !Relaxed.flag(none.value)) {
            none.into.state(ConfigField.FINAL_NORM, FinalNorm.NONE, none.origin);
        } else if (after != null) {
            FinalNorm norm = Relaxed.flag(after.value) ? FinalNorm.AFTER_POOLING : FinalNorm.BEFORE_POOLING;
            after.into.state(ConfigField.FINAL_NORM, norm, after.origin);
        }
    }

    private void sizes() throws InputException {
        count("patch_size", ConfigField.PATCH, 1);
        count("in_chans", ConfigField.CHANNELS, 1);
        count("embed_dim", ConfigField.WIDTH, 1);
        count("depth", ConfigField.DEPTH, 0);
        count("num_heads", ConfigField.HEADS, 1);
        count("reg_tokens", ConfigField.REGISTERS, 0);
        mlp();
    }

    private void count(String name, ConfigField<Integer> field, int least) throws InputException {
        Argument argument = argument(name);
        if (argument != null) {
            int number = field == ConfigField.PATCH ? ConfigField.patchSide(argument.value) : ConfigField.atLeast(least, argument.value);
            argument.into.state(field, number, argument.origin);
        }
    }

    /** timm computes int(embed_dim * mlp_ratio) in double. A SwiGLUPacked halves it, because it counts gate and value. */
    private void mlp() throws InputException {
        Argument ratio = argument("mlp_ratio");
        Argument width = argument("embed_dim");
        if (ratio == null) {
            return;
        }
        if (width == null) {
            notes.add("mlp_ratio is not used: there is no embed_dim");
            return;
        }
        double mlp = Relaxed.integer(width.value) * Relaxed.number(ratio.value);
        if (!(mlp >= 1 && mlp < 1 << 30)) {
            throw ratio.origin.fault().expected("an MLP width of 1 … 2^30").found(mlp).because("mlp_ratio is out of range");
        }
        Argument layer = argument("mlp_layer");
        boolean halves = layer != null && TimmArguments.isPacked(layer.value);
        (ratio.into == fields ? fields : width.into).state(ConfigField.MLP, halves ? Math.max(1, (int) mlp / 2) : (int) mlp, ratio.origin);
    }

    private void parts() throws InputException {
        if (architecture != null) { // the defaults of timm's classes
            implied.state(ConfigField.CLASS_TOKEN, true, json.get("architecture"));
            implied.state(ConfigField.DISTILLATION_TOKEN, false, json.get("architecture"));
        }
        flag("qkv_bias", ConfigField.QKV_BIAS);
        flag("class_token", ConfigField.CLASS_TOKEN);
        flag("distilled", ConfigField.DISTILLATION_TOKEN);
        Argument scale = argument("init_values");
        if (scale != null) { // 0 is none
            implied.state(ConfigField.LAYER_SCALE, Relaxed.number(scale.value) != 0, scale.origin);
        }
        positions();
        Argument backbone = argument("backbone"); // in our own form; timm has a module in its place
        if (backbone != null) {
            backbone.into.state(ConfigField.BACKBONE, ConfigField.BACKBONE.parse(backbone.value), backbone.origin);
        }
        flag("qk_norm", ConfigField.QK_NORM);
        flag("pre_norm", ConfigField.PRE_NORM);
        Argument preNorm = argument("pre_norm");
        if (preNorm != null && Relaxed.flag(preNorm.value)) { // which makes the bias of the patches superfluous
            implied.state(ConfigField.PATCH_BIAS, false, preNorm.origin);
        }
        if (architecture != null && (architecture.has("use_rel_pos_bias") || architecture.has("use_rot_pos_emb"))) { // arguments of Beit and Eva alone
            Argument biases = argument("qkv_bias");
            boolean none = biases != null && !Relaxed.flag(biases.value); // then the keys' is of no account, and true by convention
            implied.state(ConfigField.KEY_BIAS, none, json.get("architecture"));
        }
        flag("proj_bias", ConfigField.OUTPUT_BIAS);
        flag("proj_bias", ConfigField.MLP_BIAS);
        flag("scale_attn_norm", ConfigField.ATTENTION_NORM);
        flag("scale_attn_inner", ConfigField.ATTENTION_NORM);
        flag("scale_mlp_norm", ConfigField.MLP_NORM);
        flag("scale_mlp", ConfigField.MLP_NORM);
        rotary();
        Argument norm = argument("norm_layer");
        if (norm != null) {
            norm.into.state(ConfigField.NORM, TimmArguments.norm(norm.value, norm.origin), norm.origin);
        }
        Argument mlp = argument("mlp_layer");
        Argument gated = argument("swiglu_mlp");
        if (mlp != null) {
            mlp.into.state(ConfigField.MLP_KIND, TimmArguments.mlp(mlp.value, mlp.origin), mlp.origin);
        } else if (gated != null && Relaxed.flag(gated.value)) {
            gated.into.state(ConfigField.MLP_KIND, MlpConfig.Kind.SWIGLU, gated.origin);
        }
        Argument activation = argument("act_layer");
        boolean silu = activation != null && Relaxed.text(activation.value).equalsIgnoreCase("silu"); // a gate's; the gate implies it
        if (activation != null && !silu) {
            activation.into.state(ConfigField.GELU, TimmArguments.activation(activation.value, activation.origin), activation.origin);
        } else if (architecture != null) {
            implied.state(ConfigField.GELU, GeluKind.ERF, json.get("architecture"));
        }
        Argument eps = arguments.has("norm_layer") ? null : argument("norm_eps"); // another norm_layer has its own epsilon, timm's 1e-6
        if (eps != null) {
            eps.into.state(ConfigField.LAYER_NORM_EPS, Relaxed.number(eps.value), eps.origin);
        } else if (architecture != null) {
            implied.state(ConfigField.LAYER_NORM_EPS, 1e-6, json.get("architecture"));
        }
    }

    /** Position embeddings that are added to the tokens, and relative positions. */
    private void positions() throws InputException {
        Argument absolute = argument("use_abs_pos_emb");
        Argument patchesOnly = argument("no_embed_class");
        if (absolute != null && !Relaxed.flag(absolute.value)) {
            absolute.into.state(ConfigField.POSITIONS, Positions.NONE, absolute.origin);
        } else if (patchesOnly != null) {
            patchesOnly.into.state(ConfigField.POSITIONS, Relaxed.flag(patchesOnly.value) ? Positions.LEARNED_PATCHES : Positions.LEARNED, patchesOnly.origin);
        } else if (architecture != null) {
            implied.state(ConfigField.POSITIONS, Positions.LEARNED, json.get("architecture"));
        }
        Argument shared = argument("use_shared_rel_pos_bias");
        Argument byBlock = argument("use_rel_pos_bias");
        if (shared != null && Relaxed.flag(shared.value)) {
            shared.into.state(ConfigField.RELATIVE_POSITIONS, RelativePositions.SHARED, shared.origin);
        } else if (byBlock != null && Relaxed.flag(byBlock.value)) {
            byBlock.into.state(ConfigField.RELATIVE_POSITIONS, RelativePositions.BY_BLOCK, byBlock.origin);
        }
    }

    /** Rotary positions: Eva's, with coordinates scaled to a reference grid, or DINOv3's. */
    private void rotary() throws InputException {
        Argument used = argument("use_rot_pos_emb");
        if (used == null || !Relaxed.flag(used.value)) {
            return;
        }
        Argument type = argument("rope_type");
        boolean dinov3 = type != null && Relaxed.text(type.value).equals("dinov3");
        Argument temperature = argument("rope_temperature");
        double theta = temperature == null ? dinov3 ? 100 : 10000 : Relaxed.number(temperature.value);
        if (!(theta > 0)) {
            throw temperature.origin.fault().expected("above 0").found(theta).because("the value is too small");
        }
        Argument shape = argument("ref_feat_shape");
        ImageSize reference = shape == null ? new ImageSize(16, 16) : ConfigField.imageSize(shape.value);
        used.into.state(ConfigField.ROTARY, new Rotary(dinov3 ? new RotaryConfig(Scheme.DINOV3, theta, 1, 1)
                : new RotaryConfig(Scheme.EVA, theta, reference.height(), reference.width())), used.origin);
    }

    private void flag(String name, ConfigField<Boolean> field) throws InputException {
        Argument argument = argument(name);
        if (argument != null) {
            argument.into.state(field, Relaxed.flag(argument.value), argument.origin);
        }
    }

    /** The labels. For ImageNet, {@code label_names} are WordNet ids, and {@code label_descriptions} say in words what they are. */
    private List<String> labels() throws InputException {
        JsonObject holder = json.has("label_names") ? json : pretrained;
        String field = !holder.has("label_names") && holder == json && json.has("labels") ? "labels" : "label_names"; // old files
        if (!holder.has(field)) {
            return List.of();
        }
        List<String> names = Labels.texts(holder.array(field));
        JsonObject describer = json.has("label_descriptions") ? json : holder;
        if (!describer.has("label_descriptions")) {
            return names;
        }
        JsonObject descriptions = describer.object("label_descriptions");
        List<String> labels = new ArrayList<>();
        for (String name : names) {
            labels.add(Relaxed.text(descriptions, name, name));
        }
        return labels;
    }
}
