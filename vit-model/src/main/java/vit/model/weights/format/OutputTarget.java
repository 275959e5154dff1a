package vit.model.weights.format;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Where the bytes of an output file go. Symbolic links are followed to the file that they point to, even if it does not exist yet, so that
 * a link stays a link. Only a regular file is replaced. A character device or a pipe is written to directly, and a folder, a
 * socket or a block device is refused.
 *
 * @param path absolute, after all links are followed
 * @param kind what is there now
 */
public record OutputTarget(Path path, Kind kind) {

    /** What a path leads to. */
    public enum Kind {
        /** Nothing yet. */
        ABSENT,
        /** A regular file, which is replaced as a whole. */
        FILE,
        /** A pipe. Opening it waits for a reader. */
        PIPE,
        /** A character device, or a descriptor that is open already, such as {@code /dev/stdout}. */
        STREAM
    }

    private static final int MOST_LINKS = 40; // as Linux follows

    // The type bits of a file's mode, POSIX <sys/stat.h>.
    private static final int TYPE = 0170000;
    private static final int TYPE_PIPE = 0010000;
    private static final int TYPE_CHARACTER_DEVICE = 0020000;
    private static final int TYPE_BLOCK_DEVICE = 0060000;
    private static final int TYPE_SOCKET = 0140000;

    /**
     * Examines {@code named}, and changes nothing.
     *
     * @throws FileSystemException if nothing can be written there; its reason says why
     * @throws IOException         if a link cannot be read
     */
    public static OutputTarget of(Path named) throws IOException {
        Path path = named.toAbsolutePath();
        for (int links = 0; links <= MOST_LINKS; links++) {
            BasicFileAttributes attributes;
            try {
                attributes = Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            } catch (NoSuchFileException e) {
                return new OutputTarget(path, Kind.ABSENT);
            }
            if (!attributes.isSymbolicLink()) {
                return new OutputTarget(path, kind(named, path, attributes));
            }
            if (isDescriptor(path)) {
                return new OutputTarget(path, Kind.STREAM);
            }
            path = path.resolveSibling(Files.readSymbolicLink(path));
        }
        throw new FileSystemException(named.toString(), null, "too many symbolic links, or links in a circle");
    }

    /** Whether there is a regular file, which a new one will replace. */
    public boolean replaces() {
        return kind == Kind.FILE;
    }

    private static Kind kind(Path named, Path path, BasicFileAttributes attributes) throws IOException {
        if (attributes.isDirectory()) {
            throw new FileSystemException(named.toString(), null, "it is a folder, not a file");
        }
        if (attributes.isRegularFile()) {
            if (!Files.isWritable(path)) {
                throw new FileSystemException(named.toString(), null, "the file there is write-protected");
            }
            return Kind.FILE;
        }
        String found = switch (type(path)) {
            case TYPE_PIPE -> null;
            case TYPE_CHARACTER_DEVICE -> null;
            case TYPE_BLOCK_DEVICE -> "a block device";
            case TYPE_SOCKET -> "a socket";
            default -> "neither a file nor a pipe";
        };
        if (found != null) {
            throw new FileSystemException(named.toString(), null, "it is " + found + ", which is not written");
        }
        return type(path) == TYPE_PIPE ? Kind.PIPE : Kind.STREAM;
    }

    private static int type(Path path) throws IOException {
        if (!path.getFileSystem().supportedFileAttributeViews().contains("unix")) {
            return 0;
        }
        return (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS) & TYPE;
    }

    /** Links below {@code /proc} stand for what a process has open; their text need not be a path. */
    private static boolean isDescriptor(Path link) throws IOException {
        return link.getParent().toRealPath().startsWith("/proc");
    }
}
