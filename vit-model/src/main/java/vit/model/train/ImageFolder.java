package vit.model.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import vit.model.InputException;
import vit.model.image.ImageDecoder;
import vit.model.image.RgbImage;

/**
 * A folder of class folders, as torchvision's {@code ImageFolder} has it: a class is a folder, its label its place among the sorted
 * names; its images are the files below it that end in .jpg, .jpeg, .png, .bmp, .gif or .webp, sorted by path. Names that begin with a
 * dot are passed over. Files are untrusted and decoded when asked for. Immutable; any number of threads may call.
 */
public final class ImageFolder implements ImageSource {

    private static final Set<String> ENDINGS = Set.of("jpg", "jpeg", "png", "bmp", "gif", "webp");

    private final List<String> classes = new ArrayList<>();
    private final List<Path> files = new ArrayList<>();
    private final List<Integer> labels = new ArrayList<>();

    private ImageFolder(Path root) throws IOException {
        if (!Files.isDirectory(root)) {
            throw InputException.in(root).expected("a folder of class folders").found(Files.exists(root) ? "a file" : "nothing")
                    .because("there is no such data set");
        }
        for (Path folder : children(root)) {
            int label = classes.size();
            List<Path> images = images(folder);
            if (images.isEmpty()) {
                throw InputException.in(folder).expected("images: files that end in .jpg, .jpeg, .png, .bmp, .gif or .webp").found("none")
                        .because("the class is empty");
            }
            classes.add(folder.getFileName().toString());
            for (Path image : images) {
                files.add(image);
                labels.add(label);
            }
        }
        if (classes.size() < 2) {
            throw InputException.in(root).expected("at least 2 class folders").found(classes.size()).because("the data set has too few classes");
        }
    }

    /**
     * Lists a folder; opens none of its images.
     *
     * @throws InputException if it has fewer than two class folders, or one without images
     * @throws IOException    if it cannot be listed
     */
    public static ImageFolder open(Path root) throws IOException {
        return new ImageFolder(root);
    }

    private static List<Path> children(Path root) throws IOException {
        try (Stream<Path> entries = Files.list(root)) {
            return entries.filter(entry -> Files.isDirectory(entry) && !hidden(entry))
                    .sorted(Comparator.comparing(entry -> entry.getFileName().toString())).toList();
        }
    }

    /** Symbolic links to folders below a class are not followed: they may lead in circles. */
    private static List<Path> images(Path folder) throws IOException {
        try (Stream<Path> entries = Files.walk(folder)) {
            return entries.filter(entry -> !hidden(entry) && isImage(entry) && Files.isRegularFile(entry))
                    .sorted(Comparator.comparing(entry -> folder.relativize(entry).toString())).toList();
        } catch (java.io.UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static boolean hidden(Path entry) {
        return entry.getFileName().toString().startsWith(".");
    }

    private static boolean isImage(Path entry) {
        String name = entry.getFileName().toString();
        return ENDINGS.contains(name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT));
    }

    @Override
    public int size() {
        return files.size();
    }

    @Override
    public List<String> classes() {
        return List.copyOf(classes);
    }

    @Override
    public int label(int index) {
        return labels.get(index);
    }

    /** The file of image {@code index}. */
    public Path file(int index) {
        return files.get(index);
    }

    @Override
    public RgbImage image(int index) throws InputException {
        Objects.checkIndex(index, files.size());
        return ImageDecoder.decode(files.get(index));
    }
}
