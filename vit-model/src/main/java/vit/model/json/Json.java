package vit.model.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import vit.model.InputException;
import vit.model.text.TextEncoding;

/**
 * Reads and writes JSON. Reading is strict and bounded. Strict: RFC 8259 in UTF-8, where a document, as editors of Windows write it, may begin with
 * a byte order mark, but not the header of another file; no duplicate names, nothing after the document, no bytes that are not UTF-8 (overlong forms,
 * surrogates, code points above U+10FFFF), no escape (backslash, u) of half a surrogate pair, and no integer written {@code -0}. Bounded: in bytes,
 * nesting, length of names, strings and numbers, and in the number of values.
 */
public final class Json {

    /** Largest configuration file, in bytes; Hugging Face's configurations with 21 843 labels take 2 MB. */
    public static final int MAX_FILE_BYTES = 8 << 20;

    private static final int MAX_NESTING = 32;
    private static final int MAX_STRING = 1 << 20;
    private static final int MAX_NAME = 4096;
    private static final int MAX_NUMBER = 64;

    static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(JsonFactory.Feature.CHARSET_DETECTION) // UTF-8 only
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_NESTING)
                    .maxStringLength(MAX_STRING)
                    .maxNameLength(MAX_NAME)
                    .maxNumberLength(MAX_NUMBER)
                    .build())
            .build();

    private static final TerminalEscapes ESCAPES = new TerminalEscapes();

    private Json() {}

    /** Receives the fields of a document's outermost object, one after the other. */
    @FunctionalInterface
    public interface FieldVisitor {
        void field(String name, JsonValue value) throws InputException;
    }

    /**
     * The object in {@code file}.
     *
     * @throws InputException if the file is missing, larger than {@link #MAX_FILE_BYTES}, not strict JSON or not an object
     */
    public static JsonObject read(Path file) throws IOException {
        return readValue(file).object();
    }

    /** The value in {@code file}, of any kind; otherwise as {@link #read}. */
    public static JsonValue readValue(Path file) throws IOException {
        return parseValue(file.toString(), bytes(file));
    }

    /**
     * The object in {@code bytes}.
     *
     * @param source the file's name, for messages
     */
    public static JsonObject parse(String source, byte[] bytes) throws InputException {
        return parseValue(source, bytes).object();
    }

    /** The value in {@code bytes}, of any kind; otherwise as {@link #parse}. */
    public static JsonValue parseValue(String source, byte[] bytes) throws InputException {
        int mark = TextEncoding.markLength(bytes);
        return new JsonReader(source, mark).document(TextEncoding.withoutMark(bytes));
    }

    /**
     * Visits the fields of the object in {@code bytes} without keeping them: for documents of many entries.
     *
     * @param source     the file's name, for messages
     * @param baseOffset where {@code bytes} start in the file, for messages
     */
    public static void forEachField(String source, byte[] bytes, long baseOffset, FieldVisitor visitor) throws InputException {
        new JsonReader(source, baseOffset).fields(bytes, visitor);
    }

    private static byte[] bytes(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MAX_FILE_BYTES + 1);
            if (bytes.length > MAX_FILE_BYTES) {
                throw InputException.in(file).expected("at most " + MAX_FILE_BYTES + " bytes").found("more")
                        .because("the JSON file is too large");
            }
            return bytes;
        } catch (IOException e) {
            throw InputException.unreadable(file, "a JSON file", e);
        }
    }

    /**
     * {@code value} as one line of JSON: maps with string keys, iterables, strings, booleans, numbers, null, and arrays of int, long, float and
     * double. NaN and infinities, which JSON cannot express, become null. Control characters and directional overrides are escaped, so that the line
     * may be sent to a terminal.
     *
     * @throws IllegalArgumentException for any other type
     */
    public static String write(Object value) {
        StringWriter text = new StringWriter();
        try (JsonGenerator generator = FACTORY.createGenerator(text)) {
            generator.setCharacterEscapes(ESCAPES);
            write(generator, value);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // a StringWriter never fails
        }
        return text.toString();
    }

    private static void write(JsonGenerator to, Object value) throws IOException {
        switch (value) {
            case null -> to.writeNull();
            case String text -> to.writeString(text);
            case Boolean flag -> to.writeBoolean(flag);
            case Double number when !Double.isFinite(number) -> to.writeNull();
            case Float number when !Float.isFinite(number) -> to.writeNull();
            case Double number -> to.writeNumber(number);
            case Float number -> to.writeNumber(number);
            case Integer number -> to.writeNumber(number);
            case Long number -> to.writeNumber(number);
            case int[] numbers -> to.writeArray(numbers, 0, numbers.length);
            case long[] numbers -> to.writeArray(numbers, 0, numbers.length);
            case float[] numbers -> {
                to.writeStartArray();
                for (float number : numbers) {
                    write(to, (Float) number);
                }
                to.writeEndArray();
            }
            case double[] numbers -> {
                to.writeStartArray();
                for (double number : numbers) {
                    write(to, (Double) number);
                }
                to.writeEndArray();
            }
            case Iterable<?> elements -> {
                to.writeStartArray();
                for (Object element : elements) {
                    write(to, element);
                }
                to.writeEndArray();
            }
            case Map<?, ?> map -> {
                to.writeStartObject();
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    to.writeFieldName((String) entry.getKey());
                    write(to, entry.getValue());
                }
                to.writeEndObject();
            }
            default -> throw new IllegalArgumentException("no JSON form for " + value.getClass().getName());
        }
    }
}
