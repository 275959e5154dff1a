package vit.model.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.evaluate.Evaluation;
import vit.model.evaluate.plot.ConfusionPicture;
import vit.model.train.DivergedException;
import vit.model.train.Recipe;
import vit.model.train.Trainer;
import vit.model.train.TrainerOptions;
import vit.model.train.TrainingFolder;
import vit.model.train.TrainingOrigin;
import vit.model.train.data.Split;
import vit.model.train.data.TrainingData;
import vit.model.train.plot.LossCurve;

/** {@code vit train}: trains or fine-tunes a model on a folder of class folders. */
@Command(name = "train", sortOptions = false, description = {
    "Train or fine-tune a model on a folder of class folders.",
    "Writes best.safetensors and last.safetensors with config.json and labels.txt, the state to resume from, metrics.csv, "
            + "metrics.jsonl, run.json, loss.png and confusion.png to the output folder. Ctrl-C saves and stops; --resume continues."})
final class Train implements Callable<Integer> {

    private static final long ACTIVATION_BYTES = 2L << 30;

    private static final double DEFAULT_VALIDATION = 0.1;

    @Option(names = "--data", paramLabel = "DIR", required = true,
            description = "A folder with one folder of images per class, or with folders train and val of that form.")
    private Path data;

    @Option(names = "--output", paramLabel = "DIR", required = true, description = "Folder for the model, created if necessary.")
    private Path output;

    @Mixin
    private StartOptions start;

    @Mixin
    private RecipeOptions recipes;

    @Mixin
    private MergeOption merge;

    @Mixin
    private ThreadsOption threads;

    @Option(names = "--validation", paramLabel = "FRACTION",
            description = "Share of every class that is held out for validation if DIR holds no part val. At least one image of every class stays for training; "
                    + "default: " + DEFAULT_VALIDATION + ".")
    private Double validation;

    @Option(names = "--no-split", description = "Treat folders named train, val, test and the like as classes, not as parts of a split.")
    private boolean classesAlone;

    @Option(names = "--accumulate", paramLabel = "K",
            description = "Compute each batch in at most K passes, with less memory and the same bits; default: so many that activations take at most 2 GB.")
    private Integer accumulate;

    @Option(names = "--checkpointing", description = "Recompute activations in the backward pass, with less memory, a third more work and the same bits.")
    private boolean checkpointing;

    @Option(names = "--loaders", paramLabel = "N", defaultValue = "1",
            description = "Number of threads that decode and augment images in advance; default: ${DEFAULT-VALUE}.")
    private int loaders;

    @Option(names = "--run", paramLabel = "F",
            description = "Take the options of an earlier training from the run.json in its output folder; options beside this one come first.")
    private Path run;

    @Option(names = "--resume", description = "Continue the training that the output folder holds, if it holds one. It may be given more --epochs.")
    private boolean resume;

    @Option(names = "--resume-previous",
            description = "Continue from the state before the last one. It is kept in case the last one is damaged or lost.")
    private boolean resumePrevious;

    @Option(names = "--max-unreadable", paramLabel = "SHARE", defaultValue = "0.25",
            description = "Images that cannot be read are left out and counted. Training stops if they are more than this share of all; "
                    + "default: ${DEFAULT-VALUE}.")
    private double mostUnreadable;

    @Option(names = "--find-lr",
            description = "Train nothing, but try learning rates from 1e-7 to 1 and suggest one: draws lr.png and writes lr.csv to the output folder.")
    private boolean findRate;

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
        OutputCheck.requireFolder(output);
        boolean goOn = !findRate && requireOutput(folder);
        try {
            run(folder, goOn);
        } catch (InputException e) {
            throw new CommandException(e, "correct what the message names; vit train --help lists the options");
        } catch (FileSystemException e) {
            throw new CommandException(FaultReport.reason(e), folder.hasState()
                    ? "make room, or check whether you may write to the folder; then --resume continues from the last state" : "check whether the path is right and may be "
                            + "read or written");
        } finally {
            vit.status().clear();
        }
        return Vit.DONE;
    }

    /** Lists the images, makes the trainer, and trains. */
    private void run(TrainingFolder folder, boolean goOn) throws CommandException, IOException, DivergedException {
        vit.status().show("listing " + data);
        TrainingData images = images();
        Split split = split(images);
        try (StartOptions.Start begin = start.open(split.training(), recipes.seed(), vit.status())) {
            if (begin.isTrained()) {
                ModelFiles.warn(begin.weights().report(), vit.status());
            }
            Recipe recipe = recipes.recipe(begin.isTrained() ? "vit-finetune" : "small", begin.config().depth()).withTokenMerging(merge.of(begin.config()));
            TrainerOptions options = options(begin.config(), recipe);
            if (findRate) {
                new RateSearch(spec.commandLine(), vit.status()).run(begin, split, recipe, options, output);
                return;
            }
            try (Trainer trainer = trainer(goOn, folder, begin, split, recipe, options)) {
                vit.status().clear();
                ParseResult parsed = spec.commandLine().getParseResult();
                if (run != null) {
                    RunFile.require(run, parsed, trainer.facts());
                }
                OutputCheck.makeFolder(output);
                folder.prepare();
                if (resumePrevious) {
                    folder.restorePrevious();
                }
                if (!goOn) {
                    trainer.save(folder.state()); // saved first, so that a training killed in its first epoch can be resumed
                }
                RunFile.write(folder.run(), parsed, trainer.facts());
                folder.describe(begin.config(), split.classes(), begin.preprocessing());
                new TrainingSummary(spec.commandLine().getOut()).begin(trainer, images, split, begin.notes(), goOn);
                train(trainer, folder);
            }
        }
    }

    private TrainingData images() throws CommandException, IOException {
        try {
            return TrainingData.open(data, output, classesAlone);
        } catch (InputException e) {
            throw new CommandException(e, Evaluate.DATA_HINT);
        }
    }

    private Trainer trainer(boolean goOn, TrainingFolder folder, StartOptions.Start begin, Split split, Recipe recipe, TrainerOptions options)
            throws CommandException, IOException {
        try {
            return goOn ? resume(folder, begin, split, recipe, options) : Trainer.of(begin.source(), split, begin.preprocessing(), recipe, options);
        } catch (IllegalArgumentException e) { // for example, a model whose input is not RGB
            throw new ParameterException(spec.commandLine(), "Invalid model: " + e.getMessage());
        }
    }

    /** Resumes the training. If that is impossible, the message says in which options the saved training differs, or where its last good state is. */
    private Trainer resume(TrainingFolder folder, StartOptions.Start begin, Split split, Recipe recipe, TrainerOptions options)
            throws CommandException, IOException {
        Path state = resumePrevious ? folder.previousState() : folder.state();
        try {
            return Trainer.resume(state, begin.source(), split, begin.preprocessing(), recipe, options);
        } catch (InputException e) {
            List<TrainingOrigin.Difference> differences;
            try {
                differences = Trainer.differences(state, begin.source(), split, begin.preprocessing(), recipe);
            } catch (InputException damaged) {
                throw new CommandException(damaged, previousHint(folder, begin, split, recipe));
            }
            if (differences.isEmpty()) {
                throw e;
            }
            throw new CommandException(state + ": the training that stopped was another one, it had " + TrainingWords.of(differences),
                    "give those options again with --resume, or name another folder with --output");
        }
    }

    private String previousHint(TrainingFolder folder, StartOptions.Start begin, Split split, Recipe recipe) throws IOException {
        if (!resumePrevious && Files.isRegularFile(folder.previousState())) {
            try {
                Trainer.differences(folder.previousState(), begin.source(), split, begin.preprocessing(), recipe);
                return "the state before it is whole: --resume-previous goes on from " + folder.previousState();
            } catch (InputException e) {
                return "the state before it is damaged as well: --overwrite begins anew";
            }
        }
        return "there is no other state: --overwrite begins anew";
    }

    /** Refuses an output whose files would be lost. Returns whether to resume the training in it. */
    private boolean requireOutput(TrainingFolder folder) throws CommandException {
        Path present = folder.present();
        boolean goOn = resume || resumePrevious;
        if (overwrite && goOn) {
            throw new ParameterException(spec.commandLine(), "--resume continues a training, and --overwrite replaces it: only one of them can be given");
        }
        if (overwrite || present == null) {
            return false;
        }
        if (!goOn) {
            throw new CommandException(output + ": there is a training already, or another model: " + present.getFileName(),
                    (folder.hasState() ? "--resume continues it, " : "") + "--overwrite replaces it");
        }
        Path state = resumePrevious ? folder.previousState() : folder.state();
        if (!Files.isRegularFile(state)) {
            boolean previous = !resumePrevious && Files.isRegularFile(folder.previousState());
            throw new CommandException(state + ": the state to resume from is missing, but there is " + present.getFileName(),
                    previous ? "--resume-previous goes on from the state before it"
                            : "put the state back, name another folder with --output, or begin anew with --overwrite");
        }
        return true;
    }

    private TrainerOptions options(VitConfig config, Recipe recipe) {
        if (accumulate != null && (accumulate < 1 || accumulate > recipe.batch())) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--accumulate': expected 1 to " + recipe.batch()
                    + ", the images of a batch, found " + accumulate);
        }
        try {
            return TrainerOptions.threads(threads.count()).withAccumulate(accumulate == null ? passes(config, recipe) : accumulate)
                    .withCheckpointing(checkpointing).withLoaderThreads(loaders).withMostUnreadable(mostUnreadable);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "Invalid training options: " + e.getMessage());
        }
    }

    /** The number of passes per batch with which the activations that the backward pass needs fit into {@link #ACTIVATION_BYTES}. */
    private int passes(VitConfig c, Recipe recipe) {
        long block = 2L * c.width() + 4L * c.inner() + c.mlp(); // stream, y; qkv, attended; z
        int[] tokens = recipe.tokenMerging().tokens(c);
        long kept = 0;
        for (int i = recipe.frozen().firstTrainedBlock(c); i < c.depth(); i++) {
            kept += tokens[i];
        }
        long image = Float.BYTES * ((checkpointing ? c.width() : block) * kept + 4L * block * c.tokens());
        long images = Math.clamp(ACTIVATION_BYTES / image, 1, recipe.batch());
        return Math.toIntExact((recipe.batch() + images - 1) / images);
    }

    private Split split(TrainingData images) {
        double fraction = validation == null ? DEFAULT_VALIDATION : validation;
        if (!(fraction >= 0 && fraction < 1)) {
            throw refused("--validation", "0 to below 1", validation);
        }
        if (validation != null && images.validation() != null) {
            throw refused("--validation", "no such option, because the data have a part for validation", validation);
        }
        Split split = images.split(fraction, recipes.seed());
        if (validation != null && validation > 0 && split.validation().size() == 0) {
            throw refused("--validation", "0, or a share that is at least one image of a class", validation);
        }
        return split;
    }

    private ParameterException refused(String option, String expected, Object found) {
        return new ParameterException(spec.commandLine(), "Invalid value for option '" + option + "': expected " + expected + ", found " + found);
    }

    private void train(Trainer trainer, TrainingFolder folder) throws IOException, DivergedException {
        PrintWriter out = spec.commandLine().getOut();
        CountDownLatch saved = new CountDownLatch(1);
        Thread interrupt = new Thread(() -> stop(trainer, saved), "vit-train-stop");
        Runtime.getRuntime().addShutdownHook(interrupt);
        try (CommandBar bar = CommandBar.training(spec.commandLine().getErr(), vit.status(), trainer.history().size() * (long) trainer.stepsPerEpoch(),
                trainer.steps())) {
            trainer.train(new TrainingProgress(trainer, folder, bar, out, vit.status()));
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
            new TrainingSummary(out).end(trainer, folder);
        }
    }

    /** Runs on Ctrl-C: the current step ends, everything is saved, and then the JVM shuts down. */
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
            return; // the JVM is already shutting down, and the hook has just been released
        }
    }

    private static void draw(Trainer trainer, TrainingFolder folder) throws IOException {
        LossCurve.draw(trainer.history()).write(folder.path().resolve("loss.png"));
        Evaluation evaluation = trainer.evaluate();
        if (evaluation.images() > 0) {
            ConfusionPicture.draw(evaluation.confusion()).write(folder.path().resolve("confusion.png"));
        }
    }
}
