package vit.model.train.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import vit.model.InputException;

/**
 * The images of a data set's folder. The folder either holds class folders, or it comes split as ImageNet and most published sets do: {@code train}
 * and {@code val} side by side, each a folder of class folders. The names of the parts:
 *
 * <pre>
 *   to train on    train, training
 *   to validate    val, valid, validation, dev; where there is none of them, test, testing, eval, evaluation
 * </pre>
 *
 * in upper or lower case, and followed by set, data, images, split or a year. A folder that can be read both ways is refused; nothing is guessed.
 *
 * @param training   images to train on, all classes
 * @param validation images to validate with, of the same classes; null where the set is not split
 * @param notes      sentences about what was left out and which folders were taken
 */
public record TrainingData(ImageFolder training, ImageFolder validation, List<String> notes) {

    /** A part of a split by its name. */
    enum Part {
        TRAINING("train|training"),
        VALIDATION("val|valid|validation|dev"),
        TEST("test|testing|eval|evaluation");

        private final Pattern names;

        Part(String names) {
            this.names = Pattern.compile("(" + names + ")([-_. ]?(set|data|images|split|\\d{4}))?", Pattern.CASE_INSENSITIVE);
        }

        static Part of(Path folder) {
            for (Part part : values()) {
                if (part.names.matcher(folder.getFileName().toString()).matches()) {
                    return part;
                }
            }
            return null;
        }
    }

    /**
     * Lists a folder; opens none of its images.
     *
     * @param output       a folder to which a model will be written and which therefore never counts as data, wherever it lies; or null
     * @param classesAlone whether folders named like parts of a split are nevertheless classes
     * @throws InputException if there are fewer than two classes, or one without images, or if it is not clear which folders are classes and which
     *                        are parts of a split
     * @throws IOException    if a folder cannot be listed
     */
    public static TrainingData open(Path root, Path output, boolean classesAlone) throws IOException {
        ImageFolder.requireFolder(root);
        List<Path> parts = classesAlone ? List.of() : parts(root, new ImageListing(output));
        ImageListing listing = new ImageListing(output);
        if (parts.isEmpty()) {
            if (!classesAlone) {
                refuseSplitClasses(root, new ImageListing(output));
            }
            return new TrainingData(ImageFolder.list(root, listing), null, listing.leftOut().lines());
        }
        return split(root, parts, listing);
    }

    /** The folders that are parts of a split; empty if the folders are classes. */
    static List<Path> parts(Path root, ImageListing listing) throws IOException {
        List<Path> folders = listing.folders(root);
        List<Path> named = folders.stream().filter(folder -> Part.of(folder) != null).toList();
        List<Path> parts = new ArrayList<>();
        for (Path folder : named) {
            if (listing.holdsOnlyFolders(folder)) {
                parts.add(folder);
            }
        }
        if (parts.isEmpty() && named.size() > 1 && named.size() == folders.size() && named.stream().anyMatch(folder -> Part.of(folder) == Part.TRAINING)) {
            throw ambiguous(root, named).found("images in them").because("folders are named like the parts of a split and hold images, not class folders");
        }
        return parts;
    }

    /** Refuses a class that has a split below it, because its validation images would be trained on. */
    static void refuseSplitClasses(Path root, ImageListing listing) throws IOException {
        for (Path folder : listing.folders(root)) {
            List<Part> below = listing.folders(folder).stream().map(Part::of).toList();
            if (below.contains(Part.TRAINING) && (below.contains(Part.VALIDATION) || below.contains(Part.TEST)) && listing.holdsOnlyFolders(folder)) {
                throw ambiguous(root, listing.folders(folder)).found("parts of a split inside the class " + folder.getFileName())
                        .because("the class folders hold the parts of a split, not the parts the class folders");
            }
        }
    }

    private static InputException.Report ambiguous(Path root, List<Path> folders) {
        return InputException.in(root).expected("class folders, or the parts of a split with class folders in them: train/CLASS, val/CLASS").tensor(names(folders));
    }

    private static String names(List<Path> folders) {
        return folders.stream().map(folder -> folder.getFileName().toString()).collect(Collectors.joining(", "));
    }

    private static TrainingData split(Path root, List<Path> parts, ImageListing listing) throws IOException {
        List<String> notes = new ArrayList<>();
        for (Path folder : listing.folders(root)) {
            if (!parts.contains(folder)) {
                leaveOut(root, folder, parts, listing, notes);
            }
        }
        Path train = only(root, parts, Part.TRAINING);
        if (train == null) {
            throw ambiguous(root, parts).found("no train beside").because("folders are named like the parts of a split, and the part to train on is missing");
        }
        Path judge = only(root, parts, Part.VALIDATION);
        if (judge == null) {
            judge = only(root, parts, Part.TEST);
        }
        ImageFolder training = ImageFolder.list(train, listing);
        ImageFolder validation = judge == null ? null : ImageFolder.list(judge, training.classes(), listing);
        notes.add(0, "images to train on: " + train + (judge == null ? "" : "; to validate: " + judge));
        for (Path part : parts) {
            if (!part.equals(train) && !part.equals(judge)) {
                notes.add("left out: " + part + ", a part of the split that is neither trained on nor validated with");
            }
        }
        notes.addAll(listing.leftOut().lines());
        return new TrainingData(training, validation, List.copyOf(notes));
    }

    /** Handles a folder beside the parts of a split: test images without classes, and folders without images, are left out. */
    private static void leaveOut(Path root, Path folder, List<Path> parts, ImageListing listing, List<String> notes) throws IOException {
        boolean test = Part.of(folder) == Part.TEST && listing.holdsImages(folder);
        if (!test && !new ImageListing(null).images(folder).isEmpty()) {
            throw ambiguous(root, parts).found(folder.getFileName() + " beside")
                    .because("folders are named like the parts of a split, and another folder with images stands beside them");
        }
        notes.add("left out: " + folder + (test ? ", images of a test without class folders" : ", a folder without images"));
    }

    /** The one part of this kind, or null. */
    static Path only(Path root, List<Path> parts, Part wanted) throws InputException {
        List<Path> found = parts.stream().filter(folder -> Part.of(folder) == wanted).toList();
        if (found.size() > 1) {
            throw ambiguous(root, found).found(found.size()).because("several folders are named like the same part of a split");
        }
        return found.isEmpty() ? null : found.getFirst();
    }

    /**
     * Images to train on and to validate with: the parts of the split if the set comes split, otherwise {@link Split#stratified}.
     *
     * @param fraction share of every class to hold out if the set does not come split
     */
    public Split split(double fraction, long seed) {
        return validation == null ? Split.stratified(training, fraction, seed) : new Split(training, validation);
    }
}
