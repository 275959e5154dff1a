package vit.model.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import vit.model.weights.format.OutputTarget;

/**
 * Checks the file or the folder that {@code --output} names. A file of another kind, or one that the command reads, is never replaced, because it was probably
 * named by mistake.
 */
final class OutputCheck {

    private static final int START_BYTES = 9;

    private static final String OTHER_FOLDER = "name another folder with --output; it is made if it is not there";

    private OutputCheck() {}

    /** The kinds of file that commands write. Each is recognised by its first bytes. */
    enum Format {
        /** Begins with eight bytes of length, then an object. */
        SAFETENSORS("safetensors", "safetensors"),
        /** A protobuf message that begins with its version. */
        ONNX("ONNX", "onnx"),
        /** Begins with a magic number. */
        NPY("NumPy", "npy"),
        /** Text, a name per line, which no first byte tells. */
        NAMES("text", "names.txt");

        private final String words;
        private final String ending;

        Format(String words, String ending) {
            this.words = words;
            this.ending = ending;
        }

        private boolean fits(byte[] start) {
            return start.length == 0 || switch (this) {
                case SAFETENSORS -> start.length == START_BYTES && start[START_BYTES - 1] == '{';
                case ONNX -> start[0] == 0x08;
                case NPY -> start[0] == (byte) 0x93;
                case NAMES -> true;
            };
        }
    }

    /**
     * Refuses a path that cannot or should not become the file.
     *
     * @param inputs files that the command reads
     */
    static void require(Path file, Format format, List<Path> inputs) throws CommandException {
        OutputTarget target;
        try {
            target = OutputTarget.of(file);
        } catch (FileSystemException e) {
            throw new CommandException("--output " + FaultReport.reason(e), "name a file, for example out." + format.ending, e);
        } catch (IOException e) {
            throw new CommandException("--output " + file + ": " + FaultReport.reason(e), "name another file", e);
        }
        Path folder = target.path().getParent();
        if (target.kind() == OutputTarget.Kind.ABSENT || target.kind() == OutputTarget.Kind.FILE) {
            requireNoFile(file, folder);
            if (!Files.isDirectory(folder)) {
                throw new CommandException("--output " + file + ": there is no folder " + folder, "make the folder first, or name another");
            }
            if (!Files.isWritable(folder)) {
                throw new CommandException("--output " + file + ": files may not be made in the folder " + folder, "name a file in another folder");
            }
        }
        if (target.replaces()) {
            requireOutput(file, target.path(), format, inputs);
        }
    }

    /** Refuses a path that cannot become a folder, before any work is done. Makes nothing. */
    static void requireFolder(Path folder) throws CommandException {
        Path there = requireNoFile(folder, folder.toAbsolutePath());
        if (there != null && !Files.isWritable(there)) {
            throw new CommandException("--output " + folder + ": files may not be made in the folder " + there, OTHER_FOLDER);
        }
    }

    /** Makes a folder unless there is one. */
    static void makeFolder(Path folder) throws CommandException {
        requireFolder(folder);
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new CommandException("--output " + folder + ": the folder cannot be made: " + FaultReport.reason(e), OTHER_FOLDER, e);
        }
    }

    /**
     * Refuses a folder that lies below a file, or is one. Returns the lowest part of its path that there is.
     *
     * @param named what {@code --output} names
     */
    private static Path requireNoFile(Path named, Path folder) throws CommandException {
        Path there = folder;
        while (there != null && !Files.exists(there, LinkOption.NOFOLLOW_LINKS)) {
            there = there.getParent();
        }
        if (there != null && !Files.isDirectory(there)) {
            String what = Files.exists(there) ? there + " is a file, not a folder" : there + " is a link to nothing";
            throw new CommandException("--output " + named + ": " + what, "name another folder, or remove the file first");
        }
        return there;
    }

    private static void requireOutput(Path file, Path target, Format format, List<Path> inputs) throws CommandException {
        try (InputStream in = Files.newInputStream(target)) {
            for (Path input : inputs) {
                if (Files.exists(input) && isRead(input, target)) {
                    throw new CommandException("--output " + file + ": the command reads this file, so it does not replace it", "name another file");
                }
            }
            boolean named = target.getFileName().toString().toLowerCase(Locale.ROOT).endsWith("." + format.ending);
            if (!named && !format.fits(in.readNBytes(START_BYTES))) {
                throw new CommandException("--output " + file + ": the file that is there is no " + format.words + " file, so it is not replaced",
                        "name another file, or remove this one first");
            }
        } catch (IOException e) {
            throw new CommandException("--output " + file + ": " + FaultReport.reason(e), "name another file", e);
        }
    }

    /** Whether {@code target} is an input, or part of weights that consist of several files or lie in a folder. */
    private static boolean isRead(Path input, Path target) throws IOException {
        boolean folder = Files.isDirectory(input);
        if (folder || input.toString().endsWith(".index.json")) {
            Path holds = folder ? input : input.toAbsolutePath().getParent();
            return Files.isSameFile(holds, target.getParent()) && target.getFileName().toString().matches(".*model.*\\.(safetensors|npz)");
        }
        return Files.isSameFile(input, target);
    }

    /** Whether writing {@code file} will replace a regular file. */
    static boolean replaces(Path file) throws IOException {
        return OutputTarget.of(file).replaces();
    }
}
