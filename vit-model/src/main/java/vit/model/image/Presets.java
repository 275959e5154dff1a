package vit.model.image;

import static vit.model.image.Normalization.CLIP;
import static vit.model.image.Normalization.HALF;
import static vit.model.image.Normalization.IMAGENET;
import static vit.model.image.Normalization.SATELLITE;
import static vit.model.image.Normalization.UNIT;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The preprocessing of the published checkpoints by name. A preset is one line. */
final class Presets {

    /** Samples of 0 … 255, minus 127.5, divided by 127.5. */
    private static final Normalization JAX = new Normalization(1, List.of(127.5, 127.5, 127.5), List.of(127.5, 127.5, 127.5));

    private static final Map<String, Preprocessing> PRESETS = new LinkedHashMap<>();

    static {
        add("huggingface-vit", Fit.SQUASH, 1, Filter.BILINEAR, Convention.HUGGING_FACE, HALF);
        add("timm-augreg", Fit.SHORT_SIDE, Preprocessing.TIMM_BY_SIZE, Filter.BICUBIC, Convention.TORCH, HALF);
        add("timm-augreg-384", Fit.SHORT_SIDE, 1, Filter.BICUBIC, Convention.TORCH, HALF);
        add("timm-deit", Fit.SHORT_SIDE, Preprocessing.TIMM_BY_SIZE, Filter.BICUBIC, Convention.TORCH, IMAGENET);
        add("timm-miil", Fit.SHORT_SIDE, 0.875, Filter.BILINEAR, Convention.TORCH, UNIT);
        add("deit", Fit.SHORT_SIDE, 0.875, Filter.BICUBIC, Convention.TORCH, IMAGENET);
        add("clip", Fit.SHORT_SIDE, 1, Filter.BICUBIC, Convention.TORCH, CLIP);
        add("torchvision-b16-v1", Fit.SHORT_SIDE, 224.0 / 256, Filter.BILINEAR, Convention.TORCH, IMAGENET);
        add("torchvision-l16-v1", Fit.SHORT_SIDE, 224.0 / 242, Filter.BILINEAR, Convention.TORCH, IMAGENET);
        add("torchvision-swag-linear", Fit.SHORT_SIDE, 1, Filter.BICUBIC, Convention.TORCH, IMAGENET);
        add("torchvision-swag-384", Fit.SHORT_SIDE, 1, Filter.BICUBIC, Convention.TORCH, IMAGENET);
        add("torchvision-swag-512", Fit.SHORT_SIDE, 1, Filter.BICUBIC, Convention.TORCH, IMAGENET);
        add("torchvision-swag-518", Fit.SHORT_SIDE, 1, Filter.BICUBIC, Convention.TORCH, IMAGENET);
        add("jax", Fit.SQUASH, 1, Filter.BILINEAR, Convention.TENSORFLOW, JAX);
        add("shapes", Fit.SHORT_SIDE, 1, Filter.BICUBIC, Convention.TORCH, HALF);
        add("big_vision", Fit.SHORT_SIDE, 0.875, Filter.BOX, Convention.TENSORFLOW, HALF);
        add("big_vision-siglip", Fit.SQUASH, 1, Filter.BILINEAR, Convention.BIG_VISION, HALF);
        add("clipa", Fit.SQUASH, 1, Filter.BILINEAR, Convention.TORCH, IMAGENET);
        add("huggingface-clip", Fit.SHORT_SIDE, 1, Filter.BICUBIC, Convention.HUGGING_FACE, CLIP);
        add("timm-clip", Fit.SHORT_SIDE, 0.9, Filter.BICUBIC, Convention.TORCH, CLIP);
        add("timm-clip-laion2b-l14", Fit.SHORT_SIDE, 1, Filter.BICUBIC, Convention.TORCH, HALF);
        add("dinov2", Fit.SHORT_SIDE, 0.875, Filter.BICUBIC, Convention.TORCH, IMAGENET);
        add("huggingface-dinov2", Fit.SHORT_SIDE, 0.875, Filter.BICUBIC, Convention.HUGGING_FACE, IMAGENET);
        add("timm-dinov2", Fit.SHORT_SIDE, 1, Filter.BICUBIC, Convention.TORCH, IMAGENET);
        add("siglip", Fit.SQUASH, 1, Filter.BICUBIC, Convention.HUGGING_FACE, HALF);
        add("siglip2", Fit.SQUASH, 1, Filter.BILINEAR, Convention.HUGGING_FACE, HALF);
        add("timm-siglip", Fit.SHORT_SIDE, 0.9, Filter.BICUBIC, Convention.TORCH, HALF);
        add("huggingface-deit", Fit.SQUASH, 0.875, Filter.BICUBIC, Convention.HUGGING_FACE, IMAGENET);
        add("mae", Fit.SHORT_SIDE, 0.875, Filter.BICUBIC, Convention.TORCH, IMAGENET);
        add("huggingface-mae", Fit.SQUASH, 1, Filter.BILINEAR, Convention.HUGGING_FACE, IMAGENET);
        add("dino", Fit.SHORT_SIDE, 0.875, Filter.BICUBIC, Convention.TORCH, IMAGENET);
        add("huggingface-dino", Fit.SQUASH, 1, Filter.BILINEAR, Convention.HUGGING_FACE, IMAGENET);
        add("ijepa", Fit.SQUASH, 1, Filter.BILINEAR, Convention.HUGGING_FACE, HALF);
        add("beit", Fit.SQUASH, 1, Filter.BILINEAR, Convention.HUGGING_FACE, HALF);
        add("timm-beit", Fit.SHORT_SIDE, Preprocessing.TIMM_BY_SIZE, Filter.BICUBIC, Convention.TORCH, HALF);
        add("timm-beitv2", Fit.SHORT_SIDE, 0.9, Filter.BICUBIC, Convention.TORCH, IMAGENET);
        add("dinov3", Fit.SQUASH, 1, Filter.BILINEAR, Convention.HUGGING_FACE_FLOAT, IMAGENET);
        add("dinov3-sat", Fit.SQUASH, 1, Filter.BILINEAR, Convention.HUGGING_FACE_FLOAT, SATELLITE);
        add("timm-dinov3", Fit.SHORT_SIDE, 1, Filter.BICUBIC, Convention.TORCH, IMAGENET);
        add("eva02", Fit.SHORT_SIDE, 0.9, Filter.BICUBIC, Convention.TORCH, CLIP);
        add("eva02-336", Fit.SHORT_SIDE, 1, Filter.BICUBIC, Convention.TORCH, CLIP);
        add("eva02-448", Fit.SHORT_SIDE, 1, Filter.BICUBIC, Convention.TORCH, CLIP);
        add("eva02-448-in22k", Fit.SQUASH, 1, Filter.BICUBIC, Convention.TORCH, CLIP);
        add("huggingface-hybrid", Fit.SHORT_SIDE, 1, Filter.BICUBIC, Convention.HUGGING_FACE, HALF);
        add("timm-registers", Fit.SHORT_SIDE, 0.95, Filter.BICUBIC, Convention.TORCH, HALF);
    }

    /** The preset with which a family is usually run, by the beginning of the family's id. The first that fits decides. */
    private static final List<Map.Entry<String, String>> FAMILIES = List.of(
            Map.entry("huggingface-clip", "huggingface-clip"),
            Map.entry("huggingface-siglip", "siglip"),
            Map.entry("huggingface-dinov2", "huggingface-dinov2"),
            Map.entry("huggingface-dinov3", "dinov3"),
            Map.entry("huggingface-beit", "beit"),
            Map.entry("hugging", "huggingface-vit"),
            Map.entry("openclip", "clip"),
            Map.entry("dino", "dinov2"),
            Map.entry("torchvision", "torchvision-b16-v1"),
            Map.entry("jax-siglip", "big_vision-siglip"),
            Map.entry("jax", "jax"),
            Map.entry("big_vision", "big_vision"),
            Map.entry("deit", "deit"));

    /** The preset of a model that Hugging Face's configuration names, where its family's files are those of several models. */
    private static final Map<String, String> MODEL_TYPES = Map.of(
            "deit", "huggingface-deit",
            "vit_mae", "huggingface-mae",
            "ijepa", "ijepa",
            "vit-hybrid", "huggingface-hybrid");

    /** Kinds of model that Hugging Face's configuration names, all of whose published checkpoints are preprocessed in the same way. */
    private static final Set<String> FIXED_MODELS = Set.of("deit", "vit_mae", "ijepa", "vit-hybrid", "dinov2", "dinov2_with_registers", "beit");

    /** Families of which the same is true: Facebook's own DINOv2. */
    private static final Set<String> FIXED_FAMILIES = Set.of("dino", "dino-registers");

    private Presets() {}

    private static void add(String name, Fit fit, double cropFraction, Filter filter, Convention convention,
            Normalization normalization) {
        PRESETS.put(name, new Preprocessing(name, fit, 0, 0, cropFraction, 0, 0, filter, convention, normalization));
    }

    static Preprocessing find(String name) {
        return PRESETS.get(name);
    }

    static List<String> names() {
        return List.copyOf(PRESETS.keySet());
    }

    static Preprocessing forFamily(String family) {
        String id = family.toLowerCase(Locale.ROOT);
        for (Map.Entry<String, String> entry : FAMILIES) {
            if (id.startsWith(entry.getKey())) {
                return PRESETS.get(entry.getValue());
            }
        }
        return PRESETS.get("timm-augreg");
    }

    /** Whether all published models of a family are preprocessed in the same way, as {@link #forFamily} says. */
    static boolean isFixed(String family) {
        return FIXED_FAMILIES.contains(family.toLowerCase(Locale.ROOT));
    }

    /** Whether all published models of this kind are preprocessed in the same way, as {@link #forModel} says. */
    static boolean isFixed(String modelType, String family) {
        return FIXED_MODELS.contains(modelType) && isOfHuggingFace(family);
    }

    private static boolean isOfHuggingFace(String family) {
        return family.toLowerCase(Locale.ROOT).startsWith("hugging");
    }

    /**
     * The preset with which a model of Hugging Face is usually run.
     *
     * @param modelType the configuration's {@code model_type}
     * @param family    decides for other models
     */
    static Preprocessing forModel(String modelType, String family) {
        String preset = MODEL_TYPES.get(modelType);
        return preset == null || !isOfHuggingFace(family) ? forFamily(family) : PRESETS.get(preset);
    }
}
