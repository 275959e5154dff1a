package vit.model.evaluate;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import vit.model.weights.config.Labels;

/**
 * Finds the classes of a model by the names of folders. Case, accents' encoding, and the difference of spaces, underscores, hyphens and dots do not matter.
 * A name is compared with these names of the classes, and the first kind that knows it decides:
 *
 * <ol>
 *   <li>the label as a whole, for example {@code tench, Tinca tinca}; a number also with leading zeros;
 *   <li>the WordNet id of an ImageNet class, for example {@code n01440764}, if the label is an ImageNet class's name; or that name, if the label is the id;
 *   <li>one of the synonyms in a label that are separated by commas, for example {@code tench};
 *   <li>the number of the class, if the model's labels are only numbers.
 * </ol>
 *
 * A model of 1000 classes without labels, or with numbers as labels, counts as one of ImageNet's if a folder is named like a class of ImageNet;
 * {@link #assumesImagenet()} tells so. A name that two classes have matches neither. Immutable.
 */
public final class ClassMatch {

    private static final Pattern PLAIN_NUMBER = Pattern.compile("(label[ ])?0*(\\d{1,9})");

    private static final int AMBIGUOUS = -1;

    private final int[] found; // class by folder, or −1
    private final List<String> unmatched;
    private final boolean imagenet;

    private ClassMatch(int[] found, List<String> unmatched, boolean imagenet) {
        this.found = found;
        this.unmatched = unmatched;
        this.imagenet = imagenet;
    }

    /**
     * Matches folders.
     *
     * @param folders names of folders
     * @param labels  of the model's classes, or empty if it has none
     * @param classes number of the model's classes
     */
    public static ClassMatch of(List<String> folders, List<String> labels, int classes) {
        List<String> names = labels.isEmpty() || areNumbers(labels) ? List.of() : labels;
        List<Map<String, Integer>> kinds = names.isEmpty() ? numbered(classes) : named(names);
        List<Map<String, Integer>> own = kinds;
        boolean assumable = names.isEmpty() && classes == Labels.imagenet().size();
        boolean assumed = assumable && folders.stream().anyMatch(folder -> find(own, folder) < 0);
        if (assumed) {
            kinds = new ArrayList<>(kinds);
            kinds.addAll(named(Labels.imagenet()));
        }
        int[] found = new int[folders.size()];
        List<String> unmatched = new ArrayList<>();
        boolean used = false;
        for (int i = 0; i < found.length; i++) {
            found[i] = find(kinds, folders.get(i));
            used |= assumed && found[i] >= 0 && find(own, folders.get(i)) < 0;
            if (found[i] < 0) {
                unmatched.add(folders.get(i));
            }
        }
        return new ClassMatch(found, List.copyOf(unmatched), used);
    }

    private static int find(List<Map<String, Integer>> kinds, String folder) {
        String key = key(folder);
        for (Map<String, Integer> kind : kinds) {
            Integer found = kind.get(key);
            if (found != null) {
                return found;
            }
        }
        return -1;
    }

    /** Whether labels say nothing but the numbers of the classes, in order: {@code 0}, {@code 1} or {@code LABEL_0}, {@code LABEL_1} and so on. */
    private static boolean areNumbers(List<String> labels) {
        for (int c = 0; c < labels.size(); c++) {
            if (!key(labels.get(c)).equals(String.valueOf(c))) {
                return false;
            }
        }
        return true;
    }

    private static List<Map<String, Integer>> numbered(int classes) {
        Map<String, Integer> numbers = new HashMap<>();
        for (int c = 0; c < classes; c++) {
            numbers.put(String.valueOf(c), c);
        }
        return List.of(numbers);
    }

    /** The names of classes by kind, each kind from name to class. */
    private static List<Map<String, Integer>> named(List<String> labels) {
        List<Map<String, Integer>> kinds = List.of(new HashMap<>(), new HashMap<>(), new HashMap<>());
        List<String> words = Labels.imagenet();
        List<String> ids = Labels.imagenetIds();
        Map<String, Integer> byWords = new HashMap<>(); // ImageNet's numbers
        Map<String, Integer> byId = new HashMap<>();
        for (int i = 0; i < words.size(); i++) {
            add(byWords, words.get(i), i);
            byId.put(ids.get(i), i);
        }
        boolean inOrder = labels.size() == words.size();
        for (int c = 0; c < labels.size(); c++) {
            String key = key(labels.get(c));
            add(kinds.get(0), labels.get(c), c);
            synonyms(kinds.get(2), labels.get(c), c);
            Integer number = byId.get(key);
            if (number != null) {
                add(kinds.get(1), words.get(number), c);
                synonyms(kinds.get(2), words.get(number), c);
                continue;
            }
            number = inOrder && key.equals(key(words.get(c))) ? Integer.valueOf(c) : byWords.get(key); // two of ImageNet's classes are both named crane
            if (number != null && number != AMBIGUOUS) {
                add(kinds.get(1), ids.get(number), c);
            }
        }
        return kinds;
    }

    private static void synonyms(Map<String, Integer> to, String label, int c) {
        Arrays.stream(label.split(",")).filter(part -> !part.isBlank()).forEach(part -> add(to, part, c));
    }

    private static void add(Map<String, Integer> to, String name, int c) {
        to.merge(key(name), c, (a, b) -> a.equals(b) ? a : AMBIGUOUS);
    }

    /** A name without what does not matter in it. */
    static String key(String name) {
        String plain = Normalizer.normalize(name, Normalizer.Form.NFC).toLowerCase(Locale.ROOT).replaceAll("[\\s_.\\-]+", " ").strip();
        var number = PLAIN_NUMBER.matcher(plain);
        return number.matches() ? number.group(2) : plain;
    }

    /**
     * The class of folder {@code i}.
     *
     * @throws IllegalStateException if it is among the {@link #unmatched()}
     */
    public int of(int i) {
        if (found[i] < 0) {
            throw new IllegalStateException("folder " + i + " has no class");
        }
        return found[i];
    }

    /** The folders without a class, in their order. */
    public List<String> unmatched() {
        return unmatched;
    }

    /** Whether some folder has a class only because a model of 1000 classes without names was taken for one of ImageNet's. */
    public boolean assumesImagenet() {
        return imagenet;
    }

    /** The classes to which more than one folder belongs, each with its folders. */
    public Map<Integer, List<String>> shared(List<String> folders) {
        Map<Integer, List<String>> all = new LinkedHashMap<>();
        for (int i = 0; i < found.length; i++) {
            all.computeIfAbsent(found[i], _ -> new ArrayList<>()).add(folders.get(i));
        }
        all.remove(-1);
        for (int c : new TreeSet<>(all.keySet())) {
            if (all.get(c).size() == 1) {
                all.remove(c);
            }
        }
        return all;
    }
}
