package vit.model.weights;

import java.util.List;
import java.util.Map;
import vit.model.InputException;
import vit.model.VitConfig;
import vit.model.VitConfig.Positions;
import vit.model.VitVariants;
import vit.model.weights.config.ConfigField;
import vit.model.weights.config.ConfigField.ImageSize;
import vit.model.weights.config.ConfigFields;
import vit.model.weights.config.ConfigFile;
import vit.model.weights.config.Labels;
import vit.model.weights.config.ModelConfig;
import vit.model.weights.family.Inference;
import vit.model.weights.family.WeightFamily;

/**
 * Makes one configuration of what a {@code config.json} states, what tensor shapes tell, and what the family has by
 * default, in this order of precedence. Statement and shape must agree.
 */
final class ConfigResolver {

    /** Beyond these a configuration is a mistake or an attack: no ViT has more than 10^11 parameters. */
    private static final int MAX_DEPTH = 4096;
    private static final double MAX_PARAMETERS = 1e11;

    /** Heads of the published widths other than 64 a head. */
    private static final Map<Integer, Integer> WIDE = Map.of(1408, 16, 1664, 16);

    private static final int USUAL_HEAD_DIM = 64;

    /** Positions are carried over to at most so many times as many patches: memory stays in proportion to the file. */
    private static final int MOST_GROWTH = 64;

    private final ConfigFile stated;
    private final Inference inference; // null: there are no weights
    private final WeightFamily family;
    private final List<String> notes;
    private final boolean resample;
    private final ConfigFields merged = new ConfigFields();
    private final VitConfig defaults;
    private int storedSide; // of the square image that the weights' positions are for; 0: the model's own image

    /**
     * @param inference null if there are no weights
     * @param notes     receives what was assumed
     * @param resample  whether the image may be another than the one that the positions are for
     */
    ConfigResolver(ConfigFile stated, Inference inference, WeightFamily family, List<String> notes, boolean resample) {
        this.stated = stated;
        this.resample = resample;
        this.inference = inference;
        this.family = family;
        this.notes = notes;
        this.defaults = family.defaults().build();
    }

    /**
     * The configuration.
     *
     * @throws InputException if statements and shapes contradict one another or make no model
     */
    ModelConfig resolve() throws InputException {
        VitConfig.Builder builder = family.defaults();
        if (inference == null) {
            builder.finalNorm(family.finalNorm(stated.fields().has(ConfigField.POOL) ? stated.fields().get(ConfigField.POOL) : defaults.pooling()));
        } else {
            stated.fields().mustAgreeWith(inference.told());
            merged.putAll(inference.suggested());
            merged.putAll(inference.told());
        }
        merged.putAll(stated.fields());
        merged.applyTo(builder);
        bound();
        heads(builder);
        if (inference != null) {
            image(builder);
        }
        VitConfig vit;
        try {
            vit = builder.build();
        } catch (IllegalArgumentException e) {
            throw fault().cause(e).expected("values that make a model").found(e.getMessage()).because("the configuration is impossible");
        }
        return new ModelConfig(vit, labels(vit), stated.raw());
    }

    /** {@code resolved} with the image that the weights' positions are for. */
    VitConfig stored(VitConfig resolved) throws InputException {
        try {
            return storedSide == 0 ? resolved : resolved.toBuilder().image(storedSide, storedSide).build();
        } catch (IllegalArgumentException e) {
            throw inference.positionFault().cause(e).expected("positions of a model").found(e.getMessage()).because("the position embeddings are impossible");
        }
    }

    private InputException.Report fault() {
        return InputException.in(stated.raw().names().isEmpty() && inference != null ? inference.file() : stated.raw().source());
    }

    private <T> T value(ConfigField<T> field) {
        return merged.has(field) ? merged.get(field) : field.get(defaults);
    }

    private void bound() throws InputException {
        if (value(ConfigField.DEPTH) > MAX_DEPTH) {
            throw merged.fault(ConfigField.DEPTH).expected("at most " + MAX_DEPTH).found(value(ConfigField.DEPTH)).because("the model is too deep");
        }
        double width = value(ConfigField.WIDTH);
        double mlp = merged.has(ConfigField.MLP) ? value(ConfigField.MLP) : 4 * width;
        double parameters = value(ConfigField.DEPTH) * width * (4 * width + 2 * mlp) + width * value(ConfigField.CLASSES);
        if (parameters > MAX_PARAMETERS) {
            throw fault().expected("at most " + MAX_PARAMETERS + " parameters").found(parameters).because("the model is too large");
        }
    }

    /** Heads show in shapes only where a family keeps them apart; then published sizes decide, then 64 a head. */
    private void heads(VitConfig.Builder builder) throws InputException {
        int width = value(ConfigField.WIDTH);
        int inner = inference != null && inference.inner() > 0 ? inference.inner() : 0;
        Integer heads = merged.get(ConfigField.HEADS);
        Integer headDim = merged.get(ConfigField.HEAD_DIM);
        if (heads == null && headDim != null && inner > 0 && inner % headDim == 0) {
            heads = inner / headDim;
        }
        if (heads == null) {
            heads = usualHeads(inner > 0 ? inner : width);
            if (heads == 0) {
                throw fault().tensor("heads").expected("the number of heads in the configuration").found("a width of " + width + ", not a multiple of 64")
                        .because("the heads cannot be told from the weights");
            }
            notes.add(heads + " heads assumed from the width " + width + "; the weights do not tell");
        }
        builder.heads(heads);
        if (inner > 0) {
            boolean fits = headDim == null ? inner % heads == 0 : (long) heads * headDim == inner;
            if (!fits) {
                throw inference.innerFault().expected(heads + " heads" + (headDim == null ? "" : " of " + headDim)).found("a width of " + inner + " inside attention")
                        .because("the heads do not fit the weights");
            }
            builder.headDim(inner / heads);
        }
    }

    private static int usualHeads(int width) {
        for (String name : VitVariants.names()) {
            VitConfig variant = VitVariants.find(name).orElseThrow();
            if (variant.width() == width) {
                return variant.heads();
            }
        }
        return WIDE.getOrDefault(width, width % USUAL_HEAD_DIM == 0 ? width / USUAL_HEAD_DIM : 0);
    }

    /** The image's size and which tokens have a position, from the rows of the position embeddings. */
    private void image(VitConfig.Builder builder) throws InputException {
        int rows = inference.positionRows();
        ImageSize image = merged.get(ConfigField.IMAGE);
        if (rows < 0) {
            if (image == null) {
                notes.add("an image of " + value(ConfigField.IMAGE) + " assumed; the weights do not tell");
            }
            return;
        }
        int prefix = (value(ConfigField.CLASS_TOKEN) ? 1 : 0) + (value(ConfigField.DISTILLATION_TOKEN) ? 1 : 0) + value(ConfigField.REGISTERS);
        int patch = value(ConfigField.PATCH);
        Positions positions = merged.get(ConfigField.POSITIONS);
        if (image != null) {
            long patches = (long) (image.height() / patch) * (image.width() / patch);
            boolean all = positions != Positions.LEARNED_PATCHES && rows == patches + prefix;
            boolean fits = all || positions != Positions.LEARNED && rows == patches;
            if (!fits && resample && patches <= (long) MOST_GROWTH * rows && image.height() % patch == 0 && image.width() % patch == 0) {
                all = positions != Positions.LEARNED_PATCHES && side(rows - prefix) > 0;
                int side = all ? side(rows - prefix) : positions == Positions.LEARNED ? 0 : side(rows);
                if (side > 0) {
                    storedSide = (int) Math.min((long) side * patch, Integer.MAX_VALUE);
                    builder.positions(all ? Positions.LEARNED : Positions.LEARNED_PATCHES);
                    notes.add("positions of a grid of " + side + "×" + side + " patches carried over to " + image + " pixels");
                    return;
                }
            }
            if (!all && (positions == Positions.LEARNED || rows != patches)) {
                throw inference.positionFault().expected(patches + prefix + " rows for " + image + " pixels, patch " + patch + " and " + prefix + " prefix tokens")
                        .found(rows).because("the position embeddings do not fit the image");
            }
            builder.positions(all ? Positions.LEARNED : Positions.LEARNED_PATCHES);
            return;
        }
        boolean all = positions != Positions.LEARNED_PATCHES && side(rows - prefix) > 0;
        int side = all ? side(rows - prefix) : positions == Positions.LEARNED ? 0 : side(rows);
        if (side == 0) {
            throw inference.positionFault().expected("a square number of patches, or the image's size in the configuration").found(rows)
                    .because("the image's size cannot be told from the position embeddings");
        }
        builder.positions(all ? Positions.LEARNED : Positions.LEARNED_PATCHES);
        long pixels = (long) side * patch;
        builder.image((int) Math.min(pixels, Integer.MAX_VALUE), (int) Math.min(pixels, Integer.MAX_VALUE));
    }

    /** The side of a square of so many patches; 0 if there is none. */
    private static int side(int patches) {
        int side = patches < 1 ? 0 : (int) Math.round(Math.sqrt(patches));
        return side * side == patches ? side : 0;
    }

    /** Labels of a model without a head are left over from pre-training configurations. */
    private List<String> labels(VitConfig vit) throws InputException {
        if (vit.classes() == 0 || stated.labels().isEmpty()) {
            return List.of();
        }
        return Labels.require(stated.raw().source(), stated.labels(), vit.classes());
    }
}
