package vit.model.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import picocli.CommandLine.Option;
import vit.model.InputException;
import vit.model.evaluate.ClassMatch;
import vit.model.json.Json;
import vit.model.json.JsonArray;
import vit.model.json.JsonKind;
import vit.model.json.JsonObject;
import vit.model.json.JsonValue;
import vit.model.text.TextEncoding;
import vit.model.weights.config.Labels;

/** {@code --classes F}: which class of the model each folder of images is. Without it, folders are matched by their names. */
final class FolderClasses {

    private static final String SORTED = "sorted";

    private static final int MOST_BYTES = 64 << 20;
    private static final int MOST_NAMED = 8;
    private static final int MOST_EXAMPLES = 3;

    /** As in the lines of ImageNet's {@code LOC_synset_mapping.txt}, where words follow. */
    private static final Pattern WORDNET_ID = Pattern.compile("n\\d{8}(\\s.*)?");

    @Option(names = "--classes", paramLabel = "F",
            description = "Which class each folder is, if its name does not tell: a file with lines FOLDER<tab>CLASS, where CLASS is a label or a number; or with one folder"
                    + " per line in the order of the classes; or JSON (an object from folder to class, an array of folders, Keras' class index). The word " + SORTED
                    + " takes the folders in sorted order for the classes 0, 1, 2 and so on.")
    private Path file;

    /**
     * The classes of folders.
     *
     * @param classes of each folder; −1 for one without images and without a class
     * @param labels  of the model's classes, or empty: those that were given or, if the model was taken for one of ImageNet's, ImageNet's
     * @param notes   sentences about what was assumed
     */
    record Found(int[] classes, List<String> labels, List<String> notes) {}

    /**
     * Finds the class of each folder.
     *
     * @param labels of the model's classes, or empty
     * @param used   whether a folder, by its number, holds images; one that holds none needs no class
     * @throws CommandException if a folder has none; the message lists all such folders, or the first of many
     */
    Found find(List<String> folders, IntPredicate used, List<String> labels, int classes) throws CommandException, IOException {
        if (file != null && file.toString().equals(SORTED)) {
            return sorted(folders, labels, classes);
        }
        Given stated = file == null ? new Given(Map.of(), false) : given(labels, classes);
        Map<String, Integer> given = stated.classes;
        List<String> open = folders.stream().filter(folder -> !given.containsKey(folder)).toList();
        ClassMatch match = ClassMatch.of(open, labels, classes);
        boolean imagenet = match.assumesImagenet() || stated.imagenet;
        List<String> unmatched = match.unmatched().stream().filter(folder -> used.test(folders.indexOf(folder))).toList();
        if (!unmatched.isEmpty()) {
            throw unmatched(unmatched, folders.size(), imagenet ? Labels.imagenet() : labels, classes);
        }
        int[] found = new int[folders.size()];
        List<String> notes = new ArrayList<>();
        for (int i = 0; i < found.length; i++) {
            String folder = folders.get(i);
            if (match.unmatched().contains(folder)) {
                found[i] = -1;
                notes.add("left out: " + folder + ", a folder without images that matches no class of the model");
            } else {
                found[i] = given.containsKey(folder) ? given.get(folder) : match.of(open.indexOf(folder));
            }
        }
        if (imagenet) {
            notes.add("the model does not name its 1000 classes; because of " + (match.assumesImagenet() ? "the folders' names" : "the names that --classes gives")
                    + " they are taken for ImageNet's in the usual order");
        }
        match.shared(open).forEach((c, names) -> notes.add("folders of one class of the model: " + String.join(", ", names)));
        return new Found(found, imagenet ? Labels.imagenet() : labels, notes);
    }

    private static Found sorted(List<String> folders, List<String> labels, int classes) throws CommandException {
        if (folders.size() != classes) {
            throw new CommandException("--classes sorted: there are " + folders.size() + " folders, and the model has " + classes + " classes",
                    "name a file with --classes that gives each folder its class");
        }
        return new Found(IntStream.range(0, classes).toArray(), labels, List.of("the folders are taken for the model's classes in sorted order"));
    }

    private CommandException unmatched(List<String> unmatched, int all, List<String> labels, int classes) {
        List<String> named = unmatched.subList(0, Math.min(MOST_NAMED, unmatched.size()));
        String examples = labels.isEmpty() ? "the model has " + classes + " classes without names"
                : "the model's classes are, for example, " + String.join("; ", labels.subList(0, Math.min(MOST_EXAMPLES, labels.size())));
        return new CommandException(unmatched.size() + " of " + all + (all == 1 ? " folder" : " folders") + " match no class of the model: " + String.join(", ", named)
                + (unmatched.size() > named.size() ? " and " + (unmatched.size() - named.size()) + " more" : "") + "; " + examples,
                "--classes F gives folders their classes, with lines FOLDER<tab>CLASS; --classes sorted takes sorted folders for classes 0, 1, 2 …; --labels F names the"
                        + " model's classes");
    }

    /** The classes that the file gives, and whether some are known only by ImageNet's names. */
    private record Given(Map<String, Integer> classes, boolean imagenet) {}

    private Given given(List<String> labels, int classes) throws CommandException, IOException {
        try {
            Map<String, String> targets = read();
            List<String> folders = List.copyOf(targets.keySet());
            List<String> names = folders.stream().map(targets::get).toList();
            ClassMatch match = ClassMatch.of(names, labels, classes);
            Map<String, Integer> given = new HashMap<>();
            for (int i = 0; i < names.size(); i++) {
                given.put(folders.get(i), number(names.get(i), match, i, classes));
            }
            return new Given(given, match.assumesImagenet());
        } catch (InputException e) {
            throw new CommandException(e, "vit evaluate --help says what the file may hold");
        }
    }

    /** The class of a target: its label or, if no label is like that, its number. */
    private int number(String target, ClassMatch match, int i, int classes) throws InputException {
        if (!match.unmatched().contains(target)) {
            return match.of(i);
        }
        if (target.matches("\\d{1,9}") && Integer.parseInt(target) < classes) {
            return Integer.parseInt(target);
        }
        throw InputException.in(file).expected("a label of the model, or a number below " + classes).found(target).because("the model has no such class");
    }

    /** From folder to the label or the number of its class. */
    private Map<String, String> read() throws IOException {
        byte[] bytes;
        try (var in = Files.newInputStream(file)) {
            bytes = in.readNBytes(MOST_BYTES + 1);
        } catch (IOException e) {
            throw InputException.unreadable(file, "a file of classes", e);
        }
        if (bytes.length > MOST_BYTES) {
            throw InputException.in(file).expected("at most " + MOST_BYTES + " bytes").found("more").because("the file of classes is too large");
        }
        String text = new String(TextEncoding.withoutMark(bytes), StandardCharsets.UTF_8);
        String start = text.stripLeading();
        return start.startsWith("{") || start.startsWith("[") ? json(Json.parseValue(file.toString(), bytes)) : lines(text.lines().map(String::strip).filter(line ->
                !line.isEmpty()).toList());
    }

    private Map<String, String> lines(List<String> lines) throws InputException {
        Map<String, String> targets = new HashMap<>();
        boolean ids = lines.stream().allMatch(line -> WORDNET_ID.matcher(line).matches()) && lines.stream().noneMatch(line -> line.contains("\t"));
        for (int i = 0; i < lines.size(); i++) {
            int tab = lines.get(i).indexOf('\t');
            String folder = tab >= 0 ? lines.get(i).substring(0, tab).strip() : ids ? lines.get(i).split("\\s", 2)[0] : lines.get(i);
            put(targets, folder, tab >= 0 ? lines.get(i).substring(tab + 1).strip() : String.valueOf(i));
        }
        return targets;
    }

    private Map<String, String> json(JsonValue value) throws InputException {
        Map<String, String> targets = new HashMap<>();
        if (value.kind() == JsonKind.ARRAY) {
            JsonArray folders = value.array();
            for (int i = 0; i < folders.size(); i++) {
                put(targets, folders.get(i).text(), String.valueOf(i));
            }
            return targets;
        }
        JsonObject object = value.object();
        for (String name : object.names()) {
            switch (object.kind(name)) {
                case ARRAY -> put(targets, object.array(name).get(0).text(), name); // Keras: number → [WordNet id, name]
                case NUMBER -> put(targets, name, String.valueOf(object.integer(name)));
                default -> put(targets, name, object.text(name));
            }
        }
        return targets;
    }

    private void put(Map<String, String> targets, String folder, String target) throws InputException {
        if (targets.put(folder, target) != null) {
            throw InputException.in(file).expected("each folder once").found(folder + " twice").because("the file gives a folder two classes");
        }
    }
}
