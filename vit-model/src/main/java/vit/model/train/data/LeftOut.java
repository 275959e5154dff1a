package vit.model.train.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** The entries of a data set's folder that are not in its list of images, with the reasons. For one thread. */
final class LeftOut {

    private final Map<String, Integer> endings = new TreeMap<>();
    private final Map<String, List<Path>> others = new LinkedHashMap<>();

    /** Notes a file whose name does not end like that of an image. */
    void file(Path file) {
        String name = file.getFileName().toString();
        int dot = name.lastIndexOf('.');
        endings.merge(dot <= 0 ? "without an ending" : name.substring(dot).toLowerCase(Locale.ROOT), 1, Integer::sum);
    }

    /** Notes any other entry, for example {@code ("a broken link", path)}. */
    void entry(String reason, Path entry) {
        others.computeIfAbsent(reason, _ -> new ArrayList<>()).add(entry);
    }

    /** One line for each reason; none if nothing was left out. */
    List<String> lines() {
        List<String> lines = new ArrayList<>();
        int files = endings.values().stream().mapToInt(Integer::intValue).sum();
        if (files > 0) {
            List<String> counts = new ArrayList<>();
            endings.forEach((ending, count) -> counts.add(count + " " + ending));
            lines.add("left out: " + files + (files == 1 ? " file that is no image by its ending" : " files that are no images by their endings") + " ("
                    + String.join(", ", counts) + ")");
        }
        others.forEach((reason, entries) -> lines.add("left out: " + entries.getFirst() + (entries.size() == 1 ? "" : " and " + (entries.size() - 1) + " more")
                + ", " + reason));
        return lines;
    }
}
