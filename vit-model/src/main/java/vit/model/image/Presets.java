package vit.model.image;

import static vit.model.image.Normalization.CLIP;
import static vit.model.image.Normalization.HALF;
import static vit.model.image.Normalization.IMAGENET;
import static vit.model.image.Normalization.UNIT;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

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
    }

    /** The preset with which a family is usually run, by the beginning of the family's id. */
    private static final Map<String, String> FAMILIES = Map.of(
            "hugging", "huggingface-vit",
            "torchvision", "torchvision-b16-v1",
            "jax", "jax",
            "big_vision", "big_vision",
            "deit", "deit");

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
        for (Map.Entry<String, String> entry : FAMILIES.entrySet()) {
            if (id.startsWith(entry.getKey())) {
                return PRESETS.get(entry.getValue());
            }
        }
        return PRESETS.get("timm-augreg");
    }
}
