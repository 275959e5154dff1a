package vit.model.weights.config;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import vit.model.InputException;
import vit.model.json.Json;
import vit.model.json.JsonArray;
import vit.model.json.JsonKind;
import vit.model.json.JsonObject;
import vit.model.json.JsonValue;
import vit.model.json.Relaxed;
import vit.model.text.Pointer;
import vit.model.text.TextEncoding;

/** Names of the classes. */
public final class Labels {

    private Labels() {}

    /** The word that may be given instead of a label file and stands for ImageNet's names. */
    public static final String IMAGENET = "imagenet";

    private static final String IMAGENET_FILE = "imagenet-1k.txt";
    private static final String IMAGENET_IDS_FILE = "imagenet-1k-synsets.txt";

    /**
     * The names of ImageNet's 1000 classes (ILSVRC 2012), in the order of their WordNet ids, which timm, torchvision, Keras and Hugging Face
     * share. The synonyms of a class are in one line.
     */
    public static List<String> imagenet() {
        return resource(IMAGENET_FILE);
    }

    /** The WordNet ids of ImageNet's 1000 classes, ascending, in the order of {@link #imagenet()}: the names of ImageNet's folders. */
    public static List<String> imagenetIds() {
        return resource(IMAGENET_IDS_FILE);
    }

    private static List<String> resource(String name) {
        try (InputStream in = Labels.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Reads a label file: one line per class, or JSON. The JSON may be an array of names; an object from number to name, from number to
     * a WordNet id and a name (Keras' class index), or from name to number; or a configuration with {@code id2label}, {@code label_names},
     * {@code labels} or {@code label2id}.
     *
     * @throws InputException if it is malformed
     */
    public static List<String> read(Path file) throws IOException {
        return parse(file.toString(), bytes(file));
    }

    /**
     * As {@link #read}, for a file's bytes.
     *
     * @param source the name that messages give the file
     */
    public static List<String> parse(String source, byte[] document) throws InputException {
        byte[] bytes = TextEncoding.withoutMark(document);
        Pointer pointer = Pointer.in(bytes).orElse(null);
        if (pointer != null) {
            throw InputException.in(source).expected("labels").found(pointer.words()).remedy(pointer.remedy()).because("the file was not fetched");
        }
        if (TextEncoding.isUtf16(bytes)) {
            throw InputException.in(source).expected("labels in UTF-8").found("UTF-16").remedy(TextEncoding.SAVE_AS_UTF_8).because("the label file has another encoding");
        }
        int first = 0;
        while (first < bytes.length && Character.isWhitespace(bytes[first])) {
            first++;
        }
        if (first < bytes.length && (bytes[first] == '[' || bytes[first] == '{')) {
            return ofJson(Json.parseValue(source, document));
        }
        return lines(source, bytes);
    }

    private static List<String> ofJson(JsonValue value) throws InputException {
        if (value.kind() == JsonKind.ARRAY) {
            return texts(value.array());
        }
        JsonObject object = value.object();
        for (String field : new String[] {"id2label", "label_names", "labels", "label2id"}) {
            if (object.has(field)) {
                JsonValue inner = object.get(field);
                if (inner.kind() == JsonKind.ARRAY) {
                    return texts(inner.array());
                }
                return field.equals("label2id") ? byNumber(inner.object(), true) : fromNumbered(inner.object(), inner);
            }
        }
        return fromNumbered(object, value);
    }

    /** The names in an array. */
    static List<String> texts(JsonArray array) throws InputException {
        List<String> names = new ArrayList<>(array.size());
        for (int i = 0; i < array.size(); i++) {
            names.add(name(array.get(i)));
        }
        return names;
    }

    /** A class's name: a string, a number, or the second element of a pair of WordNet id and name. */
    private static String name(JsonValue value) throws InputException {
        if (value.kind() == JsonKind.ARRAY && value.array().size() == 2) {
            return Relaxed.text(value.array().get(1));
        }
        return Relaxed.text(value);
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

    private static List<String> lines(String source, byte[] bytes) throws InputException {
        try {
            String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
            return text.stripTrailing().lines().map(String::strip).toList();
        } catch (CharacterCodingException e) {
            throw InputException.in(source).cause(e).expected("UTF-8 text, a line a class").found("other bytes").because("the label file is not text");
        }
    }

    /** The labels of an object {@code {"0": "cat", "1": "dog"}}, or of its inverse {@code {"cat": 0, "dog": 1}}. */
    static List<String> fromNumbered(JsonObject object, JsonValue origin) throws InputException {
        int count = object.names().size();
        boolean inverse = count > 0 && object.names().stream().anyMatch(key -> number(key) < 0)
                && object.names().stream().allMatch(key -> object.kind(key) == JsonKind.NUMBER);
        return byNumber(object, inverse);
    }

    /** The labels in the order of their numbers, which are the names of the object's fields, or with {@code inverse} their values. */
    private static List<String> byNumber(JsonObject object, boolean inverse) throws InputException {
        int count = object.names().size();
        String[] labels = new String[count];
        for (String key : object.names()) {
            int number = inverse ? Relaxed.integer(object, key) : number(key);
            if (number < 0 || number >= count || labels[number] != null) {
                throw object.fault(key).expected("each of 0 … " + (count - 1) + " once").found(inverse ? "another number" : "another name").because("the label's number is out of range");
            }
            labels[number] = inverse ? key : name(object.get(key));
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
     * @param source the file that the labels come from, for the message
     */
    public static List<String> require(Object source, List<String> labels, int classes) throws InputException {
        if (labels.size() != classes) {
            throw InputException.in(source).expected(classes + " labels, one a class of the model").found(labels.size())
                    .because("the labels do not fit the model");
        }
        return labels;
    }
}
