package vit.model.train.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import vit.model.InputException;
import vit.model.train.TrainingFolder;

/**
 * Lists folders and the images below them. Links to folders are followed, as torchvision follows them, except one that leads back to a folder in
 * which it lies. Names that begin with a dot are skipped. Folders of a training do not count as data. {@link #leftOut} tells what was left out. For
 * one thread.
 */
public final class ImageListing {

    /** As torchvision's {@code IMG_EXTENSIONS}, and GIF. */
    private static final Set<String> ENDINGS = Set.of("jpg", "jpeg", "png", "bmp", "gif", "webp", "ppm", "pgm", "tif", "tiff");

    static final String EXPECTED = "files that end in .jpg, .jpeg, .png, .bmp, .gif, .webp, .ppm, .pgm, .tif or .tiff";

    private final LeftOut leftOut = new LeftOut();
    private final Path output; // real path, or null

    /**
     * A listing that leaves {@code output} out.
     *
     * @param output a folder to which a model will be written, whether it exists or not; or null
     */
    ImageListing(Path output) throws IOException {
        this.output = output != null && Files.isDirectory(output) ? output.toRealPath() : null;
    }

    LeftOut leftOut() {
        return leftOut;
    }

    /** The folders in {@code root} that may hold data, sorted by name. Images beside these folders are left out. */
    List<Path> folders(Path root) throws IOException {
        List<Path> folders = new ArrayList<>();
        for (Path entry : entries(root)) {
            if (!Files.isDirectory(entry)) {
                if (isImage(entry)) {
                    leftOut.entry("which stands beside the class folders", entry);
                }
            } else if (!isOfTraining(entry)) {
                folders.add(entry);
            }
        }
        return folders;
    }

    /** The images anywhere below {@code folder}, sorted by path. */
    List<Path> images(Path folder) throws IOException {
        List<Path> images = new ArrayList<>();
        List<Path> way = new ArrayList<>();
        way.add(folder.toAbsolutePath().getParent().toRealPath());
        collect(folder, way, images);
        images.sort(Comparator.comparing(image -> folder.relativize(image).toString()));
        return images;
    }

    private void collect(Path folder, List<Path> way, List<Path> images) throws IOException {
        Path real = folder.toRealPath();
        if (way.contains(real)) {
            leftOut.entry("a link that leads back to a folder in which it lies", folder);
            return;
        }
        way.add(real);
        for (Path entry : entries(folder)) {
            if (Files.isDirectory(entry)) {
                if (!isOfTraining(entry)) {
                    collect(entry, way, images);
                }
            } else if (!Files.exists(entry)) {
                leftOut.entry("a link to nothing", entry);
            } else if (!isImage(entry)) {
                leftOut.file(entry);
            } else if (!Files.isRegularFile(entry)) {
                leftOut.entry("which is no regular file", entry);
            } else {
                images.add(entry);
            }
        }
        way.removeLast();
    }

    /** Whether {@code folder} holds folders and no images of its own, as the parts of a split do. */
    boolean holdsOnlyFolders(Path folder) throws IOException {
        List<Path> entries = entries(folder);
        return entries.stream().anyMatch(Files::isDirectory) && entries.stream().noneMatch(entry -> isImage(entry) && Files.isRegularFile(entry));
    }

    /** Whether {@code folder} itself holds images. */
    boolean holdsImages(Path folder) throws IOException {
        return entries(folder).stream().anyMatch(entry -> isImage(entry) && Files.isRegularFile(entry));
    }

    /** Whether a model was or will be written to this folder, so that its pictures do not count as data. */
    private boolean isOfTraining(Path folder) throws IOException {
        boolean out = folder.toRealPath().equals(output);
        if (!out && !TrainingFolder.isModelFolder(folder)) {
            return false;
        }
        for (Path entry : entries(folder)) {
            if (isImage(entry) && Files.isRegularFile(entry) && (out || new TrainingFolder(folder).holdsTraining())
                    && !TrainingFolder.PICTURES.contains(entry.getFileName().toString())) {
                throw InputException.in(folder).expected("a folder for data or a folder for a model").found(entry.getFileName() + " beside a model")
                        .because("the folder of a training lies in the data and holds images");
            }
        }
        leftOut.entry(out ? "the output folder" : "a folder of a trained model", folder);
        return true;
    }

    /** The entries of a folder without hidden names, sorted. */
    public static List<Path> entries(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(entry -> !entry.getFileName().toString().startsWith(".")).sorted(Comparator.comparing(entry -> entry.getFileName().toString()))
                    .toList();
        } catch (java.io.UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static boolean isImage(Path entry) {
        String name = entry.getFileName().toString();
        return ENDINGS.contains(name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT));
    }
}
