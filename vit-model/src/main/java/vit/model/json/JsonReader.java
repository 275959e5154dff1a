package vit.model.json;

import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonStreamContext;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import java.io.IOException;
import vit.model.InputException;
import vit.model.text.Pointer;
import vit.model.text.TextEncoding;

/** Builds values from jackson's tokens, one document at a time. */
final class JsonReader {

    /** Most values that are kept at once. A value of two bytes in the file takes up to a hundred bytes in memory. */
    private static final int MAX_VALUES = 1 << 18;

    private final JsonPlace root;
    private final long baseOffset;
    private JsonParser parser;
    private int values;

    JsonReader(String source, long baseOffset) {
        this.root = JsonPlace.document(source);
        this.baseOffset = baseOffset;
    }

    /** The one value in {@code bytes}. */
    JsonValue document(byte[] bytes) throws InputException {
        return parse(bytes, () -> {
            if (parser.nextToken() == null) {
                throw fault(offset()).expected("a JSON document").found("nothing").because("the document is empty");
            }
            long at = offset();
            return new JsonValue(root, at, value(root));
        });
    }

    /** Passes the fields of the object in {@code bytes} on and keeps none of them. */
    void fields(byte[] bytes, Json.FieldVisitor visitor) throws InputException {
        parse(bytes, () -> {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw fault(offset()).expected("an object").found("another value").because("the document is not an object");
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = text(parser.currentName());
                parser.nextToken();
                values = 0;
                long at = offset();
                visitor.field(name, new JsonValue(root.field(name), at, value(root.field(name))));
            }
            return null;
        });
    }

    @FunctionalInterface
    private interface Body<T> {
        T run() throws IOException;
    }

    private <T> T parse(byte[] bytes, Body<T> body) throws InputException {
        requireNoPointer(bytes);
        if (TextEncoding.isUtf16(bytes)) {
            throw fault(baseOffset).expected("JSON in UTF-8").found("UTF-16").remedy(TextEncoding.SAVE_AS_UTF_8).because("the JSON has another encoding");
        }
        int invalid = Utf8.firstInvalid(bytes);
        if (invalid >= 0) {
            throw fault(baseOffset + invalid).expected("JSON in UTF-8").found("a byte that is not UTF-8").because("the JSON is malformed");
        }
        try (JsonParser open = Json.FACTORY.createParser(bytes)) {
            parser = open;
            T result = body.run();
            if (parser.nextToken() != null) {
                throw fault(offset()).expected("the end of the document").found("another value")
                        .because("something follows the JSON document");
            }
            return result;
        } catch (InputException e) {
            throw e;
        } catch (JsonProcessingException e) {
            long at = e.getLocation() == null ? -1 : e.getLocation().getByteOffset();
            throw place(fault(baseOffset + (at < 0 ? bytes.length : at))).expected("strict JSON").found(what(e, bytes)).because("the JSON is malformed");
        } catch (IOException e) {
            throw place(fault(offset())).expected("strict JSON in UTF-8").found("bytes that are not").because("the JSON is malformed");
        }
    }

    /** A pointer in the place of a document is no malformed document: it was never fetched. */
    private void requireNoPointer(byte[] bytes) throws InputException {
        Pointer pointer = Pointer.in(bytes).orElse(null);
        if (pointer != null) {
            throw fault(baseOffset).expected("JSON").found(pointer.words()).remedy(pointer.remedy()).because("the file was not fetched");
        }
    }

    /** What the parser met. The parser's own message is not used, because it quotes the document, which may be any file. */
    private static String what(JsonProcessingException e, byte[] bytes) {
        int first = 0;
        while (first < bytes.length && " \t\r\n".indexOf(bytes[first]) >= 0) {
            first++;
        }
        if (first < bytes.length && bytes[first] != '{' && bytes[first] != '[' && bytes[first] != '"') {
            return bytes[first] == 0 ? "binary data" : "content that is not JSON";
        }
        String words = e.getOriginalMessage();
        return switch (e) {
            case StreamConstraintsException _ -> "a number, name, string or nesting beyond the bounds";
            case JsonEOFException _ -> "the end of the document inside a value";
            case JsonParseException _ when words.startsWith("Duplicate") -> "a second field of this name";
            default -> "a character that cannot stand here";
        };
    }

    /**
     * A string of the document, unchanged, if it is valid Unicode text.
     *
     * @throws InputException if it has half a surrogate pair, which only an escape can produce
     */
    private String text(String text) throws InputException {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isSurrogate(c)) {
                if (Character.isLowSurrogate(c) || i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1))) {
                    throw fault(offset()).expected("Unicode text").found("an escape of half a surrogate pair").because("the JSON is malformed");
                }
                i++;
            }
        }
        return text;
    }

    private Number integer() throws IOException {
        if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
            return parser.getBigIntegerValue();
        }
        long number = parser.getLongValue();
        if (number == 0 && parser.getTextLength() > 1) {
            throw place(fault(offset())).expected("0").found("-0").because("the JSON is malformed");
        }
        return number;
    }

    private Object value(JsonPlace place) throws IOException {
        if (++values > MAX_VALUES) {
            throw place(fault(offset())).expected("at most " + MAX_VALUES + " values").found("more")
                    .because("the JSON document has too many values");
        }
        return switch (parser.currentToken()) {
            case START_OBJECT -> object(place);
            case START_ARRAY -> array(place);
            case VALUE_STRING -> text(parser.getText());
            case VALUE_NUMBER_INT -> integer();
            case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            case VALUE_TRUE -> Boolean.TRUE;
            case VALUE_FALSE -> Boolean.FALSE;
            default -> JsonValue.NULL;
        };
    }

    private JsonObject object(JsonPlace place) throws IOException {
        JsonObject object = new JsonObject(place, offset());
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = text(parser.currentName());
            parser.nextToken();
            long at = offset();
            object.put(name, value(place.field(name)), at);
        }
        return object;
    }

    private JsonArray array(JsonPlace place) throws IOException {
        JsonArray array = new JsonArray(place, offset());
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            array.add(value(place.element(array.size())));
        }
        return array;
    }

    private long offset() {
        return baseOffset + Math.max(0, parser.currentTokenLocation().getByteOffset());
    }

    private InputException.Report fault(long at) {
        return InputException.in(root.source()).at(at);
    }

    /** Adds the field at which the parser is. */
    private InputException.Report place(InputException.Report report) {
        StringBuilder path = new StringBuilder();
        for (JsonStreamContext c = parser.getParsingContext(); c != null; c = c.getParent()) {
            if (c.hasCurrentName()) {
                path.insert(0, path.isEmpty() ? c.getCurrentName() : c.getCurrentName() + '.');
            } else if (c.inArray()) {
                path.insert(0, "[" + c.getCurrentIndex() + "]" + (path.isEmpty() ? "" : "."));
            }
        }
        return path.isEmpty() ? report : report.tensor(path.toString());
    }
}
