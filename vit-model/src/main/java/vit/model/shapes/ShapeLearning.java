package vit.model.shapes;

import java.io.IOException;
import vit.kernels.optim.Adam;
import vit.model.Optimizer;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.image.Preprocessing;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.positions.SinCosPositions;
import vit.model.train.Initialization;
import vit.model.train.Recipe;
import vit.model.train.Schedule;
import vit.model.train.Trainer;
import vit.model.train.TrainerOptions;
import vit.model.train.data.Split;

/**
 * How a model is trained on drawn shapes: the training of the shipped model, and the small one of {@code vit demo}. Immutable.
 *
 * @param config          the model
 * @param recipe          how it is trained
 * @param imagesPerEpoch  images per epoch, which are drawn anew in every epoch
 * @param validation      number of images held out; they have another seed
 * @param difficulty      see {@link ShapeImages}
 * @param ramp            number of epochs until that difficulty is reached
 * @param sinCosStart     whether the one table of learned positions starts as the 2-D sines and cosines, so that the model need not learn which patches
 *                        are neighbours; otherwise learned positions start as noise
 */
public record ShapeLearning(VitConfig config, Recipe recipe, int imagesPerEpoch, int validation, double difficulty, int ramp,
        boolean sinCosStart) {

    /** The preprocessing of all drawn images: short side to the model's size, centre, [−1, 1]. */
    public static final String PREPROCESSING = "shapes";

    private static final long HELD_OUT = 0x5EED_0F_7E57L;

    /** The training that made the model in the jar, by {@code vit demo --full}. */
    public static ShapeLearning shipped() {
        VitConfig config = VitConfig.builder().image(32, 32).patch(4).width(64).depth(6).heads(4).classes(ShapeKind.values().length)
                .classToken(false).pooling(Pooling.PATCH_MEAN).finalNorm(FinalNorm.AFTER_POOLING).build();
        return new ShapeLearning(config, recipe("shipped", 16, 2e-3, 0.998), 16_008, 2400, 1, 4, true);
    }

    /** A training of about a minute on two cores: small images and little clutter; positions start as noise. */
    public static ShapeLearning demo() {
        VitConfig config = VitConfig.builder().image(32, 32).patch(4).width(64).depth(4).heads(4).classes(ShapeKind.values().length)
                .classToken(false).pooling(Pooling.PATCH_MEAN).finalNorm(FinalNorm.AFTER_POOLING).build();
        return new ShapeLearning(config, recipe("demo", 8, 2e-3, 0.99), 4080, 480, 0.1, 4, false);
    }

    private static Recipe recipe(String name, int epochs, double rate, double average) {
        Optimizer optimizer = new Optimizer(null, new Adam(0.9, 0.99, 1e-8, true), 0.05, false, 1);
        return Recipe.plain(epochs, 32, rate).withName(name).withOptimizer(optimizer).withSchedule(Schedule.cosine(rate, 0.03)).withClip(1)
                .withAverage(average).withLabelSmoothing(0.05);
    }

    /** The same with another number of images per epoch. */
    public ShapeLearning withImagesPerEpoch(int images) {
        return new ShapeLearning(config, recipe, images, validation, difficulty, ramp, sinCosStart);
    }

    /** The same with positions that start as the sine and cosine table. */
    public ShapeLearning withSinCosStart() {
        return new ShapeLearning(config, recipe, imagesPerEpoch, validation, difficulty, ramp, true);
    }

    /** The same with another seed, that is with other images and other initial weights. */
    public ShapeLearning withSeed(long seed) {
        return new ShapeLearning(config, recipe.withSeed(seed), imagesPerEpoch, validation, difficulty, ramp, sinCosStart);
    }

    /** The same by another recipe. */
    public ShapeLearning withRecipe(Recipe other) {
        return new ShapeLearning(config, other, imagesPerEpoch, validation, difficulty, ramp, sinCosStart);
    }

    /** The same with another model. */
    public ShapeLearning withConfig(VitConfig other) {
        return new ShapeLearning(other, recipe, imagesPerEpoch, validation, difficulty, ramp, sinCosStart);
    }

    /** Images of the kind that the model learns, from a seed that neither training nor validation uses. */
    public ShapeImages fresh() {
        return new ShapeImages(recipe.seed() ^ HELD_OUT ^ 1, config.imageHeight(), difficulty);
    }

    /** The images to train on and those to validate with. */
    public Split split() {
        int side = config.imageHeight();
        return new Split(new ShapeSource(recipe.seed(), side, imagesPerEpoch, difficulty, ramp, true),
                new ShapeSource(recipe.seed() ^ HELD_OUT, side, validation, difficulty, 1, false));
    }

    /** A new trainer, before its first step. */
    public Trainer trainer(TrainerOptions options) throws IOException {
        return Trainer.of(start(), split(), Preprocessing.named(PREPROCESSING), recipe, options.withCacheBytes(0));
    }

    private ParameterSource start() {
        ParameterSource start = new Initialization(config, Initialization.Scheme.MOCO, recipe.seed());
        return sinCosStart && config.positions().isTable() ? new SinCosStart(start) : start;
    }

    /** Other weights whose positions are the 2-D sine and cosine table; those of prefix tokens are unchanged. */
    private record SinCosStart(ParameterSource others) implements ParameterSource {

        @Override
        public VitConfig config() {
            return others.config();
        }

        @Override
        public void read(Parameter parameter, float[] target) throws IOException {
            others.read(parameter, target);
            if (parameter.kind() == Parameter.Kind.POSITION) {
                float[] table = SinCosPositions.table(config().gridHeight(), config().gridWidth(), config().width());
                System.arraycopy(table, 0, target, Math.toIntExact(parameter.shape().size()) - table.length, table.length);
            }
        }
    }
}
