package vit.model.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.LongStream;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.Positions;
import vit.model.image.Preprocessing;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;
import vit.model.positions.PositionResampling;
import vit.model.positions.SinCosPositions;
import vit.model.shapes.ShapeLearning;
import vit.model.train.DivergedException;
import vit.model.train.FineTuning;
import vit.model.train.Initialization;
import vit.model.train.Recipes;
import vit.model.train.Trainer;
import vit.model.train.TrainerOptions;
import vit.model.train.TrainingListener;
import vit.model.train.data.ImageFolder;
import vit.model.train.data.ImageSource;
import vit.model.train.data.Split;

/**
 * Trains the same small model once for every kind of position embeddings and every seed, and judges each on images that it has not seen: at the size it was
 * trained for, and at one and a half times that size.
 */
final class PositionComparison {

    /** The kinds by the names that the command line has for them. */
    static final Map<String, Positions> KINDS = new LinkedHashMap<>();

    static {
        KINDS.put("none", Positions.NONE);
        KINDS.put("learned", Positions.LEARNED);
        KINDS.put("axes", Positions.LEARNED_AXES);
        KINDS.put("sincos2d", Positions.SINCOS_2D);
        KINDS.put("sincos1d", Positions.SINCOS_1D);
    }

    /** The share of a folder's images that no model learns from. */
    private static final double HELD_OUT = 0.25;

    private final Path data; // or null
    private final int images;
    private final long[] seeds;
    private final int threads;
    private final StatusLine status;
    private int learned; // images that each model has learned from

    /**
     * A comparison.
     *
     * @param data    a folder of class folders, or null for drawn shapes
     * @param images  number of images that each model learns from, those of all epochs together
     * @param seed    the first of {@code seeds} seeds in a row
     * @param threads of each training
     */
    PositionComparison(Path data, int images, long seed, int seeds, int threads, StatusLine status) {
        this.data = data;
        this.images = images;
        this.seeds = LongStream.range(seed, seed + seeds).toArray();
        this.threads = threads;
        this.status = status;
    }

    /** What a kind reached, each with one value per seed. */
    private static final class Accuracies {
        private final List<Double> trained = new ArrayList<>();
        private final List<Double> resampled = new ArrayList<>();
        private final List<Double> computed = new ArrayList<>();
    }

    /** Trains all models, and returns a row for each kind. */
    TextTable run() throws IOException, DivergedException {
        TextTable table = null;
        for (Map.Entry<String, Positions> kind : KINDS.entrySet()) {
            Accuracies accuracies = new Accuracies();
            VitConfig config = null;
            for (long seed : seeds) {
                try (Trainer trainer = trainer(kind.getValue(), seed)) {
                    train(trainer, kind.getKey() + ", seed " + seed);
                    judge(trainer, accuracies);
                    config = trainer.config();
                }
            }
            if (table == null) {
                table = new TextTable("lrrrr").row("positions", "parameters", "at " + size(config), "at " + size(larger(config)) + ", resampled",
                        "at " + size(larger(config)) + ", computed");
            }
            table.row(kind.getKey(), String.format(Locale.ROOT, "%,d", Parameters.of(config).count()), text(accuracies.trained), text(accuracies.resampled),
                    text(accuracies.computed));
        }
        return table;
    }

    /** The number of images that each model has learned from, those of all epochs together: whole epochs of a folder. */
    int learned() {
        return learned;
    }

    private Trainer trainer(Positions positions, long seed) throws IOException {
        ShapeLearning shapes = ShapeLearning.demo().withSeed(seed);
        TrainerOptions options = TrainerOptions.threads(threads);
        if (data == null) {
            learned = images;
            VitConfig config = shapes.config().toBuilder().positions(positions).build();
            return shapes.withImagesPerEpoch(images / shapes.recipe().epochs()).withConfig(config).trainer(options);
        }
        ImageSource all = ImageFolder.open(data);
        Split split = Split.stratified(all, HELD_OUT, seed);
        VitConfig suiting = StartOptions.suiting(StartOptions.usualSide(all), split.classes().size());
        VitConfig config = shapes.config().toBuilder().image(suiting.imageHeight(), suiting.imageWidth()).patch(suiting.patch()).classes(suiting.classes())
                .positions(positions).build();
        int epochs = Math.max(1, images / split.training().size());
        learned = epochs * split.training().size();
        return Trainer.of(new Initialization(config, Initialization.Scheme.VIT_PYTORCH, seed), split,
                Preprocessing.named(StartOptions.DEFAULT_PREPROCESSING), Recipes.named("plain").withEpochs(epochs).withSeed(seed), options);
    }

    private void train(Trainer trainer, String name) throws IOException, DivergedException {
        trainer.train(new TrainingListener() {
            @Override
            public void step(long step, long steps, double loss) {
                status.show(String.format(Locale.ROOT, "%s: step %d of %d, loss %.3f", name, step, steps, loss));
            }
        });
        status.clear();
    }

    private static void judge(Trainer trainer, Accuracies accuracies) throws IOException {
        ParameterSource weights = trainer.weights();
        Positions positions = trainer.config().positions();
        accuracies.trained.add(trainer.evaluate().top1());
        if (positions.isLearned()) {
            accuracies.resampled.add(trainer.evaluate(enlarged(weights)).top1());
        } else {
            accuracies.computed.add(trainer.evaluate(enlarged(weights)).top1());
        }
        if (positions.isFixed()) {
            accuracies.resampled.add(trainer.evaluate(enlarged(new FixedAsTable(weights))).top1());
        }
    }

    /** The weights for larger images: learned positions resampled, others computed for the larger grid. */
    private static ParameterSource enlarged(ParameterSource weights) {
        VitConfig config = larger(weights.config());
        return FineTuning.of(weights, config.classes(), config.imageHeight(), config.imageWidth(), true, PositionResampling.TIMM);
    }

    /** The same model with one and a half times as many patches on each side. */
    private static VitConfig larger(VitConfig config) {
        return config.toBuilder().image((3 * config.gridHeight() + 1) / 2 * config.patch(), (3 * config.gridWidth() + 1) / 2 * config.patch()).build();
    }

    /** Weights whose fixed positions are presented as if they had been learned, so that they can be resampled. */
    private record FixedAsTable(ParameterSource fixed) implements ParameterSource {

        @Override
        public VitConfig config() {
            VitConfig config = fixed.config();
            return config.toBuilder().positions(config.positions() == Positions.SINCOS_2D ? Positions.LEARNED_PATCHES : Positions.LEARNED_CLASS_AND_PATCHES).build();
        }

        @Override
        public void read(Parameter parameter, float[] target) throws IOException {
            if (parameter.kind() == Parameter.Kind.POSITION) {
                float[] table = SinCosPositions.of(fixed.config());
                System.arraycopy(table, 0, target, 0, table.length);
            } else {
                fixed.read(parameter, target);
            }
        }
    }

    private static String size(VitConfig config) {
        return config.imageHeight() == config.imageWidth() ? config.imageHeight() + " px" : config.imageHeight() + "×" + config.imageWidth() + " px";
    }

    /** The mean, and the smallest and the largest value if there are several. */
    private static String text(List<Double> values) {
        if (values.isEmpty()) {
            return "";
        }
        double mean = values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
        return values.size() == 1 ? String.format(Locale.ROOT, "%.3f", mean) : String.format(Locale.ROOT, "%.3f (%.3f to %.3f)", mean,
                values.stream().mapToDouble(Double::doubleValue).min().orElseThrow(), values.stream().mapToDouble(Double::doubleValue).max().orElseThrow());
    }
}
