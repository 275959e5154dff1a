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
 * Writes a file so that after a kill at any moment the old file or the new one is there, whole: a temporary file in the
 * same folder, fsync, atomic rename, fsync of the folder. {@link #close()} without {@link #commit()} leaves the old file
 * and removes the temporary one. The new file keeps the old one's permissions. A fault names the file itself, and the bytes that it needs
 * where they are known.
 *
 * <p>A symbolic link stays, and the file it names is written. A pipe or a character device is written through, byte for byte as they come; a
 * folder, a socket or a block device is refused: see {@link OutputTarget}. For one thread.
 */
public final class AtomicFile implements AutoCloseable {

    private static final String SUFFIX = ".tmp";
    private static final int COPY_BYTES = 1 << 18;

    private final Path named;  // as the caller knows it
    private final Path target; // behind all links
    private final Path temporary; // null: the target is written through
    private final long size; // in the end; −1: not known
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
     * Starts writing {@code target}; its folder must exist. A pipe waits for its reader, ten seconds at most.
     *
     * @throws FileSystemException if {@code target} cannot be written; the reason says why
     */
    public static AtomicFile create(Path target) throws IOException {
        return new AtomicFile(target, -1);
    }

    /**
     * Starts writing {@code target}; its folder must exist.
     *
     * @param size bytes that will be written, for the message where there is no room for them
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
     * Gives {@code file} a second name, which replaces {@code copy}, atomically: by a hard link, or a copy where the file system has none.
     * Replacing {@code file} later leaves the copy.
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

    /** Whether {@code file} is the temporary file of a writing of {@code target} that was killed, or that goes on. */
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
     * Makes what was written the file.
     *
     * @throws IOException if that fails; the old file is then still there, unless the new one already has its place and only the folder
     *                     could not be forced to the disk
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

    /** Until the folder is on disk a crash may undo the rename. Where folders cannot be opened (Windows) renames are logged. */
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

    /** The same fault in the name of the file that the caller knows. An interrupt stays what it is. */
    private IOException fault(IOException e) {
        return fault(named, target, size, e);
    }

    private static IOException fault(Path named, Path target, long size, IOException e) {
        if (e instanceof ClosedByInterruptException) {
            return e;
        }
        String reason = e instanceof FileSystemException f ? f.getReason() : e.getMessage();
        IOException clear = switch (e) {
            case NoSuchFileException _ -> new NoSuchFileException(named.toString(), null, "there is no folder " + target.getParent());
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
