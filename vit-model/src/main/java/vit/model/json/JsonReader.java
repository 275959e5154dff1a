package vit.model.json;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonStreamContext;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import vit.model.InputException;

/** Builds values from jackson's tokens, one document at a time. */
final class JsonReader {

    /** Most values kept at once: a value of two bytes in the file takes up to a hundred in memory. */
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

    /** Passes the fields of the object in {@code bytes} on, keeping none of them. */
    void fields(byte[] bytes, Json.FieldVisitor visitor) throws InputException {
        parse(bytes, () -> {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw fault(offset()).expected("an object").found(parser.getText()).because("the document is not an object");
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
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
        try (JsonParser open = Json.FACTORY.createParser(bytes)) {
            parser = open;
            T result = body.run();
            if (parser.nextToken() != null) {
                throw fault(offset()).expected("the end of the document").found(parser.getText())
                        .because("something follows the JSON document");
            }
            return result;
        } catch (InputException e) {
            throw e;
        } catch (JsonProcessingException e) {
            long at = e.getLocation() == null ? -1 : e.getLocation().getByteOffset();
            throw place(fault(baseOffset + (at < 0 ? bytes.length : at))).expected("strict JSON").found(e.getOriginalMessage())
                    .cause(e).because("the JSON is malformed");
        } catch (IOException e) {
            throw place(fault(offset())).expected("strict JSON in UTF-8").found(e.getMessage())
                    .cause(e).because("the JSON is malformed");
        }
    }

    private Object value(JsonPlace place) throws IOException {
        if (++values > MAX_VALUES) {
            throw place(fault(offset())).expected("at most " + MAX_VALUES + " values").found("more")
                    .because("the JSON document has too many values");
        }
        return switch (parser.currentToken()) {
            case START_OBJECT -> object(place);
            case START_ARRAY -> array(place);
            case VALUE_STRING -> parser.getText();
            case VALUE_NUMBER_INT -> parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
                    ? (Object) parser.getBigIntegerValue() : (Object) parser.getLongValue();
            case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            case VALUE_TRUE -> Boolean.TRUE;
            case VALUE_FALSE -> Boolean.FALSE;
            default -> JsonValue.NULL;
        };
    }

    private JsonObject object(JsonPlace place) throws IOException {
        JsonObject object = new JsonObject(place, offset());
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
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

    /** Adds the field that the parser stands in. */
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
