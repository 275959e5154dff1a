package vit.model.weights.format;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import vit.model.InputException;

/** Bytes that are read by position, from a file or from memory. For one thread at a time. */
public sealed interface ByteSource extends Closeable {

    /** The name that messages give it. */
    String name();

    /** The number of bytes. */
    long size() throws IOException;

    /**
     * Reads some bytes from {@code position} into {@code target}.
     *
     * @return how many; −1 at the end
     * @throws java.io.InterruptedIOException if the thread is interrupted; its interrupt status is kept
     */
    int read(ByteBuffer target, long position) throws IOException;

    /** Fills what remains of {@code target} from {@code position} on, and flips it. */
    default void readFully(ByteBuffer target, long position) throws IOException {
        long at = position;
        while (target.hasRemaining()) {
            int count = read(target, at);
            if (count < 0) {
                throw InputException.in(name()).at(at).expected(target.remaining() + " more bytes").found("the end of the file")
                        .because("the file became shorter while it was read");
            }
            at += count;
        }
        target.flip();
    }

    /** The first bytes, at most {@code most} of them. */
    default byte[] start(int most) throws IOException {
        ByteBuffer start = ByteBuffer.allocate((int) Math.min(most, size()));
        while (start.hasRemaining() && read(start, start.position()) >= 0) {
            continue;
        }
        return Arrays.copyOf(start.array(), start.position());
    }

    /** An open file. It is never mapped: a file that somebody truncates must cause an exception, not a crash of the JVM. */
    record OfFile(String name, FileChannel channel) implements ByteSource {

        /**
         * Opens a file.
         *
         * @throws InputException if there is no such file, it is not a regular file, or it may not be read
         */
        static OfFile open(Path path) throws IOException {
            try {
                if (Files.exists(path) && !Files.isRegularFile(path)) {
                    throw InputException.in(path).expected("a weight file").found(Files.isDirectory(path) ? "a folder" : "a device or a pipe")
                            .because("the weights are not a file");
                }
                return new OfFile(path.toString(), FileChannel.open(path, StandardOpenOption.READ));
            } catch (IOException e) {
                throw InputException.unreadable(path, "a weight file", e);
            }
        }

        @Override
        public long size() throws IOException {
            try {
                return channel.size();
            } catch (IOException e) {
                throw InputException.unreadable(name, "a weight file", e);
            }
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            try {
                return channel.read(target, position);
            } catch (IOException e) {
                throw InputException.unreadable(name, "a weight file", e);
            }
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    /** Bytes in memory, in consecutive parts; all parts but the last have the size of the first. */
    record InMemory(String name, List<byte[]> parts) implements ByteSource {

        private static final int PART_BYTES = 1 << 22;

        /** The caller's bytes, which are not copied. */
        public static InMemory of(String name, byte[] bytes) {
            return new InMemory(name, List.of(bytes));
        }

        /** All bytes that {@code stream} still has, however many. The stream is not closed. */
        public static InMemory readAll(String name, InputStream stream) throws IOException {
            List<byte[]> parts = new ArrayList<>();
            try {
                byte[] part;
                do {
                    part = stream.readNBytes(PART_BYTES);
                    parts.add(part);
                } while (part.length == PART_BYTES);
            } catch (IOException e) {
                throw InputException.unreadable(name, "weights", e);
            }
            return new InMemory(name, parts);
        }

        @Override
        public long size() {
            return (parts.size() - 1L) * parts.getFirst().length + parts.getLast().length;
        }

        @Override
        public int read(ByteBuffer target, long position) {
            if (position >= size()) {
                return -1;
            }
            byte[] part = parts.get((int) (position / parts.getFirst().length));
            int from = (int) (position % parts.getFirst().length);
            int count = Math.min(target.remaining(), part.length - from);
            target.put(part, from, count);
            return count;
        }

        @Override
        public void close() {
            // nothing to close: the garbage collector frees the bytes
        }
    }
}
