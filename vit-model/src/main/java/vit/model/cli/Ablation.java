package vit.model.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
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
import vit.model.InputException;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.config.ForwardCost;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitVariants;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameters;
import vit.model.shapes.ShapeLearning;
import vit.model.train.DivergedException;
import vit.model.train.EpochReport;
import vit.model.train.Trainer;
import vit.model.train.TrainerOptions;
import vit.model.train.TrainingListener;

/** {@code vit ablation}: what patch size, pooling and kinds of positions cost and gain, on drawn images and at the published sizes. */
@Command(name = "ablation", description = {
    "Compare patch sizes and poolings, or kinds of position embeddings.",
    "Trains the same small model on drawn images with one thing changed at a time. For patch sizes and poolings, it also measures the forward pass of ViT-Ti "
            + "at 224 pixels with patches of 16 and of 8 (197 and 785 tokens). For positions, it also judges each model on larger images."})
final class Ablation implements Callable<Integer> {

    private static final int CALLS = 7;
    private static final String PATCHES = "patches";
    private static final int DEFAULT_SEEDS = 3;

    @Option(names = "--compare", paramLabel = "WHAT", defaultValue = PATCHES,
            description = "What is compared: patches, for patch sizes and poolings, or positions; default: ${DEFAULT-VALUE}.")
    private String compared;

    @Option(names = "--images", paramLabel = "N", defaultValue = "30000",
            description = "Number of images that each model learns from, those of all epochs together. For drawn images, a multiple of the 8 epochs. "
                    + "A folder is used in whole epochs, at least one. Default: ${DEFAULT-VALUE}.")
    private int images;

    @Option(names = "--data", paramLabel = "DIR",
            description = "With --compare positions, a folder with one folder of images per class to learn from; a quarter is held out. Default: drawn images.")
    private Path data;

    @Option(names = "--seed", paramLabel = "S", defaultValue = "1", description = "Seed of images and weights; default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(names = "--seeds", paramLabel = "N",
            description = "With --compare positions, number of seeds from S on with which each model is trained; default: " + DEFAULT_SEEDS + ".")
    private Integer seeds;

    @Mixin
    private ThreadsOption threads;

    @ParentCommand
    private Vit vit;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws CommandException, IOException, DivergedException {
        boolean patches = compared.equals(PATCHES);
        if (!patches && !compared.equals("positions")) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--compare': expected patches or positions, found " + compared);
        }
        if (patches && (data != null || seeds != null)) {
            throw new ParameterException(spec.commandLine(), (data != null ? "--data" : "--seeds") + " applies only to positions: give --compare positions");
        }
        if (seeds != null && (seeds < 1 || seeds > 1000)) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--seeds': expected 1 to 1000, found " + seeds);
        }
        if (images < 100 || images > 100_000_000) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--images': expected 100 to 100000000, found " + images);
        }
        vit.status().warnOfMachine();
        PrintWriter out = spec.commandLine().getOut();
        int epochs = ShapeLearning.demo().recipe().epochs();
        if (data == null && images % epochs != 0) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--images': expected a multiple of the " + epochs
                    + " epochs, for example " + images / epochs * epochs + " or " + (images / epochs + 1) * epochs + ", found " + images);
        }
        if (patches) {
            comparePatches(out);
        } else {
            comparePositions(out);
        }
        out.flush();
        return Vit.DONE;
    }

    private void comparePositions(PrintWriter out) throws CommandException, IOException, DivergedException {
        try {
            int count = seeds == null ? DEFAULT_SEEDS : seeds;
            PositionComparison comparison = new PositionComparison(data, images, seed, count, threads.count(), vit.status());
            TextTable table = comparison.run();
            out.println("validation accuracy after training on " + comparison.learned() + (data == null ? " drawn images of 32×32 pixels" : " images of " + data)
                    + (count == 1 ? ", seed " + seed : ": mean (smallest to largest) of " + count + " seeds from " + seed + " on"));
            table.print(out, "  ");
        } catch (InputException e) {
            throw new CommandException(e, "correct what the message names; vit ablation --help lists the options");
        }
    }

    private void comparePatches(PrintWriter out) throws IOException, DivergedException {
        out.println("trained on " + images + " drawn images of 32×32 pixels");
        TextTable table = new TextTable("lrrrrrr").row("", "tokens", "parameters", "MFLOP", "images/s", "val loss", "val acc");
        for (Map.Entry<String, ShapeLearning> variant : variants().entrySet()) {
            row(table, variant.getKey(), variant.getValue());
        }
        table.print(out, "  ");
        out.println();
        out.println("forward pass of ViT-Ti at 224 pixels, batch 1, " + threads.count() + " thread" + (threads.count() == 1 ? "" : "s"));
        TextTable cost = new TextTable("lrrr").row("", "tokens", "GFLOP", "ms");
        VitConfig tiny = VitVariants.find("vit_tiny_patch16_224").orElseThrow();
        cost(cost, "patch 16", tiny);
        cost(cost, "patch 8", tiny.toBuilder().patch(8).build());
        cost.print(out, "  ");
    }

    private Map<String, ShapeLearning> variants() {
        ShapeLearning base = ShapeLearning.demo().withSeed(seed).withSinCosStart();
        base = base.withImagesPerEpoch(images / base.recipe().epochs());
        Map<String, ShapeLearning> variants = new LinkedHashMap<>();
        variants.put("patch 4, mean of patches", base);
        variants.put("patch 4, class token", base.withConfig(withClassToken(base.config())));
        variants.put("patch 8, mean of patches", base.withConfig(base.config().toBuilder().patch(8).build()));
        variants.put("patch 8, class token", base.withConfig(withClassToken(base.config().toBuilder().patch(8).build())));
        return variants;
    }

    private static VitConfig withClassToken(VitConfig config) {
        return config.toBuilder().classToken(true).pooling(Pooling.TOKEN).finalNorm(FinalNorm.BEFORE_POOLING).build();
    }

    private void row(TextTable table, String name, ShapeLearning learning) throws IOException, DivergedException {
        try (Trainer trainer = learning.trainer(TrainerOptions.threads(threads.count()))) {
            EpochReport last = trainer.train(new TrainingListener() {
                @Override
                public void step(long step, long steps, double loss) {
                    vit.status().show(String.format(Locale.ROOT, "%s: step %d of %d, loss %.3f", name, step, steps, loss));
                }
            }).getLast();
            vit.status().clear();
            VitConfig config = learning.config();
            table.row(name, config.tokens(), String.format(Locale.ROOT, "%,d", Parameters.of(config).count()),
                    String.format(Locale.ROOT, "%.1f", ForwardCost.of(config).flops() / 1e6),
                    String.format(Locale.ROOT, "%.0f", last.imagesPerSecond()),
                    String.format(Locale.ROOT, "%.3f", last.validationLoss()), String.format(Locale.ROOT, "%.3f", last.validationAccuracy()));
        }
    }

    /** Adds a row with the median time of a few calls after warm-up. */
    private void cost(TextTable table, String name, VitConfig config) throws IOException {
        vit.status().show("measuring " + name);
        try (VitModel model = VitModel.of(new GeneratedWeights(config, 0));
                VitSession session = model.newSession(SessionOptions.threads(threads.count()))) {
            session.warmUp();
            float[] image = new float[config.channels() * config.imageHeight() * config.imageWidth()];
            float[] logits = new float[config.classes()];
            double[] milliseconds = new double[CALLS];
            for (int call = 0; call < CALLS; call++) {
                long start = System.nanoTime();
                session.logits(image, 1, logits);
                milliseconds[call] = (System.nanoTime() - start) / 1e6;
            }
            Arrays.sort(milliseconds);
            table.row(name, config.tokens(), String.format(Locale.ROOT, "%.2f", ForwardCost.of(config).flops() / 1e9),
                    String.format(Locale.ROOT, "%.1f", milliseconds[CALLS / 2]));
        }
        vit.status().clear();
    }
}
