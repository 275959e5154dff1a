package vit.model.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Standard output in UTF-8. Each line is written as soon as it is complete, and the first one that cannot be written ends the command with an
 * {@link OutputFailure}. A {@link PrintWriter} alone would silently continue through all images although the reader has left. Anything printed after
 * the failure is dropped, so that a command can still put its files in order.
 */
final class StandardOutput extends Writer {

    /** The path at which the operating system shows what standard output is. */
    private static final Path DESCRIPTOR = Path.of("/dev/fd/1");

    // The type bits of a file's mode, POSIX <sys/stat.h>.
    private static final int TYPE = 0170000;
    private static final int TYPE_PIPE = 0010000;
    private static final int TYPE_SOCKET = 0140000;

    private final Writer to;
    private final boolean ofTheProcess;
    private boolean failed;

    private StandardOutput(OutputStream to, boolean ofTheProcess) {
        this.to = new OutputStreamWriter(to, StandardCharsets.UTF_8);
        this.ofTheProcess = ofTheProcess;
    }

    /** Standard output could not be written. */
    static final class OutputFailure extends RuntimeException {

        private static final long serialVersionUID = 1L;

        private final boolean readerLeft;

        OutputFailure(IOException cause, boolean readerLeft) {
            super(cause);
            this.readerLeft = readerLeft;
        }

        /** Whether the reader of a pipe or connection has left, which is no failure of the command. A full disk is one. */
        boolean readerLeft() {
            return readerLeft;
        }
    }

    /** The standard output of the process. */
    static PrintWriter open() {
        return new PrintWriter(new StandardOutput(new FileOutputStream(FileDescriptor.out), true), true);
    }

    /** A printer that ends the command when a line cannot be written. */
    static PrintWriter printer(OutputStream to) {
        return new PrintWriter(new StandardOutput(to, false), true);
    }

    private boolean readerLeft(IOException fault) {
        String message = String.valueOf(fault.getMessage());
        return message.contains("roken pipe") || message.contains("onnection reset") || ofTheProcess && goesToAReader();
    }

    /**
     * Whether standard output is a pipe or connection, which fails only because its reader has left. The type of the file is examined, because the
     * exception's message is in the system's language.
     */
    private static boolean goesToAReader() {
        try {
            int type = (Integer) Files.getAttribute(DESCRIPTOR, "unix:mode") & TYPE;
            return type == TYPE_PIPE || type == TYPE_SOCKET;
        } catch (IOException | RuntimeException e) {
            return false; // the type is not known, so the failure counts as an error
        }
    }

    @Override
    public void write(char[] text, int from, int count) {
        attempt(() -> to.write(text, from, count));
    }

    @Override
    public void flush() {
        attempt(to::flush);
    }

    @Override
    public void close() {
        attempt(to::close);
    }

    @FunctionalInterface
    private interface Attempt {
        void run() throws IOException;
    }

    private void attempt(Attempt attempt) {
        if (failed) {
            return;
        }
        try {
            attempt.run();
        } catch (IOException e) {
            failed = true;
            throw new OutputFailure(e, readerLeft(e));
        }
    }
}
