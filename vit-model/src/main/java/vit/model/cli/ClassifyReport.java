package vit.model.cli;

import java.io.PrintWriter;
import java.util.Locale;
import vit.model.Prediction;
import vit.model.text.PrintableText;

/** Reports the classes of images as they become known, for people or as one JSON object. */
interface ClassifyReport extends EachImage.Results<Prediction> {

    @Override
    void good(ImageInput image, Prediction prediction);

    @Override
    void bad(ImageInput image, String fault);

    /** A report on {@code out}. */
    static ClassifyReport to(PrintWriter out, boolean json) {
        return json ? new JsonObject(out) : new Tables(out);
    }

    /** One table per image. */
    record Tables(PrintWriter out) implements ClassifyReport {

        @Override
        public void good(ImageInput image, Prediction prediction) {
            out.println(PrintableText.line(image.name()));
            TextTable table = new TextTable("rrl");
            for (Prediction.Ranked ranked : prediction.top()) {
                String number = String.valueOf(ranked.index());
                String label = ranked.label().equals(number) ? "" : ranked.label();
                table.row(String.format(Locale.ROOT, "%.4f", ranked.probability()), number, label);
            }
            table.print(out, "  ");
            out.flush();
        }

        @Override
        public void bad(ImageInput image, String fault) {
            out.println(PrintableText.line(image.name()));
            out.println("  error: " + PrintableText.line(fault));
            out.flush();
        }
    }

    /** {@code {"images":[…]}} on one line, each entry as soon as it is known. */
    final class JsonObject implements ClassifyReport {
        private final ImageObjects objects;

        JsonObject(PrintWriter out) {
            this.objects = new ImageObjects(out);
        }

        @Override
        public void good(ImageInput image, Prediction prediction) {
            objects.print(image, "top", prediction.top().stream().map(Prediction.Ranked::fields).toList());
        }

        @Override
        public void bad(ImageInput image, String fault) {
            objects.print(image, "error", fault);
        }

        @Override
        public void end() {
            objects.end();
        }
    }
}
