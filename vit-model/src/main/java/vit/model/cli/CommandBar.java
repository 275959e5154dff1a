package vit.model.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarStyle;

/** A bar on standard error that shows how far a command is and how much time is left. It appears only on a terminal. */
final class CommandBar implements AutoCloseable {

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

    private CommandBar(PrintWriter err, StatusLine status, ProgressBarBuilder builder) {
        boolean terminal = status.isTerminal();
        line = terminal ? new Line(err, status.columns()) : null;
        bar = terminal ? builder.setStyle(ProgressBarStyle.ASCII).setUpdateIntervalMillis(UPDATE_MILLIS).setConsumer(line).build() : null;
    }

    /** A bar for the steps of a training, {@code done} of which are taken. */
    static CommandBar training(PrintWriter err, StatusLine status, long done, long steps) {
        return new CommandBar(err, status, new ProgressBarBuilder().setTaskName("training").setInitialMax(steps).startsFrom(done, Duration.ZERO));
    }

    /** A bar for images, with how many are done in a second. */
    static CommandBar images(PrintWriter err, StatusLine status, String doing, int images) {
        return new CommandBar(err, status, new ProgressBarBuilder().setTaskName(doing).setInitialMax(images).setUnit(" images", 1)
                .showSpeed(new DecimalFormat("0.0", DecimalFormatSymbols.getInstance(Locale.ROOT))));
    }

    /** Advances the bar without a message. */
    void step(long done) {
        if (bar != null) {
            bar.stepTo(done);
        }
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

    /** Writes something that may fail without disturbing the bar. */
    void aroundWriting(Writing writing) throws IOException {
        if (bar == null) {
            writing.run();
            return;
        }
        line.erase(true);
        try {
            writing.run();
        } finally {
            line.show();
        }
    }

    /** Writes to a file or to standard output. */
    @FunctionalInterface
    interface Writing {
        void run() throws IOException;
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
