package vit.model.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import vit.model.json.Json;

/** Prints {@code {"images":[…]}} on one line, with an object for each image as soon as it is known. */
final class ImageObjects {

    private final PrintWriter out;
    private boolean first = true;

    /** Begins the line. */
    ImageObjects(PrintWriter out) {
        this.out = out;
        out.print("{\"images\":[");
    }

    /** Prints the object of an image: its name, and one field. */
    void print(ImageInput image, String field, Object value) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("file", image.name());
        object.put(field, value);
        out.print((first ? "" : ",") + Json.write(object));
        out.flush();
        first = false;
    }

    /** Ends the line. */
    void end() {
        out.println("]}");
        out.flush();
    }
}
