package vit.model.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import vit.kernels.simd.Simd;
import vit.model.AttentionMaps;
import vit.model.Prediction;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.config.VitConfig;
import vit.model.evaluate.plot.ConfusionPicture;
import vit.model.image.Preprocessing;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;
import vit.model.plot.Picture;
import vit.model.plot.Sheet;
import vit.model.shapes.ShapeImage;
import vit.model.shapes.ShapeImages;
import vit.model.shapes.ShapeKind;
import vit.model.shapes.ShapeLearning;
import vit.model.train.DivergedException;
import vit.model.train.EpochReport;
import vit.model.train.Trainer;
import vit.model.train.TrainerOptions;
import vit.model.train.TrainingListener;
import vit.model.train.plot.LossCurve;
import vit.model.visualise.AttentionRollout;
import vit.model.visualise.PatchMap;
import vit.model.visualise.Pictures;
import vit.model.visualise.PooledAttention;
import vit.model.visualise.PositionSimilarity;
import vit.model.visualise.TextPicture;
import vit.model.weights.ModelConfig;
import vit.model.weights.WeightsWriter;
import vit.model.weights.format.AtomicFile;

/** {@code vit demo}: trains a model from scratch on images that it draws, and shows the result. */
@Command(name = "demo", sortOptions = false, description = {
    "Train a small model from scratch on drawn images, classify fresh ones, and leave pictures of what it has learned.",
    "The same seed and seconds give the same model, bit for bit, at any number of threads."})
final class Demo implements Callable<Integer> {

    /** The approximate time for the built-in number of images on two cores. */
    private static final int USUAL_SECONDS = 60;

    private static final int LEAST_IMAGES = 36; // per epoch: three of each class

    private static final int MOST_IMAGES = 1_000_000; // an epoch

    /** The recipe softens the labels and averages the weights, see {@link ShapeLearning#demo()}. */
    private static final String VALIDATION_NOTE = "Validation can be better than training: training is counted while the weights still change and"
            + " with softened labels, validation after each epoch with the average of the weights.";

    @Option(names = "--seconds", paramLabel = "S",
            description = "Approximate training time on two cores, in seconds, which decides the number of images; default: " + USUAL_SECONDS + ".")
    private Double seconds;

    @Option(names = "--output", paramLabel = "DIR", defaultValue = "vit-demo",
            description = "Folder for pictures and model, created if necessary; default: ${DEFAULT-VALUE}.")
    private Path output;

    @Mixin
    private ThreadsOption threads;

    @Option(names = "--seed", paramLabel = "S", defaultValue = "1", description = "Seed of images and weights; default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(names = "--full", description = "Train the model that ships with the program instead, on the same number of images on every machine.")
    private boolean full;

    @ParentCommand
    private Vit vit;

    @Spec
    private CommandSpec spec;

    private PrintWriter out;

    @Override
    public Integer call() throws CommandException, IOException, DivergedException {
        if (full && seconds != null) {
            throw new ParameterException(spec.commandLine(),
                    "--full always trains on the same number of images, and --seconds chooses that number: only one of them can be given");
        }
        imagesPerEpoch(ShapeLearning.demo()); // refuses a bad number before anything is written
        out = spec.commandLine().getOut();
        PictureFolder folder = PictureFolder.open(output);
        ShapeLearning learning = plan();
        folder.write("shapes.png", "some of the images that it learned from, one column per class", sheet(learning.fresh().withSeed(seed)));
        List<EpochReport> epochs = new ArrayList<>();
        try (Trainer trainer = learning.trainer(TrainerOptions.threads(threads.count()))) {
            out.println(EpochTable.HEADER);
            out.flush();
            trainer.train(new TrainingListener() {
                @Override
                public void step(long step, long steps, double loss) {
                    vit.status().show(String.format(Locale.ROOT, "step %d of %d, loss %.3f", step, steps, loss));
                }

                @Override
                public void epoch(EpochReport report) throws IOException {
                    vit.status().clear();
                    out.println(EpochTable.row(report));
                    out.flush();
                    epochs.add(report);
                    save(trainer.weights());
                }
            });
            out.println(VALIDATION_NOTE);
            out.flush();
            folder.write("loss.png", "loss and accuracy by epoch", LossCurve.draw(epochs));
            folder.write("confusion.png", "confusion matrix of the images held out", ConfusionPicture.draw(trainer.evaluate().confusion()));
        }
        show(learning, folder);
        return Vit.DONE;
    }

    /** Decides what to train and for how long, and prints it. */
    private ShapeLearning plan() {
        ShapeLearning learning = (full ? ShapeLearning.shipped() : ShapeLearning.demo()).withSeed(seed);
        if (!full) {
            learning = learning.withImagesPerEpoch(imagesPerEpoch(learning));
        }
        VitConfig c = learning.config();
        out.println(String.format(Locale.ROOT, "A ViT of %d blocks of width %d, %d heads, %d patches of %d×%d pixels: %,d parameters",
                c.depth(), c.width(), c.heads(), c.patches(), c.patch(), c.patch(), Parameters.of(c).count()));
        out.println(String.format(Locale.ROOT, "learns %d kinds of shapes from %d epochs of %,d drawn images, new ones each time; %d thread%s, vectors of %d bits",
                c.classes(), learning.recipe().epochs(), learning.imagesPerEpoch(), threads.count(), threads.count() == 1 ? "" : "s", Simd.BITS));
        out.println();
        return learning;
    }

    private int imagesPerEpoch(ShapeLearning usual) {
        if (seconds == null) {
            return usual.imagesPerEpoch();
        }
        double images = usual.imagesPerEpoch() * seconds / USUAL_SECONDS;
        if (!(images >= LEAST_IMAGES && images <= MOST_IMAGES)) {
            double second = (double) USUAL_SECONDS / usual.imagesPerEpoch();
            throw new ParameterException(spec.commandLine(), String.format(Locale.ROOT, "Invalid value for option '--seconds': expected %.1f to %.0f, found %s",
                    Math.ceil(10 * LEAST_IMAGES * second) / 10, Math.floor(MOST_IMAGES * second), seconds));
        }
        return (int) images;
    }

    /** Saves weights, configuration and labels in the form that every command takes. */
    private void save(ParameterSource weights) throws IOException {
        WeightsWriter.write(output.resolve("model.safetensors"), weights, Map.of());
        ModelConfig config = new ModelConfig(weights.config(), ShapeKind.labels());
        AtomicFile.write(output.resolve("config.json"),
                config.toJson(Map.of("preprocess", ShapeLearning.PREPROCESSING)).getBytes(StandardCharsets.UTF_8));
    }

    /** A sheet of images with one column per class. */
    private static Picture sheet(ShapeImages images) {
        List<String> labels = ShapeKind.labels();
        Sheet sheet = new Sheet("Some of the images that the model learned from").columns(labels);
        for (int i = 0; i < 6 * labels.size(); i++) {
            sheet.cell(Picture.of(images.image(i).image()).smooth(96, 96));
        }
        return sheet.draw(labels.size());
    }

    /** Classifies fresh images and draws the pictures of the model. */
    private void show(ShapeLearning learning, PictureFolder folder) throws IOException, CommandException {
        try (VitModel model = VitModel.load(output.resolve("model.safetensors"));
                VitSession session = model.newSession(SessionOptions.threads(threads.count()))) {
            ShapeImages images = learning.fresh();
            ShapeImage shown = classify(session, images);
            Preprocessing preprocessing = model.preprocessing();
            VitConfig config = model.config();
            float[] pixels = preprocessing.apply(shown.image(), config.imageHeight(), config.imageWidth());
            AttentionMaps maps = session.attention(pixels);
            PatchMap rollout = PooledAttention.of(config, AttentionRollout.of(maps));
            ModelPictures.writeRollout(Pictures.seen(pixels, config, preprocessing.normalization()), rollout, config, folder);
            ModelPictures.writeAttention(maps, null, folder);
            ModelPictures.writeModel(model, folder);
            out.println();
            out.println("Where it looks: attention rollout over the " + shown.kind().label() + " in rollout.png");
            out.println(TextPicture.of(rollout).indent(2));
            int middle = config.gridHeight() / 2 * config.gridWidth() + config.gridWidth() / 2;
            out.println("What it has learned of space: similarity of the position in row " + config.gridHeight() / 2 + ", column "
                    + config.gridWidth() / 2 + " with all others");
            out.println(TextPicture.of(similarity(model, middle)).indent(2));
        }
        folder.list(out);
        out.println("to classify images with this model: vit classify --weights " + output.resolve("model.safetensors") + " IMAGE");
    }

    private static PatchMap similarity(VitModel model, int patch) throws IOException {
        VitConfig config = model.config();
        double[] row = new double[config.patches()];
        System.arraycopy(PositionSimilarity.of(model), patch * row.length, row, 0, row.length);
        return new PatchMap(config.gridHeight(), config.gridWidth(), row);
    }

    /**
     * Prints one fresh image per class. Returns the image that the model classifies correctly with the highest probability, or the first one if there
     * is none.
     */
    private ShapeImage classify(VitSession session, ShapeImages images) throws IOException {
        TextTable table = new TextTable("lllr");
        table.row("", "drawn", "taken for", "probability");
        ShapeImage best = images.image(0);
        double surest = 0;
        int right = 0;
        for (int i = 0; i < ShapeKind.values().length; i++) {
            ShapeImage image = images.image(i);
            Prediction.Ranked top = session.classify(image.image()).best();
            boolean hit = top.index() == image.label();
            table.row(hit ? "✓" : "", image.kind().label(), top.label(), String.format(Locale.ROOT, "%.2f", top.probability()));
            right += hit ? 1 : 0;
            if (hit && top.probability() > surest) {
                surest = top.probability();
                best = image;
            }
        }
        out.println();
        out.println("Fresh images: " + right + " of " + ShapeKind.values().length + " right");
        table.print(out, "  ");
        return best;
    }
}
