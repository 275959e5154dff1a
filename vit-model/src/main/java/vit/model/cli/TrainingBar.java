package vit.model.cli;

import java.io.PrintWriter;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarStyle;

/** A bar on standard error that shows how far training is and how much time is left. It appears only on a terminal. */
final class TrainingBar implements AutoCloseable {

    private static final int MOST_COLUMNS = 79;
    private static final int UPDATE_MILLIS = 250;

    private final Line line;
    private final ProgressBar bar; // null: no terminal

    /** Draws the bar on the terminal's line. The bar calls it on a thread of its own. */
    private static final class Line implements ProgressBarConsumer {
        private final PrintWriter err;
        private final int columns;
        private boolean hidden;

        Line(PrintWriter err, int columns) {
            this.err = err;
            this.columns = Math.min(MOST_COLUMNS, columns);
        }

        @Override
        public int getMaxRenderedLength() {
            return columns;
        }

        @Override
        public synchronized void accept(String text) {
            if (!hidden) {
                err.print(StatusLine.ERASE + text);
                err.flush();
            }
        }

        synchronized void erase(boolean stay) {
            hidden = stay;
            err.print(StatusLine.ERASE);
            err.flush();
        }

        synchronized void show() {
            hidden = false;
        }

        @Override
        public void close() {
            erase(true);
        }
    }

    TrainingBar(PrintWriter err, StatusLine status, long done, long steps) {
        boolean terminal = status.isTerminal();
        line = terminal ? new Line(err, status.columns()) : null;
        bar = terminal ? new ProgressBarBuilder().setTaskName("training").setInitialMax(steps).startsFrom(done, java.time.Duration.ZERO)
                .setStyle(ProgressBarStyle.ASCII).setUpdateIntervalMillis(UPDATE_MILLIS).setConsumer(line).build() : null;
    }

    /** Advances the bar. */
    void step(long done, String message) {
        if (bar != null) {
            bar.stepTo(done);
            bar.setExtraMessage(message);
        }
    }

    /** Prints something on standard output without disturbing the bar. */
    void around(Runnable printing) {
        if (bar == null) {
            printing.run();
            return;
        }
        line.erase(true);
        printing.run();
        line.show();
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
