package vit.model.serve;

import vit.model.service.Histogram;

/** Writes metrics in Prometheus' text format, version 0.0.4. */
final class PrometheusText {

    private final StringBuilder text = new StringBuilder();
    private String name;

    /** Begins a family of samples. */
    PrometheusText family(String family, String type, String help) {
        name = family;
        text.append("# HELP ").append(family).append(' ').append(help).append("\n# TYPE ").append(family).append(' ').append(type).append('\n');
        return this;
    }

    /** @param labels names and values in turn */
    PrometheusText sample(double value, String... labels) {
        line("", value, labels);
        return this;
    }

    PrometheusText histogram(Histogram histogram, String model) {
        double[] bounds = histogram.bounds();
        long[] counts = histogram.counts();
        long below = 0;
        for (int i = 0; i < counts.length; i++) {
            below += counts[i];
            line("_bucket", below, "model", model, "le", i == bounds.length ? "+Inf" : number(bounds[i]));
        }
        line("_sum", histogram.sum(), "model", model);
        line("_count", below, "model", model);
        return this;
    }

    private void line(String suffix, double value, String... labels) {
        text.append(name).append(suffix);
        for (int i = 0; i < labels.length; i += 2) {
            text.append(i == 0 ? '{' : ',').append(labels[i]).append("=\"").append(escaped(labels[i + 1])).append('"');
        }
        text.append(labels.length == 0 ? " " : "} ").append(number(value)).append('\n');
    }

    private static String escaped(String label) {
        return label.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }

    /** Whole numbers without a point. */
    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15 ? Long.toString((long) value) : Double.toString(value);
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
