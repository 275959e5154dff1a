package vit.model.serve;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Metrics in Prometheus' text format 0.0.4, read strictly: every sample belongs to a family that is described once before it, and histograms are consistent. */
final class PrometheusFile {

    private static final Pattern HELP = Pattern.compile("# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)");
    private static final Pattern TYPE = Pattern.compile("# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)");
    private static final Pattern SAMPLE = Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.+)})? (-?[0-9][0-9.eE+-]*|[+-]Inf|NaN)");
    private static final Pattern LABEL = Pattern.compile("\\G(?:^|,)([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\\n]|\\\\[\\\\\"n])*)\"");

    private record Sample(String name, Map<String, String> labels) {}

    private final Map<Sample, Double> samples = new LinkedHashMap<>();
    private final Map<String, String> types = new HashMap<>();
    private final Set<String> helped = new HashSet<>();
    private String family;

    private PrometheusFile() {}

    /**
     * Reads the text.
     *
     * @throws AssertionError if it is not in the format
     */
    static PrometheusFile of(String text) {
        require(text.isEmpty() || text.endsWith("\n"), "the last line is not ended");
        PrometheusFile file = new PrometheusFile();
        for (String line : text.lines().toList()) {
            file.line(line);
        }
        file.types.forEach((name, type) -> {
            if (type.equals("histogram")) {
                file.checkHistogram(name);
            }
        });
        return file;
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }

    private void line(String line) {
        Matcher help = HELP.matcher(line);
        Matcher type = TYPE.matcher(line);
        Matcher sample = SAMPLE.matcher(line);
        if (help.matches()) {
            require(helped.add(help.group(1)), "a family twice: " + line);
            family = help.group(1);
        } else if (type.matches()) {
            require(type.group(1).equals(family) && types.put(family, type.group(2)) == null, "a type without its family: " + line);
        } else {
            require(sample.matches(), "not a line of the format: " + line);
            String name = sample.group(1);
            boolean isPart = "histogram".equals(types.get(family)) && name.matches(Pattern.quote(family) + "_(bucket|sum|count)");
            require(types.containsKey(family) && (isPart || name.equals(family) && !types.get(family).equals("histogram")), "a sample outside its family: " + line);
            Double before = samples.put(new Sample(name, labels(sample.group(2))), value(sample.group(3)));
            require(before == null, "a sample twice: " + line);
        }
    }

    private static double value(String text) {
        return text.endsWith("Inf") ? Double.parseDouble(text + "inity") : Double.parseDouble(text);
    }

    private static Map<String, String> labels(String text) {
        Map<String, String> labels = new HashMap<>();
        int end = 0;
        if (text != null) {
            for (Matcher label = LABEL.matcher(text); label.find(); end = label.end()) {
                String value = label.group(2).replace("\\\\", "\0").replace("\\\"", "\"").replace("\\n", "\n").replace('\0', '\\');
                require(labels.put(label.group(1), value) == null, "a label twice: " + text);
            }
            require(end == text.length(), "not labels: " + text);
        }
        return labels;
    }

    private void checkHistogram(String name) {
        Map<Map<String, String>, List<double[]>> buckets = new LinkedHashMap<>(); // by the other labels: bound and count
        samples.forEach((sample, value) -> {
            if (sample.name.equals(name + "_bucket")) {
                Map<String, String> others = new HashMap<>(sample.labels);
                String bound = others.remove("le");
                require(bound != null, "a bucket without a bound: " + sample);
                buckets.computeIfAbsent(others, _ -> new ArrayList<>()).add(new double[] {value(bound), value});
            }
        });
        require(!buckets.isEmpty(), name + " has no buckets");
        buckets.forEach((labels, rows) -> {
            for (int i = 1; i < rows.size(); i++) {
                require(rows.get(i - 1)[0] < rows.get(i)[0] && rows.get(i - 1)[1] <= rows.get(i)[1], name + " is not cumulative");
            }
            require(rows.getLast()[0] == Double.POSITIVE_INFINITY, name + " has no bucket +Inf");
            require(rows.getLast()[1] == value(name + "_count", labels), name + "_count is not the bucket +Inf");
            value(name + "_sum", labels);
        });
    }

    /** The value of a sample with exactly these labels. */
    double value(String name, Map<String, String> labels) {
        Double value = samples.get(new Sample(name, labels));
        require(value != null, "no sample " + name + labels + " in " + samples.keySet());
        return value;
    }

    boolean isEmpty() {
        return samples.isEmpty();
    }
}
