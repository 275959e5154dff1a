package vit.model.weights.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Writes a file atomically: if the process is killed at any moment, either the old file or the new one is there, and it is whole. The steps are a
 * temporary file in the same folder, fsync, atomic rename, fsync of the folder.
 *
 * <!-- given: Path path, ByteBuffer bytes -->
 * <pre>{@code
 * try (AtomicFile file = AtomicFile.create(path)) {
 *     file.write(bytes);
 *     file.commit();
 * }
 * }</pre>
 *
 * <p>{@link #close()} without {@link #commit()} leaves the old file and removes the temporary one. The new file gets the old one's permissions. An
 * exception names the file itself, not the temporary one, and the number of bytes that it needs if that is known.
 *
 * <p>A symbolic link stays, and the file that it points to is written. A pipe or a character device is written to directly, byte by byte as they come. A
 * folder, a socket or a block device is refused: see {@link OutputTarget}. For one thread.
 */
public final class AtomicFile implements AutoCloseable {

    private static final String SUFFIX = ".tmp";
    private static final int COPY_BYTES = 1 << 18;

    private final Path named;  // as the caller knows it
    private final Path target; // after all links are followed
    private final Path temporary; // null: the target is written to directly
    private final long size; // of the whole file; −1: not known
    private final FileChannel channel;
    private boolean committed;

    private AtomicFile(Path named, long size) throws IOException {
        this.named = named;
        this.size = size;
        OutputTarget found = OutputTarget.of(named);
        this.target = found.path();
        boolean whole = found.kind() == OutputTarget.Kind.ABSENT || found.kind() == OutputTarget.Kind.FILE;
        this.temporary = whole ? temporary(target) : null;
        this.channel = found.kind() == OutputTarget.Kind.PIPE ? PipeOpening.open(named) : open();
        if (found.replaces()) {
            keepPermissions();
        }
    }

    private FileChannel open() throws IOException {
        try {
            return temporary == null ? FileChannel.open(target, StandardOpenOption.APPEND)
                    : FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw fault(e);
        }
    }

    private void keepPermissions() throws IOException {
        PosixFileAttributeView now = Files.getFileAttributeView(target, PosixFileAttributeView.class);
        if (now == null) {
            return; // this file system has none
        }
        try {
            Files.setPosixFilePermissions(temporary, now.readAttributes().permissions());
        } catch (IOException e) {
            close();
            throw fault(e);
        }
    }

    private static Path temporary(Path target) {
        return target.resolveSibling(prefix(target) + Long.toHexString(ThreadLocalRandom.current().nextLong()) + SUFFIX);
    }

    private static String prefix(Path target) {
        return "." + target.getFileName() + ".";
    }

    /**
     * Starts writing {@code target}; its folder must exist. If it is a pipe, this waits for a reader, for ten seconds at most.
     *
     * @throws FileSystemException if {@code target} cannot be written; the reason says why
     */
    public static AtomicFile create(Path target) throws IOException {
        return new AtomicFile(target, -1);
    }

    /**
     * Starts writing {@code target}; its folder must exist.
     *
     * @param size bytes that will be written, for the message if there is no room for them
     */
    public static AtomicFile create(Path target, long size) throws IOException {
        return new AtomicFile(target, size);
    }

    /** Writes a whole file. */
    public static void write(Path target, byte[] bytes) throws IOException {
        try (AtomicFile file = create(target, bytes.length)) {
            file.write(ByteBuffer.wrap(bytes));
            file.commit();
        }
    }

    /**
     * Gives {@code file} a second name, {@code copy}, atomically: by a hard link, or by copying if the file system has no links. A file of
     * that name is replaced. When {@code file} is replaced later, the copy stays.
     */
    public static void link(Path file, Path copy) throws IOException {
        if (Files.exists(copy) && Files.isSameFile(file, copy)) {
            return; // renaming one of two names of a file to the other does nothing
        }
        Path temporary = temporary(copy.toAbsolutePath());
        try {
            Files.createLink(temporary, file.toRealPath()); // not the link, whose target may be replaced
        } catch (UnsupportedOperationException | FileSystemException e) {
            copy(file, copy);
            return;
        }
        try {
            Files.move(temporary, copy, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            Files.deleteIfExists(temporary);
            throw fault(copy, copy, -1, e);
        }
    }

    private static void copy(Path file, Path copy) throws IOException {
        try (FileChannel from = FileChannel.open(file, StandardOpenOption.READ);
                AtomicFile to = create(copy, from.size())) {
            ByteBuffer bytes = ByteBuffer.allocateDirect(COPY_BYTES);
            while (from.read(bytes.clear()) >= 0) {
                to.write(bytes.flip());
            }
            to.commit();
        }
    }

    /** Whether {@code file} is the temporary file of a process that writes {@code target}, or that was killed while it did. */
    public static boolean isTemporary(Path file, Path target) {
        String name = file.getFileName().toString();
        return name.startsWith(prefix(target)) && name.endsWith(SUFFIX);
    }

    /** Appends all that remains in {@code bytes}. */
    public void write(ByteBuffer bytes) throws IOException {
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (IOException e) {
            throw fault(e);
        }
    }

    /**
     * Puts the new file in the place of the old one.
     *
     * @throws IOException if that fails. The old file is then still there, unless the new one has taken its place already and only the folder
     *                     could not be forced to disk
     */
    public void commit() throws IOException {
        try {
            if (temporary == null) {
                channel.close();
                committed = true;
                return;
            }
            channel.force(true);
            channel.close();
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            committed = true;
            syncFolder();
        } catch (IOException e) {
            throw fault(e);
        }
    }

    /** Forces the folder to disk; until then a crash may undo the rename. Where folders cannot be opened (Windows), the file system logs renames. */
    private void syncFolder() throws IOException {
        FileChannel folder;
        try {
            folder = FileChannel.open(target.getParent(), StandardOpenOption.READ);
        } catch (IOException e) {
            return;
        }
        try (folder) {
            folder.force(true);
        }
    }

    /** The same fault, but naming the file as the caller knows it. An interrupt is returned as it is. */
    private IOException fault(IOException e) {
        return fault(named, target, size, e);
    }

    private static IOException fault(Path named, Path target, long size, IOException e) {
        if (e instanceof ClosedByInterruptException) {
            return e;
        }
        String reason = e instanceof FileSystemException f ? f.getReason() : e.getMessage();
        IOException clear = switch (e) {
            case NoSuchFileException _ -> new NoSuchFileException(named.toString(), null, (Files.isDirectory(target.getParent()) ? "no file can be made in the folder "
                    : "there is no folder ") + target.getParent());
            case AccessDeniedException _ -> new AccessDeniedException(named.toString(), null, "files may not be made in the folder " + target.getParent());
            default -> new FileSystemException(named.toString(), null, "the file cannot be written: " + (reason == null ? e.toString() : reason)
                    + room(target, size));
        };
        clear.initCause(e);
        return clear;
    }

    private static String room(Path target, long size) {
        if (size < 0) {
            return "";
        }
        String free;
        try {
            free = ", " + Files.getFileStore(target.getParent()).getUsableSpace() + " are free";
        } catch (IOException | UnsupportedOperationException e) {
            free = "";
        }
        return "; it needs " + size + " bytes" + free;
    }

    /** Removes the temporary file unless it was committed. */
    @Override
    public void close() throws IOException {
        if (!committed) {
            try {
                channel.close();
            } finally {
                if (temporary != null) {
                    Files.deleteIfExists(temporary);
                }
            }
        }
    }
}
