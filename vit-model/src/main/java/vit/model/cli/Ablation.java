package vit.model.cli;

import java.io.IOException;
import java.io.PrintWriter;
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

/** {@code vit ablation}: what patch size and pooling cost and gain, on drawn images and at the published sizes. */
@Command(name = "ablation", description = {
    "Compare patch sizes and poolings.",
    "Trains the same small model on drawn images with one thing changed at a time, and measures the forward pass of ViT-Ti at 224 pixels with "
            + "patches of 16 and of 8 (197 and 785 tokens)."})
final class Ablation implements Callable<Integer> {

    private static final int CALLS = 7;

    @Option(names = "--images", paramLabel = "N", defaultValue = "30000",
            description = "Number of drawn images that each model learns from, a multiple of its 8 epochs; default: ${DEFAULT-VALUE}.")
    private int images;

    @Option(names = "--seed", paramLabel = "S", defaultValue = "1", description = "Seed of images and weights; default: ${DEFAULT-VALUE}.")
    private long seed;

    @Mixin
    private ThreadsOption threads;

    @ParentCommand
    private Vit vit;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, DivergedException {
        if (images < 100 || images > 100_000_000) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--images': expected 100 to 100000000, found " + images);
        }
        vit.status().warnOfMachine();
        PrintWriter out = spec.commandLine().getOut();
        int epochs = ShapeLearning.demo().recipe().epochs();
        if (images % epochs != 0) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--images': expected a multiple of the " + epochs
                    + " epochs, for example " + images / epochs * epochs + " or " + (images / epochs + 1) * epochs + ", found " + images);
        }
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
        out.flush();
        return Vit.DONE;
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
