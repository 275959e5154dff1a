package vit.model.weights.config;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import vit.kernels.gelu.GeluKind;
import vit.model.InputException;
import vit.model.config.AttentionConfig.RelativePositions;
import vit.model.config.HeadConfig;
import vit.model.config.RotaryConfig;
import vit.model.config.RotaryConfig.Scheme;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;
import vit.model.json.JsonObject;
import vit.model.json.Relaxed;
import vit.model.weights.config.ConfigField.ImageSize;
import vit.model.weights.config.ConfigField.Rotary;

/**
 * The model classes of transformers that are computed here: their {@code model_type}, the weight family of their files, and the defaults of their
 * configuration classes. A file leaves out every field that equals its default. A new model is one constant.
 */
enum HuggingFaceModel {

    VIT("ViT", "huggingface", "ViT(Model|For.*)", List.of("vit"), new Sizes(768, 3072, 12, 12, 224, 16, 1e-12, GeluKind.ERF)),
    VIT_HYBRID("ViT hybrid", "huggingface", "ViTHybrid(Model|For.*)", List.of("vit-hybrid"), new Sizes(768, 3072, 12, 12, 224, 1, 1e-12, GeluKind.ERF)) {
        @Override
        void state(JsonObject json, ConfigFields fields) throws InputException {
            BitBackbone.state(json, fields);
        }
    },
    MSN("ViT-MSN", "huggingface", "ViTMSN(Model|For.*)", List.of("vit_msn"), new Sizes(768, 3072, 12, 12, 224, 16, 1e-6, GeluKind.ERF)),
    DEIT("DeiT", "huggingface", "DeiT(Model|For.*)", List.of("deit"), new Sizes(768, 3072, 12, 12, 224, 16, 1e-12, GeluKind.ERF)) {
        @Override
        void imply(JsonObject document, JsonObject json, ConfigFields implied) throws InputException {
            super.imply(document, json, implied);
            boolean teacher = HuggingFaceConfig.architectures(document).stream().anyMatch(name -> name.endsWith("WithTeacher"));
            implied.state(ConfigField.DISTILLATION_TOKEN, teacher, document.get("architectures"));
            implied.state(ConfigField.REGISTERS, teacher ? 0 : 1, document.get("architectures")); // a token without a head
        }
    },
    MAE("ViT-MAE", "huggingface", "ViTMAE(Model|ForPreTraining)", List.of("vit_mae"), new Sizes(768, 3072, 12, 12, 224, 16, 1e-12, GeluKind.ERF)),
    IJEPA("I-JEPA", "huggingface", "IJepa(Model|For.*)", List.of("ijepa"), new Sizes(768, 3072, 12, 12, 224, 16, 1e-12, GeluKind.ERF)) {
        @Override
        void imply(JsonObject document, JsonObject json, ConfigFields implied) throws InputException {
            super.imply(document, json, implied);
            implied.state(ConfigField.CLASS_TOKEN, false, json.get("model_type"));
            implied.state(ConfigField.POOL, Pooling.PATCH_MEAN, json.get("model_type"));
        }
    },
    CLIP("CLIP image tower", "huggingface-clip", "CLIP(Model|VisionModel|VisionModelWithProjection|ForImageClassification)", List.of("clip", "clip_vision_model"),
            new Sizes(768, 3072, 12, 12, 224, 32, 1e-5, GeluKind.QUICK)) {
        @Override
        void imply(JsonObject document, JsonObject json, ConfigFields implied) throws InputException {
            super.imply(document, json, implied);
            List<String> names = HuggingFaceConfig.architectures(document);
            boolean alone = Relaxed.text(document, "model_type", "clip").equals("clip_vision_model") || names.contains("CLIPVisionModel");
            if (HuggingFaceConfig.hasHead(document)) { // of the last block's output, without the last norm
                implied.state(ConfigField.POOL, Pooling.PATCH_MEAN, document.get("architectures"));
                implied.state(ConfigField.FINAL_NORM, FinalNorm.NONE, document.get("architectures"));
                implied.state(ConfigField.HEAD_BIAS, true, document.get("architectures"));
            } else if (!alone || names.contains("CLIPVisionModelWithProjection")) {
                implied.state(ConfigField.HEAD, HeadConfig.Kind.PROJECTION, document.get("model_type"));
                implied.state(ConfigField.CLASSES, Relaxed.integer(document, "projection_dim", 512), document.get("projection_dim"));
            }
        }
    },
    SIGLIP("SigLIP image tower", "huggingface-siglip", "Siglip(Model|VisionModel|ForImageClassification)", List.of("siglip", "siglip_vision_model"),
            new Sizes(768, 3072, 12, 12, 224, 16, 1e-6, GeluKind.TANH)) {
        @Override
        void imply(JsonObject document, JsonObject json, ConfigFields implied) throws InputException {
            super.imply(document, json, implied);
            implied.state(ConfigField.CLASS_TOKEN, false, json.get("model_type"));
            if (HuggingFaceConfig.hasHead(document)) {
                implied.state(ConfigField.POOL, Pooling.PATCH_MEAN, document.get("architectures"));
            } else if (!Relaxed.flag(json, "vision_use_head", true)) {
                implied.state(ConfigField.POOL, Pooling.PATCH_MEAN, json.get("vision_use_head"));
            }
        }
    },
    DINOV2("DINOv2", "huggingface-dinov2", "Dinov2(Model|ForImageClassification|Backbone)", List.of("dinov2"), new Sizes(768, 0, 12, 12, 224, 14, 1e-6, GeluKind.ERF)) {
        @Override
        void imply(JsonObject document, JsonObject json, ConfigFields implied) throws InputException {
            super.imply(document, json, implied);
            pooling(document, implied);
        }

        @Override
        void state(JsonObject json, ConfigFields fields) throws InputException {
            mlpRatio(json, fields);
        }
    },
    DINOV2_WITH_REGISTERS("DINOv2 with registers", "huggingface-dinov2-registers", "Dinov2WithRegisters(Model|ForImageClassification|Backbone)", List.of("dinov2_with_registers"),
            new Sizes(768, 0, 12, 12, 224, 16, 1e-6, GeluKind.ERF)) {
        @Override
        void imply(JsonObject document, JsonObject json, ConfigFields implied) throws InputException {
            super.imply(document, json, implied);
            pooling(document, implied);
            implied.state(ConfigField.REGISTERS, 4, json.get("num_register_tokens"));
            implied.state(ConfigField.POSITIONS, Positions.LEARNED_CLASS_AND_PATCHES, json.get("num_register_tokens"));
        }

        @Override
        void state(JsonObject json, ConfigFields fields) throws InputException {
            mlpRatio(json, fields);
        }
    },
    BEIT("BEiT", "huggingface-beit", "Beit(Model|ForImageClassification|ForMaskedImageModeling|Backbone)", List.of("beit"),
            new Sizes(768, 3072, 12, 12, 224, 16, 1e-12, GeluKind.ERF)) {
        @Override
        void imply(JsonObject document, JsonObject json, ConfigFields implied) throws InputException {
            super.imply(document, json, implied);
            boolean mean = Relaxed.flag(json, "use_mean_pooling", true);
            implied.state(ConfigField.POOL, mean ? Pooling.PATCH_MEAN : Pooling.TOKEN, json.get("use_mean_pooling"));
            implied.state(ConfigField.FINAL_NORM, mean ? FinalNorm.AFTER_POOLING : FinalNorm.BEFORE_POOLING, json.get("use_mean_pooling"));
            implied.state(ConfigField.RELATIVE_POSITIONS, RelativePositions.NONE, json.get("use_relative_position_bias"));
            implied.state(ConfigField.LAYER_SCALE, Relaxed.number(json, "layer_scale_init_value", 0.1) > 0, json.get("layer_scale_init_value"));
            if (Relaxed.flag(json, "use_absolute_position_embeddings", false)) {
                implied.state(ConfigField.POSITIONS, Positions.LEARNED, json.get("use_absolute_position_embeddings"));
            }
        }

        @Override
        void state(JsonObject json, ConfigFields fields) throws InputException {
            boolean shared = Relaxed.flag(json, "use_shared_relative_position_bias", false);
            boolean byBlock = Relaxed.flag(json, "use_relative_position_bias", false);
            String field = shared ? "use_shared_relative_position_bias" : "use_relative_position_bias";
            if (json.has(field)) {
                fields.state(ConfigField.RELATIVE_POSITIONS, byBlock ? RelativePositions.BY_BLOCK : shared ? RelativePositions.SHARED : RelativePositions.NONE,
                        json.get(field));
            }
        }
    },
    DINOV3("DINOv3", "huggingface-dinov3", "DINOv3ViT(Model|Backbone)", List.of("dinov3_vit"), new Sizes(384, 1536, 12, 6, 224, 16, 1e-5, GeluKind.ERF)) {
        @Override
        void imply(JsonObject document, JsonObject json, ConfigFields implied) throws InputException {
            super.imply(document, json, implied);
            implied.state(ConfigField.QKV_BIAS, Relaxed.flag(json, "query_bias", true), json.get("query_bias"));
            implied.state(ConfigField.KEY_BIAS, Relaxed.flag(json, "key_bias", false) || !Relaxed.flag(json, "query_bias", true), json.get("key_bias"));
            implied.state(ConfigField.OUTPUT_BIAS, Relaxed.flag(json, "proj_bias", true), json.get("proj_bias"));
            implied.state(ConfigField.MLP_BIAS, Relaxed.flag(json, "mlp_bias", true), json.get("mlp_bias"));
        }

        @Override
        void state(JsonObject json, ConfigFields fields) throws InputException {
            double theta = Relaxed.number(json, "rope_theta", 100);
            if (!(theta > 0)) {
                throw json.fault("rope_theta").expected("above 0").found(theta).because("the value is too small");
            }
            fields.state(ConfigField.ROTARY, new Rotary(new RotaryConfig(Scheme.DINOV3, theta, 1, 1)), json.get("rope_theta"));
        }
    };

    /** The defaults of a configuration class; an MLP of 0 is given by a ratio. */
    private record Sizes(int width, int mlp, int depth, int heads, int image, int patch, double eps, GeluKind gelu) {}

    private final String title;
    private final String family;
    private final String classes;
    private final List<String> types;
    private final Sizes sizes;

    HuggingFaceModel(String title, String family, String classes, List<String> types, Sizes sizes) {
        this.title = title;
        this.family = family;
        this.classes = classes;
        this.types = types;
        this.sizes = sizes;
    }

    /** The model of this {@code model_type}. */
    static Optional<HuggingFaceModel> ofType(String type) {
        return Arrays.stream(values()).filter(model -> model.types.contains(type)).findFirst();
    }

    /** The model of this class of transformers. */
    static Optional<HuggingFaceModel> ofClass(String name) {
        return Arrays.stream(values()).filter(model -> name.matches(model.classes)).findFirst();
    }

    /** All types, for messages. */
    static String types() {
        return Arrays.stream(values()).flatMap(model -> model.types.stream()).collect(Collectors.joining(", "));
    }

    /** Why a model of another type is refused. */
    static String refusal(String type) {
        return switch (type) {
            case "siglip2", "siglip2_vision_model" -> "NaFlex models, which take images of any proportions as padded sequences, are not computed by this version";
            default -> "the model is not a plain ViT";
        };
    }

    /** The model as people call it. */
    String title() {
        return title;
    }

    /** The weight family of its files. */
    String family() {
        return family;
    }

    /** Whether this is one of the models of 2020. */
    boolean isPlain() {
        return this == VIT || this == DEIT;
    }

    /**
     * Sets what a file that says nothing stands for.
     *
     * @param document the whole file, with the names of its classes
     * @param json     the image tower's part of it, or all of it
     */
    void imply(JsonObject document, JsonObject json, ConfigFields implied) throws InputException {
        implied.state(ConfigField.CLASS_TOKEN, true, json.get("model_type"));
        implied.state(ConfigField.DISTILLATION_TOKEN, false, json.get("model_type"));
        implied.state(ConfigField.REGISTERS, 0, json.get("num_register_tokens"));
        implied.state(ConfigField.WIDTH, sizes.width, json.get("hidden_size"));
        implied.state(ConfigField.DEPTH, sizes.depth, json.get("num_hidden_layers"));
        implied.state(ConfigField.HEADS, sizes.heads, json.get("num_attention_heads"));
        implied.state(ConfigField.MLP, sizes.mlp == 0 ? 4 * Relaxed.integer(json, "hidden_size", sizes.width) : sizes.mlp, json.get("intermediate_size"));
        implied.state(ConfigField.IMAGE, new ImageSize(sizes.image, sizes.image), json.get("image_size"));
        implied.state(ConfigField.PATCH, sizes.patch, json.get("patch_size"));
        implied.state(ConfigField.LAYER_NORM_EPS, sizes.eps, json.get("layer_norm_eps"));
        implied.state(ConfigField.GELU, sizes.gelu, json.get("hidden_act"));
    }

    /** Sets what only this model's files state. */
    void state(JsonObject json, ConfigFields fields) throws InputException {}

    /** A classifier of DINOv2 reads the class token and the mean of the patches. */
    private static void pooling(JsonObject document, ConfigFields implied) throws InputException {
        if (HuggingFaceConfig.hasHead(document)) {
            implied.state(ConfigField.POOL, Pooling.TOKEN_AND_PATCH_MEAN, document.get("architectures"));
        }
    }

    /** DINOv2 states the hidden width as a multiple of the width; a gated MLP has two thirds of it, rounded up to a multiple of 8. */
    private static void mlpRatio(JsonObject json, ConfigFields fields) throws InputException {
        int width = Relaxed.integer(json, "hidden_size", 768);
        double hidden = width * Relaxed.number(json, "mlp_ratio", 4);
        if (!(hidden >= 1 && hidden < 1 << 30)) {
            throw json.fault("mlp_ratio").expected("an MLP width of 1 … 2^30").found(hidden).because("mlp_ratio is out of range");
        }
        int mlp = (int) hidden;
        if (Relaxed.flag(json, "use_swiglu_ffn", false)) {
            mlp = (mlp * 2 / 3 + 7) / 8 * 8;
        }
        fields.state(ConfigField.MLP, mlp, json.get("mlp_ratio"));
    }
}
