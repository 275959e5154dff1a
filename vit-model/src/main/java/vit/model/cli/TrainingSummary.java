package vit.model.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import vit.model.Frozen;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameters;
import vit.model.train.EpochReport;
import vit.model.train.Recipe;
import vit.model.train.Trainer;
import vit.model.train.TrainingFolder;
import vit.model.train.data.ImageSource;
import vit.model.train.data.Split;
import vit.model.train.data.TrainingData;

/** What {@code vit train} prints above and below the table of epochs. */
final class TrainingSummary {

    private static final int LOOKED_AT = 64; // number of images that are examined for alpha channels

    private final PrintWriter out;

    TrainingSummary(PrintWriter out) {
        this.out = out;
    }

    /**
     * What training starts from.
     *
     * @param notes   sentences about the model that it starts from
     * @param resumed whether the training goes on
     */
    void begin(Trainer trainer, TrainingData images, Split split, List<String> notes, boolean resumed) {
        VitConfig c = trainer.config();
        Recipe r = trainer.recipe();
        long parameters = Parameters.of(c).count();
        out.printf(Locale.ROOT, "%d classes, %d images to train on, %d to validate%n", c.classes(), split.training().size(), split.validation().size());
        images.notes().forEach(out::println);
        out.printf(Locale.ROOT, "image %d×%d, patch %d, width %d, depth %d, heads %d, MLP %d: %d parameters%n", c.imageHeight(), c.imageWidth(), c.patchPixels(),
                c.width(), c.depth(), c.heads(), c.mlp(), parameters);
        notes.forEach(out::println);
        noteAlpha(split.training());
        if (!r.frozen().equals(Frozen.NOTHING)) {
            out.println("frozen: " + r.frozen() + "; " + r.frozen().trainedCount(Parameters.of(c)) + " of " + parameters + " parameters train");
        }
        out.printf(Locale.ROOT, "recipe %s: %s of %s, %s, %s %s, augmentation %s%n", r.name(), counted(r.epochs(), "epoch"), counted(trainer.stepsPerEpoch(), "step"),
                r.optimizer().sgd() == null ? "AdamW" : "SGD", r.schedule().shape().name().toLowerCase(Locale.ROOT), r.schedule().rate(), r.augmentation().name());
        if (!r.tokenMerging().isNone()) {
            out.println("tokens merged: " + r.tokenMerging().describe() + "; " + c.tokens() + " tokens become " + r.tokenMerging().tokens(c)[c.depth()]);
        }
        if (r.balanced()) {
            out.println("every class has the same part in the loss: " + classSizes(split.training()));
        }
        if (r.batch() > split.training().size()) {
            out.println("a batch is all " + split.training().size() + " images, as there are fewer than " + r.batch());
        }
        if (resumed) {
            out.printf(Locale.ROOT, "resumed after epoch %d%n", trainer.history().size());
        }
        out.println();
        out.println(EpochTable.HEADER);
        trainer.history().forEach(report -> out.println(EpochTable.row(report)));
        out.flush();
    }

    private static String counted(int number, String what) {
        return number + " " + what + (number == 1 ? "" : "s");
    }

    /** The sizes of the smallest and the largest class that have images. */
    private static String classSizes(ImageSource images) {
        int[] counts = new int[images.classes().size()];
        IntStream.range(0, images.size()).forEach(i -> counts[images.label(i)]++);
        return "they have " + IntStream.of(counts).filter(count -> count > 0).min().orElse(0) + " to " + IntStream.of(counts).max().orElse(0) + " images";
    }

    /** Notes it if most images lose their alpha channel, because transparent parts then show the colours below them. */
    private void noteAlpha(ImageSource images) {
        int looked = Math.min(LOOKED_AT, images.size());
        long alpha = IntStream.range(0, looked).filter(i -> images.hasAlpha((int) ((long) i * images.size() / looked))).count();
        if (2 * alpha > looked) {
            out.println("the alpha channel of the images is dropped, not blended: " + alpha + " of " + looked + " examined images have one");
        }
    }

    /** What training came to, when all epochs are done. */
    void end(Trainer trainer, TrainingFolder folder) {
        EpochReport best = trainer.history().stream().filter(EpochReport::best).reduce((a, b) -> b).orElseThrow();
        out.println();
        if (trainer.hasStoppedEarly()) {
            out.println("stopped early: " + counted(trainer.recipe().patience(), "epoch") + " without a better one");
        }
        out.printf(Locale.ROOT, "best epoch %d: %s%n", best.epoch(), Double.isNaN(best.validationAccuracy())
                ? String.format(Locale.ROOT, "loss %.4f", best.loss()) : String.format(Locale.ROOT, "validation accuracy %.4f", best.validationAccuracy()));
        out.println("model: " + folder.best());
        out.println("pictures: " + folder.path().resolve("loss.png") + (Files.exists(folder.path().resolve("confusion.png"))
                ? ", " + folder.path().resolve("confusion.png") : ""));
    }
}
