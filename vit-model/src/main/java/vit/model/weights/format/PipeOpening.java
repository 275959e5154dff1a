package vit.model.weights.format;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Opens a named pipe for writing. The operating system makes the opener wait until somebody reads, for ever if nobody does; here the wait
 * is limited. A thread of its own waits, because nothing ends the system call except a reader.
 */
final class PipeOpening {

    private static final int PATIENCE_SECONDS = 10;

    private PipeOpening() {}

    /**
     * The open pipe.
     *
     * @throws FileSystemException    if nobody reads it within ten seconds
     * @throws InterruptedIOException if the waiting thread is interrupted; its flag is kept
     */
    static FileChannel open(Path pipe) throws IOException {
        return open(pipe, TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
    }

    static FileChannel open(Path pipe, long milliseconds) throws IOException {
        FutureTask<FileChannel> opening = new FutureTask<>(() -> FileChannel.open(pipe, StandardOpenOption.APPEND));
        Thread.ofPlatform().daemon().name("vit-open-" + pipe.getFileName()).start(opening);
        try {
            return opening.get(milliseconds, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            release(pipe, opening);
            throw new FileSystemException(pipe.toString(), null, "nobody reads this pipe");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            release(pipe, opening);
            throw new InterruptedIOException(pipe + ": interrupted while the pipe waited for its reader");
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException fault ? fault : new IOException(pipe + ": the pipe cannot be opened", e.getCause());
        }
    }

    /** Releases the waiting thread: this thread becomes the reader for a moment. */
    private static void release(Path pipe, FutureTask<FileChannel> opening) throws IOException {
        boolean interrupted = Thread.interrupted(); // a channel cannot be opened with the flag set
        try {
            FileChannel reader = FileChannel.open(pipe, StandardOpenOption.READ);
            opening.get().close();
            reader.close();
        } catch (ExecutionException e) {
            return; // the thread was not waiting
        } catch (InterruptedException e) {
            interrupted = true;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
