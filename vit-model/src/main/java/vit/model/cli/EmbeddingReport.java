package vit.model.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import vit.kernels.tensor.Shape;
import vit.model.text.PrintableText;

/** Prints what images have, as it becomes known: one line for each image, or one JSON object for all. */
final class EmbeddingReport implements EachImage.Results<float[]> {

    private final PrintWriter out;
    private final ImageObjects objects; // or null: lines of text
    private final String field;
    private final Shape shape;

    /**
     * @param field of the JSON object for an image
     * @param shape of what an image has
     */
    EmbeddingReport(PrintWriter out, boolean json, String field, Shape shape) {
        this.out = out;
        this.objects = json ? new ImageObjects(out) : null;
        this.field = field;
        this.shape = shape;
    }

    @Override
    public void good(ImageInput image, float[] values) {
        if (objects != null) {
            objects.print(image, field, nested(values, 0, values.length, 0));
            return;
        }
        StringBuilder line = new StringBuilder(PrintableText.line(image.name())).append('\t');
        for (int i = 0; i < values.length; i++) {
            line.append(i == 0 ? "" : " ").append(values[i]);
        }
        out.println(line);
        out.flush();
    }

    /** Arrays within lists, as the shape says, from dimension {@code dimension} on. */
    private Object nested(float[] values, int from, int to, int dimension) {
        if (dimension == shape.rank() - 1) {
            return Arrays.copyOfRange(values, from, to);
        }
        int each = (to - from) / shape.dimension(dimension);
        List<Object> parts = new ArrayList<>();
        for (int at = from; at < to; at += each) {
            parts.add(nested(values, at, at + each, dimension + 1));
        }
        return parts;
    }

    @Override
    public void bad(ImageInput image, String fault) {
        if (objects != null) {
            objects.print(image, "error", fault);
        } else {
            out.println(PrintableText.line(image.name()) + "\terror: " + PrintableText.line(fault));
            out.flush();
        }
    }

    @Override
    public void end() {
        if (objects != null) {
            objects.end();
        }
    }
}
