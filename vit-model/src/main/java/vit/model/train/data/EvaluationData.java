package vit.model.train.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import vit.model.InputException;
import vit.model.train.data.TrainingData.Part;

/**
 * The labelled images of a folder on which a model is to be evaluated. The folder holds class folders, or it comes split as {@link TrainingData} describes.
 * Of a split, the part to validate with is taken, or else the part to test with. The classes may be any part of the model's, even one alone, and a class
 * may be empty.
 *
 * @param images the images, whose classes are the names of the folders, sorted
 * @param part   the part of the split that was taken; null if the folder does not come split
 * @param notes  sentences about what was left out and which part was taken
 */
public record EvaluationData(ImageFolder images, Path part, List<String> notes) {

    /**
     * Lists a folder; opens none of its images.
     *
     * @param classesAlone whether folders named like parts of a split are nevertheless classes
     * @throws InputException if there is no class folder or no image, or a split has only a part to train on, or it is not clear which folders are classes
     *                        and which are parts of a split
     * @throws IOException    if a folder cannot be listed
     */
    public static EvaluationData open(Path root, boolean classesAlone) throws IOException {
        ImageFolder.requireFolder(root);
        List<Path> parts = classesAlone ? List.of() : TrainingData.parts(root, new ImageListing(null));
        if (parts.isEmpty() && !classesAlone) {
            TrainingData.refuseSplitClasses(root, new ImageListing(null));
        }
        ImageListing listing = new ImageListing(null);
        List<String> notes = new ArrayList<>();
        Path part = parts.isEmpty() ? null : part(root, parts, listing, notes);
        ImageFolder images = ImageFolder.listAny(part == null ? root : part, listing);
        notes.addAll(listing.leftOut().lines());
        if (images.classes().isEmpty()) {
            throw InputException.in(root).expected("one folder of images for each class").found("no folders").because("there are no class folders");
        }
        if (images.size() == 0) {
            throw InputException.in(root).expected("images: " + ImageListing.EXPECTED).found("none").because("all class folders are empty");
        }
        return new EvaluationData(images, part, List.copyOf(notes));
    }

    private static Path part(Path root, List<Path> parts, ImageListing listing, List<String> notes) throws IOException {
        Path chosen = TrainingData.only(root, parts, Part.VALIDATION);
        if (chosen == null) {
            chosen = TrainingData.only(root, parts, Part.TEST);
        }
        if (chosen == null) {
            throw InputException.in(root).expected("val or test beside " + parts.getFirst().getFileName()).found("none")
                    .remedy("name the folder itself to evaluate on it: " + parts.getFirst()).because("the data set comes split, and only has a part to train on");
        }
        notes.add("the data set comes split; evaluated is " + chosen);
        for (Path folder : listing.folders(root)) {
            if (!folder.equals(chosen)) {
                notes.add("left out: " + folder);
            }
        }
        return chosen;
    }
}
