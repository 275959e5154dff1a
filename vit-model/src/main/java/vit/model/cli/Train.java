package vit.model.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import vit.model.InputException;
import vit.model.Parameters;
import vit.model.VitConfig;
import vit.model.train.DivergedException;
import vit.model.train.EpochReport;
import vit.model.train.Evaluation;
import vit.model.train.ImageFolder;
import vit.model.train.Recipe;
import vit.model.train.Split;
import vit.model.train.Trainer;
import vit.model.train.TrainerOptions;
import vit.model.train.TrainingFolder;
import vit.model.train.TrainingListener;
import vit.model.train.plot.ConfusionMatrix;
import vit.model.train.plot.LossCurve;
import vit.model.visualise.Picture;
import vit.model.weights.AtomicFile;

/** {@code vit train}: trains or fine-tunes a model on a folder of class folders. */
@Command(name = "train", sortOptions = false, description = {
    "Train or fine-tune a model on a folder of class folders.",
    "Leaves best.safetensors and last.safetensors with config.json and labels.txt, the state to resume from, history.csv, loss.png and "
            + "confusion.png in the output folder. Ctrl-C saves and stops; --resume goes on."})
final class Train implements Callable<Integer> {

    private static final long SAVE_NANOS = 300_000_000_000L; // in an epoch that takes long: every five minutes

    private static final long ACTIVATION_BYTES = 2L << 30;

    @Option(names = "--data", paramLabel = "DIR", required = true, description = "A folder with a folder of images for every class.")
    private Path data;

    @Option(names = "--output", paramLabel = "DIR", required = true, description = "Where the model goes; made if it is not there.")
    private Path output;

    @Mixin
    private StartOptions start;

    @Mixin
    private RecipeOptions recipes;

    @Mixin
    private ThreadsOption threads;

    @Option(names = "--validation", paramLabel = "FRACTION", defaultValue = "0.1",
            description = "Share of every class that is held out to validate; default: ${DEFAULT-VALUE}.")
    private double validation;

    @Option(names = "--accumulate", paramLabel = "K",
            description = "Compute each batch in K passes: less memory, the same bits; default: so many that activations take at most 2 GB.")
    private Integer accumulate;

    @Option(names = "--checkpointing", description = "Compute activations again in the backward pass: less memory, a third more work, the same bits.")
    private boolean checkpointing;

    @Option(names = "--loaders", paramLabel = "N", defaultValue = "1", description = "Threads that decode and augment ahead; default: ${DEFAULT-VALUE}.")
    private int loaders;

    @Option(names = "--resume", description = "Go on with the training that the output folder holds, if it holds one.")
    private boolean resume;

    @Option(names = "--overwrite", description = "Replace the training that the output folder holds.")
    private boolean overwrite;

    @ParentCommand
    private Vit vit;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws CommandException, IOException, DivergedException {
        TrainingFolder folder = new TrainingFolder(output);
        vit.status().warnOfMachine();
        if (folder.hasState() && !resume && !overwrite) {
            throw new CommandException(output + ": there is a training already", "--resume goes on with it, --overwrite replaces it");
        }
        try {
            vit.status().show("listing " + data);
            ImageFolder images = ImageFolder.open(data);
            Split split = split(images);
            try (StartOptions.Start begin = start.open(images, recipes.seed(), vit.status())) {
                Recipe recipe = recipes.recipe(begin.isTrained() ? "vit-finetune" : "small");
                TrainerOptions options = options(begin.config(), recipe.batch());
                boolean goOn = resume && folder.hasState();
                folder.describe(begin.config(), images.classes(), begin.preprocessing());
                try (Trainer trainer = goOn ? Trainer.resume(folder.state(), begin.config(), split, begin.preprocessing(), recipe, options)
                        : Trainer.of(begin.source(), split, begin.preprocessing(), recipe, options)) {
                    vit.status().clear();
                    if (!goOn) {
                        trainer.save(folder.state()); // a kill in the first epoch can be resumed
                    }
                    train(trainer, folder, split, goOn);
                }
            }
        } catch (InputException e) {
            throw new CommandException(e, "--help shows what vit train takes; with --resume give the same options again");
        } finally {
            vit.status().clear();
        }
        return Vit.DONE;
    }

    private TrainerOptions options(VitConfig config, int batch) {
        try {
            return TrainerOptions.threads(threads.count()).withAccumulate(accumulate == null ? passes(config, batch) : accumulate)
                    .withCheckpointing(checkpointing).withLoaderThreads(loaders);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "Invalid training options: " + e.getMessage());
        }
    }

    /** So many passes that what the backward pass needs of the forward pass fits into {@link #ACTIVATION_BYTES}. */
    private int passes(VitConfig c, int batch) {
        long block = 2L * c.width() + 4L * c.inner() + c.mlp(); // stream, y; qkv, attended; z
        long image = Float.BYTES * c.tokens() * ((checkpointing ? c.width() : block) * c.depth() + 4L * block);
        long images = Math.clamp(ACTIVATION_BYTES / image, 1, batch);
        return Math.toIntExact((batch + images - 1) / images);
    }

    private Split split(ImageFolder images) {
        if (!(validation >= 0 && validation < 1)) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--validation': expected 0 to below 1, found " + validation);
        }
        return Split.stratified(images, validation, recipes.seed());
    }

    private void train(Trainer trainer, TrainingFolder folder, Split split, boolean resumed) throws IOException, DivergedException {
        PrintWriter out = spec.commandLine().getOut();
        describe(trainer, split, resumed, out);
        CountDownLatch saved = new CountDownLatch(1);
        Thread interrupt = new Thread(() -> stop(trainer, saved), "vit-train-stop");
        Runtime.getRuntime().addShutdownHook(interrupt);
        try (TrainingBar bar = new TrainingBar(spec.commandLine().getErr(), vit.status().isTerminal(), trainer.history().size() * (long) trainer.stepsPerEpoch(),
                trainer.steps())) {
            trainer.train(new Progress(trainer, folder, bar, out));
            folder.write(trainer);
            if (!trainer.isDone()) {
                bar.around(() -> out.println("stopped after epoch " + trainer.history().size() + " of " + trainer.recipe().epochs() + "; --resume goes on"));
            } else {
                draw(trainer, folder);
            }
        } finally {
            out.flush();
            saved.countDown();
            removeHook(interrupt);
        }
        if (trainer.isDone()) {
            conclude(trainer, folder, out);
        }
    }

    /** On Ctrl-C: the step under way ends, all is saved, and then the JVM goes down. */
    private static void stop(Trainer trainer, CountDownLatch saved) {
        trainer.cancel();
        try {
            saved.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void removeHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            return; // the JVM is going down: the hook has just been let go
        }
    }

    private static void describe(Trainer trainer, Split split, boolean resumed, PrintWriter out) {
        VitConfig c = trainer.config();
        out.printf(Locale.ROOT, "%d classes, %d images to train on, %d to validate%n", c.classes(), split.training().size(), split.validation().size());
        out.printf(Locale.ROOT, "image %d×%d, patch %d, width %d, depth %d, heads %d, MLP %d: %d parameters%n", c.imageHeight(), c.imageWidth(), c.patch(),
                c.width(), c.depth(), c.heads(), c.mlp(), Parameters.of(c).count());
        Recipe r = trainer.recipe();
        out.printf(Locale.ROOT, "recipe %s: %d epochs of %d steps, %s, %s %s, augmentation %s%n", r.name(), r.epochs(), trainer.stepsPerEpoch(),
                r.optimizer().sgd() == null ? "AdamW" : "SGD", r.schedule().shape().name().toLowerCase(Locale.ROOT), r.schedule().rate(), r.augmentation().name());
        if (resumed) {
            out.printf(Locale.ROOT, "resumed after epoch %d%n", trainer.history().size());
        }
        out.println();
        out.println(EpochTable.HEADER);
        trainer.history().forEach(report -> out.println(EpochTable.row(report)));
        out.flush();
    }

    /** Prints and saves as training goes. */
    private static final class Progress implements TrainingListener {
        private final Trainer trainer;
        private final TrainingFolder folder;
        private final TrainingBar bar;
        private final PrintWriter out;
        private long lastSaved = System.nanoTime();

        Progress(Trainer trainer, TrainingFolder folder, TrainingBar bar, PrintWriter out) {
            this.trainer = trainer;
            this.folder = folder;
            this.bar = bar;
            this.out = out;
        }

        @Override
        public void step(long step, long steps, double loss) throws IOException {
            bar.step(step, String.format(Locale.ROOT, "loss %.3f", loss));
            if (System.nanoTime() - lastSaved > SAVE_NANOS) {
                trainer.save(folder.state());
                lastSaved = System.nanoTime();
            }
        }

        @Override
        public void epoch(EpochReport report) throws IOException {
            if (report.best()) {
                folder.writeBest(trainer);
            }
            folder.write(trainer);
            lastSaved = System.nanoTime();
            bar.around(() -> {
                out.println(EpochTable.row(report));
                out.flush();
            });
        }
    }

    private static void draw(Trainer trainer, TrainingFolder folder) throws IOException {
        AtomicFile.write(folder.path().resolve("loss.png"), Picture.of(LossCurve.draw(trainer.history())).toPng());
        Evaluation evaluation = trainer.evaluate();
        if (evaluation.images() > 0) {
            AtomicFile.write(folder.path().resolve("confusion.png"), Picture.of(ConfusionMatrix.draw(evaluation)).toPng());
        }
    }

    private static void conclude(Trainer trainer, TrainingFolder folder, PrintWriter out) {
        EpochReport best = trainer.history().stream().filter(EpochReport::best).reduce((a, b) -> b).orElseThrow();
        out.println();
        out.printf(Locale.ROOT, "best epoch %d: %s%n", best.epoch(), Double.isNaN(best.validationAccuracy())
                ? String.format(Locale.ROOT, "loss %.4f", best.loss()) : String.format(Locale.ROOT, "validation accuracy %.4f", best.validationAccuracy()));
        out.println("model: " + folder.best());
        out.println("pictures: " + folder.path().resolve("loss.png") + (Files.exists(folder.path().resolve("confusion.png"))
                ? ", " + folder.path().resolve("confusion.png") : ""));
    }
}
