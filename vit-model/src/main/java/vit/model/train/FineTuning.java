package vit.model.train;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.Objects;
import vit.model.config.AttentionConfig.RelativePositions;
import vit.model.config.HeadConfig;
import vit.model.config.Scores;
import vit.model.config.VitConfig;
import vit.model.config.VitConfigBuilder;
import vit.model.image.Preprocessing;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;
import vit.model.positions.PositionResampling;
import vit.model.positions.RelativeResampling;
import vit.model.weights.Weights;

/**
 * Trained weights, prepared for other classes or another image size as google-research/vision_transformer does it: the head becomes zero, unless it
 * already has these classes; learned positions are resampled to the new grid; a pre-logits layer is dropped, and so is DeiT's distillation token with
 * its head and position. Training uses one label per image, so the scores become those of a softmax. Each parameter is read from the trained weights
 * only when it is asked for.
 */
public final class FineTuning implements ParameterSource {

    /** The note for a model whose scores were those of several labels per image. */
    public static final String NEW_SCORES = "the scores become those of a softmax: an image of a class folder has one label";

    /** Families whose names have a place for a classifier on the model as it was pre-trained. */
    private static final Set<String> NAMES_A_CLASSIFIER = Set.of("timm", "dino", "dino-registers", "huggingface", "huggingface-v5", "huggingface-beit", "torchvision",
            "jax", "vit-pytorch", "vit-pytorch-simple");

    private final ParameterSource trained;
    private final VitConfig config;
    private final PositionResampling method;
    private final RelativeResampling relativeMethod;
    private final boolean newHead;

    private FineTuning(ParameterSource trained, VitConfig config, PositionResampling method, RelativeResampling relativeMethod, boolean newHead) {
        this.trained = trained;
        this.config = config;
        this.method = Objects.requireNonNull(method, "method");
        this.relativeMethod = relativeMethod;
        this.newHead = newHead;
    }

    /**
     * A file's weights for {@code classes} classes and images of {@code height} × {@code width}. Positions are resampled by the methods of its family.
     *
     * @param keepHead as in {@link #of(ParameterSource, int, int, int, boolean, PositionResampling)}
     * @throws IllegalArgumentException if the patches do not fit the image
     */
    public static FineTuning of(Weights trained, int classes, int height, int width, boolean keepHead) {
        return of(trained, classes, height, width, keepHead, trained.positionResampling(), trained.relativeResampling());
    }

    /**
     * Weights for {@code classes} classes and images of {@code height} × {@code width}. Relative positions are resampled as timm does.
     *
     * @param keepHead whether the head may be kept if it has the wanted classes; it is reset in any case if it followed a pre-logits layer
     * @param method   the resampling method of the weights' source
     * @throws IllegalArgumentException if the patches do not fit the image
     */
    public static FineTuning of(ParameterSource trained, int classes, int height, int width, boolean keepHead, PositionResampling method) {
        return of(trained, classes, height, width, keepHead, method, RelativeResampling.GEOMETRIC);
    }

    private static FineTuning of(ParameterSource trained, int classes, int height, int width, boolean keepHead, PositionResampling method,
            RelativeResampling relativeMethod) {
        VitConfig old = trained.config();
        boolean another = height != old.imageHeight() || width != old.imageWidth();
        if (another && !old.stem().covers(height, width)) {
            throw new IllegalArgumentException("images of " + height + "×" + width + " pixels are not made of whole patches of " + old.patch());
        }
        boolean newHead = !keepHead || old.classes() != classes || old.preLogits() || old.isProjection();
        VitConfigBuilder builder = classifier(old, classes).image(height, width);
        if (newHead) {
            builder.headBias(true);
        }
        return new FineTuning(trained, builder.build(), method, relativeMethod, newHead);
    }

    /**
     * The model {@code old} with a layer for {@code classes} classes in the place of its own, of its projection, or of none. There is no distillation token,
     * no pre-logits layer, and a softmax. If the family's names have no place for such a layer, the model has those of timm.
     */
    public static VitConfigBuilder classifier(VitConfig old, int classes) {
        VitConfigBuilder builder = old.toBuilder().classes(classes).distillationToken(false).preLogits(false).scores(null);
        if (old.classes() == 0 || old.isProjection()) {
            builder.head(HeadConfig.Kind.CLASSIFIER).headBias(true);
            if (!NAMES_A_CLASSIFIER.contains(old.family())) {
                builder.family("timm"); // whose names hold a classifier on any model
            }
        }
        return builder;
    }

    @Override
    public VitConfig config() {
        return config;
    }

    /** The labels of the trained weights if their head is kept. */
    @Override
    public List<String> labels() {
        return newHead ? List.of() : trained.labels();
    }

    @Override
    public Preprocessing preprocessing() throws IOException {
        return trained.preprocessing().forImage(config.imageHeight(), config.imageWidth());
    }

    /** Whether the head starts from zero. */
    public boolean hasNewHead() {
        return newHead;
    }

    /** Why the head of the trained weights is not kept. */
    private String reason(VitConfig old) {
        if (old.classes() == 0) {
            return "the weights have none";
        }
        if (old.isProjection()) {
            return "the weights have a projection in its place, which is left out";
        }
        if (old.classes() != config.classes()) {
            return "the weights have " + counted(old.classes()) + ", the images " + config.classes();
        }
        return old.preLogits() ? "the old one stands on a pre-logits layer" : "as asked for";
    }

    private static String counted(int classes) {
        return classes + (classes == 1 ? " class" : " classes");
    }

    /** What differs from the trained weights, one sentence per difference. */
    public List<String> changes() {
        VitConfig old = trained.config();
        List<String> changes = new ArrayList<>();
        if (newHead) {
            changes.add("the head starts from zero: " + reason(old));
        }
        boolean learned = old.positions().isLearned() || old.block().attention().relative() != RelativePositions.NONE;
        if (learned && (old.gridHeight() != config.gridHeight() || old.gridWidth() != config.gridWidth())) {
            changes.add("positions of " + old.gridHeight() + "×" + old.gridWidth() + " patches are resampled to " + config.gridHeight() + "×"
                    + config.gridWidth());
        }
        if (old.scores() == Scores.SIGMOID) {
            changes.add(NEW_SCORES);
        }
        if (old.distillationToken()) {
            changes.add("the distillation token with its head is left out");
        }
        if (old.preLogits()) {
            changes.add("the pre-logits layer is left out");
        }
        return changes;
    }

    @Override
    public void read(Parameter parameter, float[] target) throws IOException {
        if (newHead && parameter.name().startsWith(Parameters.HEAD + ".")) {
            java.util.Arrays.fill(target, 0, Math.toIntExact(parameter.shape().size()), 0);
        } else if (parameter.kind() == Parameter.Kind.POSITION || parameter.kind() == Parameter.Kind.RELATIVE_POSITION) {
            VitConfig from = trained.config();
            Parameter old = Parameters.of(from).find(parameter.name());
            float[] table = new float[Math.toIntExact(old.shape().size())];
            trained.read(old, table);
            float[] carried = parameter.kind() == Parameter.Kind.POSITION ? method.resample(parameter.name(), table, from, config)
                    : relativeMethod.resample(table, from, config);
            System.arraycopy(carried, 0, target, 0, carried.length);
        } else {
            trained.read(parameter, target);
        }
    }
}
