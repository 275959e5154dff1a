package vit.model.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import vit.model.train.EpochReport;
import vit.model.train.Trainer;
import vit.model.train.TrainingFolder;
import vit.model.train.TrainingListener;

/** Prints and saves while training runs. */
final class TrainingProgress implements TrainingListener {

    private static final long SAVE_NANOS = 300_000_000_000L; // within a long epoch, the state is saved every five minutes

    private static final int NAMED = 3; // number of unreadable images that are named

    private final Trainer trainer;
    private final TrainingFolder folder;
    private final CommandBar bar;
    private final PrintWriter out;
    private final StatusLine status;
    private long lastSaved = System.nanoTime();
    private int unreadable;

    TrainingProgress(Trainer trainer, TrainingFolder folder, CommandBar bar, PrintWriter out, StatusLine status) {
        this.status = status;
        this.trainer = trainer;
        this.folder = folder;
        this.bar = bar;
        this.out = out;
    }

    @Override
    public void step(long step, long steps, double loss) throws IOException {
        bar.step(step, String.format(Locale.ROOT, "loss %.3f", loss));
        if (System.nanoTime() - lastSaved > SAVE_NANOS) {
            folder.writeState(trainer);
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
            warn(trainer.unreadable());
        });
    }

    /** Names the first images that could not be read, and reports again whenever there are more. */
    private void warn(List<String> messages) {
        if (messages.size() > unreadable) {
            unreadable = messages.size();
            status.warn(unreadable + (unreadable == 1 ? " image" : " images") + " cannot be read and "
                    + (unreadable == 1 ? "is" : "are") + " left out: " + String.join("; ", messages.subList(0, Math.min(NAMED, unreadable)))
                    + (unreadable > NAMED ? "; …" : ""));
        }
    }
}
