package vit.model.weights;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import vit.model.InputException;
import vit.model.LoadOptions;
import vit.model.config.HeadConfig;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;
import vit.model.config.VitConfigBuilder;
import vit.model.config.VitVariants;
import vit.model.weights.config.ConfigField;
import vit.model.weights.config.ConfigField.ImageSize;
import vit.model.weights.config.ConfigFields;
import vit.model.weights.config.ConfigFile;
import vit.model.weights.config.Labels;
import vit.model.weights.family.Inference;
import vit.model.weights.family.WeightFamily;

/**
 * Makes one configuration from three sources, in this order of precedence: what a {@code config.json} states, what the shapes of tensors show, and the
 * family's defaults. A statement and a shape must agree. "To tell", in this package, is to determine a value from the tensors.
 */
final class ConfigResolver {

    /** A configuration beyond these bounds is a mistake or an attack: no ViT has more than 10^11 parameters. */
    private static final int MAX_DEPTH = 4096;
    private static final double MAX_PARAMETERS = 1e11;

    /** By width, the heads of published models whose heads are not 64 wide. */
    private static final Map<Integer, Integer> WIDE = Map.of(1408, 16, 1664, 16);

    private static final int USUAL_HEAD_DIM = 64;

    private final ConfigFile stated;
    private final Inference inference; // null: there are no weights
    private final WeightFamily family;
    private final List<String> warnings;
    private final LoadOptions options;
    private final LoadOptions asked;
    private final boolean resample;
    private final ConfigFields merged = new ConfigFields();
    private final VitConfig defaults;
    private final Map<ConfigField<?>, String> settled = new HashMap<>(); // the origins of values that are not in merged
    private ImageSize storedImage; // the image that the weights' positions are for; null: that of the model

    /**
     * @param inference null if there are no weights
     * @param warnings  receives what was assumed
     * @param options   may ask for another image
     * @param asked     what the caller asked for: {@code options}, unless the files' preprocessing gives the image
     * @param resample  whether the configuration may state another image than the one that the positions are for
     */
    ConfigResolver(ConfigFile stated, Inference inference, WeightFamily family, List<String> warnings, LoadOptions options,
            LoadOptions asked, boolean resample) {
        this.stated = stated;
        this.options = options;
        this.asked = asked;
        this.resample = resample || stated.form() == ConfigFile.Form.TIMM; // as timm does
        this.inference = inference;
        this.family = family;
        this.warnings = warnings;
        this.defaults = family.defaults().build();
        warnings.addAll(stated.warnings());
    }

    /**
     * The configuration.
     *
     * @throws InputException if statements and shapes contradict one another or make no model, or if no source has a value that is needed
     */
    ModelConfig resolve() throws InputException {
        VitConfigBuilder builder = family.defaults();
        merge();
        if (inference == null && !merged.has(ConfigField.FINAL_NORM)) {
            builder.finalNorm(family.finalNorm(value(ConfigField.POOL)));
        }
        merged.applyTo(builder);
        bound();
        heads(builder);
        VitConfig vit;
        try {
            image(builder);
            vit = builder.build();
            warnOfBorder(vit);
        } catch (IllegalArgumentException e) {
            throw fault().cause(e).expected("values that make a model").found(e.getMessage()).because("the configuration is impossible");
        }
        return new ModelConfig(vit, labels(vit));
    }

    /** For each field of the configuration that was resolved, where its value comes from. */
    Map<String, String> origins() {
        Map<String, String> origins = new LinkedHashMap<>();
        for (ConfigField<?> field : ConfigField.ALL) {
            String origin = settled.getOrDefault(field, merged.origin(field));
            origins.put(field.name(), origin != null ? origin : Recognition.USUAL + family.id());
        }
        return origins;
    }

    /** Warns of pixels at the border that no patch covers; the other libraries leave them out in silence. */
    private void warnOfBorder(VitConfig vit) {
        if (!vit.stem().covers(vit.imageHeight(), vit.imageWidth())) {
            int rows = vit.imageHeight() % vit.patch();
            int columns = vit.imageWidth() % vit.patch();
            warnings.add("the last " + rows + " rows and " + columns + " columns of an image are not seen, because patches of " + vit.patch() + " pixels do not cover "
                    + vit.imageHeight() + "×" + vit.imageWidth());
        }
    }

    /** Merges the sources, the weakest first: what is usual for such a file, what the architecture's name implies, what shapes tell, what is stated. */
    private void merge() throws InputException {
        if (inference == null) {
            merged.putAll(stated.implied());
            merged.putAll(stated.fields());
            return;
        }
        ConfigFields told = inference.told();
        Positions positions = stated.fields().has(ConfigField.POSITIONS) ? stated.fields().get(ConfigField.POSITIONS) : stated.implied().get(ConfigField.POSITIONS);
        if (positions == null || positions.isLearned()) {
            inference.requirePositions(positions == Positions.LEARNED_AXES);
        }
        stated.fields().mustAgreeWith(told);
        Positions said = stated.fields().get(ConfigField.POSITIONS);
        if (said != null && !said.isTable() && inference.positionRows() >= 0) {
            throw stated.fields().fault(ConfigField.POSITIONS).expected("learned positions, as the weights have a table of " + inference.positionRows() + " rows")
                    .found(said).because("the configuration contradicts the weights");
        }
        merged.putAll(inference.suggested());
        ConfigFields implied = new ConfigFields();
        implied.putAll(stated.implied());
        if (told.get(ConfigField.FINAL_NORM) == FinalNorm.AFTER_POOLING && implied.get(ConfigField.POOL) == Pooling.TOKEN && !stated.fields().has(ConfigField.FINAL_NORM)) {
            implied.remove(ConfigField.POOL);
            warnings.add("the mean of the patches is pooled, as the weights' fc_norm has it; the architecture's name stands for the class token");
        }
        merged.putAll(implied);
        List<String> differences = told.differences(implied);
        if (stated.form() == ConfigFile.Form.TIMM && !differences.isEmpty()) {
            warnings.add("the weights differ from the architecture that is named: " + String.join(", ", differences));
        }
        if (stated.form() == ConfigFile.Form.HUGGING_FACE) {
            List<String> tokens = told.differences(implied.only(List.of(ConfigField.CLASS_TOKEN, ConfigField.DISTILLATION_TOKEN, ConfigField.REGISTERS)));
            if (!tokens.isEmpty() && !stated.fields().has(ConfigField.REGISTERS)) {
                warnings.add("the weights differ from the model that the configuration names: " + String.join(", ", tokens));
            }
        }
        merged.putAll(told);
        merged.putAll(stated.fields());
        if (stated.form() == ConfigFile.Form.TIMM && !stated.fields().has(ConfigField.FINAL_NORM) && !stated.implied().has(ConfigField.FINAL_NORM)) {
            warnOfNorm(told.get(ConfigField.FINAL_NORM));
        }
        if (stated.form() == ConfigFile.Form.NONE) {
            assumed();
        }
    }

    /** Warns of a final norm that stands elsewhere than timm would put it for this pooling; timm would not load such weights. */
    private void warnOfNorm(FinalNorm found) {
        FinalNorm usual = family.finalNorm(value(ConfigField.POOL));
        if (found != null && found != usual) {
            boolean after = found == FinalNorm.AFTER_POOLING;
            warnings.add("the final norm stands " + (after ? "after" : "before") + " pooling, as the weights' " + (after ? "fc_norm" : "norm")
                    + " has it; for this pooling timm has " + (after ? "norm before it" : "fc_norm after it") + " unless model_args.fc_norm is " + after);
        }
    }

    /** Warns of the conventions that were assumed because no file states them. */
    private void assumed() {
        VitConfigBuilder builder = family.defaults().head(HeadConfig.Kind.CLASSIFIER).classes(0);
        if (merged.has(ConfigField.POOL)) {
            boolean told = merged.has(ConfigField.CLASS_TOKEN) && merged.get(ConfigField.CLASS_TOKEN); // a mean may leave out a token that is there
            builder.pooling(merged.get(ConfigField.POOL)).classToken(told || merged.get(ConfigField.POOL) == Pooling.TOKEN);
        }
        List<String> conventions = new ArrayList<>(family.unstatedConventions(builder.build()));
        if (value(ConfigField.BACKBONE).width() > 0) {
            conventions.add(ConfigField.BACKBONE_GROUPS + " " + value(ConfigField.BACKBONE_GROUPS));
        }
        if (!conventions.isEmpty()) {
            warnings.add(String.join(", ", conventions) + " assumed, as is usual for " + family.id() + "; the weights do not tell");
        }
    }

    /** {@code resolved} with the image that the weights' positions are for. */
    VitConfig stored(VitConfig resolved) throws InputException {
        try {
            return storedImage == null ? resolved : resolved.toBuilder().image(storedImage.height(), storedImage.width()).build();
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

    /**
     * Sets the heads. Shapes show them only in a family that keeps them apart. In the others the configuration decides, and without one the usual width
     * of a head.
     */
    private void heads(VitConfigBuilder builder) throws InputException {
        int width = value(ConfigField.WIDTH);
        int inner = inference != null && inference.inner() > 0 ? inference.inner() : 0;
        Integer heads = merged.get(ConfigField.HEADS);
        Integer headDim = merged.get(ConfigField.HEAD_DIM);
        Integer namedWidth = stated.implied().get(ConfigField.WIDTH);
        boolean ofAnotherWidth = namedWidth != null && namedWidth != width && !stated.fields().has(ConfigField.HEADS) && !stated.fields().has(ConfigField.WIDTH);
        if (heads == null && headDim != null && inner > 0 && inner % headDim == 0) {
            heads = inner / headDim;
            settled.put(ConfigField.HEADS, inference.innerOrigin());
        }
        if (heads == null || ofAnotherWidth) {
            settled.put(ConfigField.HEADS, "assumed from the width");
            heads = usualHeads(inner > 0 ? inner : width, ofAnotherWidth ? "an architecture of width " + namedWidth + ", and weights of width " + width : null);
        }
        builder.heads(heads);
        if (inner > 0) {
            boolean fits = headDim == null ? inner % heads == 0 : (long) heads * headDim == inner;
            if (!fits) {
                throw inference.innerFault().expected(heads + " heads" + (headDim == null ? "" : " of " + headDim)).found("a width of " + inner + " inside attention")
                        .because("the heads do not fit the weights");
            }
            builder.headDim(inner / heads);
            settled.put(ConfigField.HEAD_DIM, inference.innerOrigin());
        }
    }

    /**
     * The number of heads that is usual for this width. It is a guess, allowed only without a configuration, or with one of our own form for a
     * model that is to be trained; any other configuration must state the heads.
     */
    private int usualHeads(int width, String contradiction) throws InputException {
        boolean none = stated.form() == ConfigFile.Form.NONE || stated.form() == ConfigFile.Form.OWN && inference == null;
        int usual = none ? usualHeads(width) : 0;
        if (usual == 0) {
            String field = stated.form().headsField();
            throw (none ? fault().tensor(field) : stated.raw().fault(field)).expected("the number of heads in the configuration, field " + field)
                    .found(contradiction != null ? contradiction : none ? "a width of " + width + ", not a multiple of 64" : "neither that field nor an architecture that is known")
                    .because("the heads cannot be told from the weights");
        }
        warnings.add(usual + " heads assumed from the width " + width + "; the weights do not tell");
        return usual;
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
    private void image(VitConfigBuilder builder) throws InputException {
        if (inference != null && inference.axisRows() >= 0) {
            image(builder, new AxisGrid(inference, onePatch(builder).stem()));
            return;
        }
        if (inference != null && inference.positionRows() < 0 && inference.relativeRows() >= 0) {
            image(builder, new RelativeGrid(inference, onePatch(builder).stem(), warnings));
            return;
        }
        if (inference == null || inference.positionRows() < 0) {
            if (options.hasImage()) {
                builder.image(options.imageHeight(), options.imageWidth());
                settled.put(ConfigField.IMAGE, options == asked ? "the image size that was asked for" : "the preprocessing");
            } else if (inference != null && !merged.has(ConfigField.IMAGE)) {
                warnings.add("an image of " + value(ConfigField.IMAGE) + " assumed; the weights do not tell");
            }
            return;
        }
        ImageSize implied = stated.implied().get(ConfigField.IMAGE);
        PositionGrid.Grid grid = new PositionGrid(inference, family, onePatch(builder), merged.get(ConfigField.POSITIONS), warnings)
                .resolve(stated.fields().get(ConfigField.IMAGE), implied, options, resample);
        builder.positions(grid.positions()).image(grid.image().height(), grid.image().width());
        settle(ConfigField.POSITIONS, grid.positions());
        settle(ConfigField.IMAGE, grid.image());
        if (!grid.stored().equals(grid.image())) {
            storedImage = grid.stored();
        }
    }

    /** The model for an image of one patch, which says how many patches other images have. */
    private VitConfig onePatch(VitConfigBuilder builder) {
        int patch = value(ConfigField.PATCH) * value(ConfigField.BACKBONE).stride();
        return builder.image(patch, patch).build();
    }

    /** The image's size where no table with a row for every token tells it: from tables by axis, or from relative positions if they are the only ones. */
    private void image(VitConfigBuilder builder, TableGrid grid) throws InputException {
        ImageSize wanted = options.hasImage() ? new ImageSize(options.imageHeight(), options.imageWidth()) : null;
        ImageSize said = stated.fields().get(ConfigField.IMAGE);
        ImageSize target = wanted != null ? wanted : said;
        ImageSize table = grid.stored(target, said, stated.implied().get(ConfigField.IMAGE), wanted);
        ImageSize image = target == null ? table : target;
        if (!table.equals(image)) {
            if (wanted == null && !resample) {
                throw grid.misfit(image);
            }
            storedImage = table;
        }
        builder.image(image.height(), image.width());
        settle(ConfigField.IMAGE, image);
    }

    /** Notes the origin of a value that a table of positions may have determined. */
    private <T> void settle(ConfigField<T> field, T value) {
        if (field == ConfigField.IMAGE && options.hasImage()) {
            settled.put(field, options == asked ? "the image size that was asked for" : "the preprocessing");
        } else if (!value.equals(merged.get(field))) {
            settled.put(field, inference.positionOrigin());
        }
    }

    /** A note that positions were resampled from another grid; null if they were not. */
    String carriedOver(VitConfig resolved) {
        return storedImage == null ? null : "positions of a grid of " + resolved.stem().patchesAlong(storedImage.height()) + "×" + resolved.stem().patchesAlong(storedImage.width())
                + " patches carried over to " + resolved.imageHeight() + "×" + resolved.imageWidth() + " pixels";
    }

    /** The labels. In the configuration of a model without a head they are left over from pre-training, and are dropped. */
    private List<String> labels(VitConfig vit) throws InputException {
        if (vit.classes() == 0 || stated.labels().isEmpty()) {
            return List.of();
        }
        return Labels.require(stated.raw().source(), stated.labels(), vit.classes());
    }
}
