package vit.model.train.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import vit.model.InputException;
import vit.model.image.RgbImage;
import vit.model.image.format.AlphaChannel;
import vit.model.image.format.ImageDecoder;

/**
 * A folder of class folders, laid out as for torchvision's {@code ImageFolder}. Each folder is a class, and its label is its index among the sorted
 * names. Its images are the files below it whose names end as those of images do, sorted by path. Links to folders are followed; names that begin
 * with a dot and folders of trained models are skipped. {@link TrainingData} handles a data set that comes split. Files are untrusted and are decoded
 * when they are asked for. Immutable; any number of threads may call.
 */
public final class ImageFolder implements ImageSource {

    private final List<String> classes;
    private final List<Path> files = new ArrayList<>();
    private final List<Integer> labels = new ArrayList<>();

    private ImageFolder(List<String> classes) {
        this.classes = classes;
    }

    /**
     * Lists a folder; opens none of its images.
     *
     * @throws InputException if it has fewer than two class folders, or one without images, or folders named {@code train} and {@code val}
     *                        that hold class folders: see {@link TrainingData}
     * @throws IOException    if it cannot be listed
     */
    public static ImageFolder open(Path root) throws IOException {
        TrainingData data = TrainingData.open(root, null, false);
        if (data.validation() != null) {
            throw InputException.in(root).expected("class folders").found("the parts of a split").because("the data set comes split");
        }
        return data.training();
    }

    /** The classes and images of {@code root}. */
    static ImageFolder list(Path root, ImageListing listing) throws IOException {
        ImageFolder made = new ImageFolder(new ArrayList<>());
        for (Path folder : listing.folders(root)) {
            List<Path> images = listing.images(folder);
            if (images.isEmpty()) {
                throw InputException.in(folder).expected("images: " + ImageListing.EXPECTED).found("none").because("the class is empty");
            }
            made.add(folder, images);
        }
        if (made.classes.size() < 2) {
            throw InputException.in(root).expected("at least 2 class folders").found(made.classes.size()).because("the data set has too few classes");
        }
        return made;
    }

    /** The images of {@code root}, whose class folders are among {@code classes}; it may lack some of them. */
    static ImageFolder list(Path root, List<String> classes, ImageListing listing) throws IOException {
        ImageFolder made = new ImageFolder(new ArrayList<>(classes));
        for (Path folder : listing.folders(root)) {
            made.add(folder, listing.images(folder));
        }
        if (made.classes.size() > classes.size()) {
            throw InputException.in(root.resolve(made.classes.getLast())).expected("one of the " + classes.size() + " classes to train on")
                    .found(made.classes.getLast()).because("the class is not among those to train on");
        }
        return made;
    }

    /** The classes and images of {@code root}, which may have any number of classes, even empty ones. */
    static ImageFolder listAny(Path root, ImageListing listing) throws IOException {
        ImageFolder made = new ImageFolder(new ArrayList<>());
        for (Path folder : listing.folders(root)) {
            made.add(folder, listing.images(folder));
        }
        return made;
    }

    private void add(Path folder, List<Path> images) throws InputException {
        String name = folder.getFileName().toString();
        if (name.codePoints().anyMatch(Character::isISOControl)) {
            throw InputException.in(folder).expected("a name without line breaks and control characters").because("the class's name cannot be written as a line");
        }
        int label = classes.indexOf(name);
        if (label < 0) {
            label = classes.size();
            classes.add(name);
        }
        for (Path image : images) {
            files.add(image);
            labels.add(label);
        }
    }

    /** Requires a folder. */
    static void requireFolder(Path root) throws InputException {
        if (!Files.isDirectory(root)) {
            throw InputException.in(root).expected("a folder of class folders").found(Files.exists(root) ? "a file" : "nothing")
                    .because("there is no such data set");
        }
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

    @Override
    public boolean hasAlpha(int index) {
        return AlphaChannel.isIn(files.get(index));
    }
}
