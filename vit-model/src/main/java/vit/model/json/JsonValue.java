package vit.model.json;

import java.math.BigInteger;
import vit.model.InputException;

/**
 * One value of a JSON document together with its place in it, for messages. The typed getters throw {@link InputException} that names file, byte,
 * field, what was expected and what was found. Immutable.
 */
public final class JsonValue {

    /** Stands for a field that does not exist. */
    static final Object MISSING = new Object();

    /** Stands for {@code null}. */
    static final Object NULL = new Object();

    private final JsonPlace place;
    private final long offset; // byte in the file
    private final Object value; // JsonObject, JsonArray, String, Boolean, Long, BigInteger, Double, NULL or MISSING

    JsonValue(JsonPlace place, long offset, Object value) {
        this.place = place;
        this.offset = offset;
        this.value = value;
    }

    /** The kind of this value. */
    public JsonKind kind() {
        return switch (value) {
            case JsonObject _ -> JsonKind.OBJECT;
            case JsonArray _ -> JsonKind.ARRAY;
            case String _ -> JsonKind.TEXT;
            case Number _ -> JsonKind.NUMBER;
            case Boolean _ -> JsonKind.FLAG;
            case Object other when other == NULL -> JsonKind.NULL;
            default -> JsonKind.ABSENT;
        };
    }

    /** Starts an error message about this value. Add what was expected, and finish it with {@link InputException.Report#because}. */
    public InputException.Report fault() {
        InputException.Report report = InputException.in(place.source()).at(offset);
        String path = place.toString();
        return path.isEmpty() ? report : report.tensor(path);
    }

    /** The value as an int; {@code 12.0} is not one. */
    public int integer() throws InputException {
        if (value instanceof Long number && number == number.intValue()) {
            return number.intValue();
        }
        throw mismatch("an integer of 32 bits");
    }

    /** The value as a long; {@code 12.0} is not one. */
    public long longInteger() throws InputException {
        if (value instanceof Long number) {
            return number;
        }
        throw mismatch("an integer of 64 bits");
    }

    /** The value as a finite double. */
    public double number() throws InputException {
        double number = switch (value) {
            case Long whole -> whole.doubleValue();
            case BigInteger whole -> whole.doubleValue();
            case Double real -> real;
            default -> Double.NaN;
        };
        if (!Double.isFinite(number)) {
            throw mismatch("a finite number");
        }
        return number;
    }

    /** The value as a string. */
    public String text() throws InputException {
        if (value instanceof String text) {
            return text;
        }
        throw mismatch("a string");
    }

    /** The value as a boolean. */
    public boolean flag() throws InputException {
        if (value instanceof Boolean flag) {
            return flag;
        }
        throw mismatch("true or false");
    }

    /** The value as an object. */
    public JsonObject object() throws InputException {
        if (value instanceof JsonObject object) {
            return object;
        }
        throw mismatch("an object");
    }

    /** The value as an array. */
    public JsonArray array() throws InputException {
        if (value instanceof JsonArray array) {
            return array;
        }
        throw mismatch("an array");
    }

    private InputException mismatch(String expected) {
        // A document that is a single bare value is no configuration, so the message gives only its kind.
        InputException.Report report = fault().expected(expected).found(place.toString().isEmpty() ? kind().words() : toString());
        return report.because(value == MISSING ? "the field is missing" : "the value has the wrong type or range");
    }

    /** The value's place in the document, for example {@code pretrained_cfg.mean[1]}; empty for the document. */
    public String path() {
        return place.toString();
    }

    /** The value as a message shows it. */
    @Override
    public String toString() {
        return switch (value) {
            case String text -> '"' + text + '"';
            case Number number -> number.toString();
            case Boolean flag -> flag.toString();
            default -> kind().words();
        };
    }
}
