package vit.model.weights.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import vit.model.InputException;
import vit.model.json.Json;
import vit.model.json.JsonKind;
import vit.model.json.JsonObject;
import vit.model.json.JsonValue;

/** Names of the classes. */
public final class Labels {

    private Labels() {}

    /**
     * Reads a label file: a line a class, or JSON: an array of strings, an object from number to name, or an object with
     * such an {@code id2label}.
     *
     * @throws InputException if it is malformed
     */
    public static List<String> read(Path file) throws IOException {
        byte[] bytes = bytes(file);
        int first = 0;
        while (first < bytes.length && Character.isWhitespace(bytes[first])) {
            first++;
        }
        if (first < bytes.length && (bytes[first] == '[' || bytes[first] == '{')) {
            JsonValue value = Json.parseValue(file.toString(), bytes);
            if (value.kind() == JsonKind.ARRAY) {
                return value.array().texts();
            }
            JsonObject object = value.object();
            return object.has("id2label") ? fromNumbered(object.object("id2label"), object.get("id2label")) : fromNumbered(object, value);
        }
        return lines(file, bytes);
    }

    private static byte[] bytes(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(Json.MAX_FILE_BYTES + 1);
            if (bytes.length > Json.MAX_FILE_BYTES) {
                throw InputException.in(file).expected("at most " + Json.MAX_FILE_BYTES + " bytes").found("more").because("the label file is too large");
            }
            return bytes;
        } catch (IOException e) {
            throw InputException.unreadable(file, "a label file", e);
        }
    }

    private static List<String> lines(Path file, byte[] bytes) throws InputException {
        try {
            String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
            return text.stripTrailing().lines().map(String::strip).toList();
        } catch (CharacterCodingException e) {
            throw InputException.in(file).cause(e).expected("UTF-8 text, a line a class").found("other bytes").because("the label file is not text");
        }
    }

    /** The labels of an object {@code {"0": "cat", "1": "dog"}}. */
    static List<String> fromNumbered(JsonObject object, JsonValue origin) throws InputException {
        int count = object.names().size();
        String[] labels = new String[count];
        for (String key : object.names()) {
            int number = number(key);
            if (number < 0 || number >= count || labels[number] != null) {
                throw object.fault(key).expected("each of 0 … " + (count - 1) + " once").found("another name").because("the label's number is out of range");
            }
            labels[number] = object.text(key);
        }
        return List.copyOf(Arrays.asList(labels));
    }

    private static int number(String key) {
        try {
            return Integer.parseInt(key);
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    /**
     * Requires a label for every class.
     *
     * @param source the file they come from, for the message
     */
    public static List<String> require(Object source, List<String> labels, int classes) throws InputException {
        if (labels.size() != classes) {
            throw InputException.in(source).expected(classes + " labels, one a class of the model").found(labels.size())
                    .because("the labels do not fit the model");
        }
        return labels;
    }
}
