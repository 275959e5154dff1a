package vit.model.json;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import vit.model.InputException;

/**
 * A JSON object. The typed getters throw {@link InputException} that names file, byte, field, what was expected and what was found. Those with a
 * second argument return it if the field is absent or null, since Python writes absent values as null. Immutable once parsed.
 */
public final class JsonObject {

    private record Field(Object value, long offset) {}

    private final JsonPlace place;
    private final long offset;
    private Map<String, Field> fields = Map.of(); // grows on the first put: an empty object is cheap

    JsonObject(JsonPlace place, long offset) {
        this.place = place;
        this.offset = offset;
    }

    void put(String name, Object value, long at) {
        if (fields.isEmpty()) {
            fields = new LinkedHashMap<>(8);
        }
        fields.put(name, new Field(value, at));
    }

    /** An object without fields, in place of a document that does not exist. */
    public static JsonObject empty(String source) {
        return new JsonObject(JsonPlace.document(source), 0);
    }

    /** The file that the object comes from, as messages name it. */
    public String source() {
        return place.source();
    }

    /** The names of all fields, in the order of the document. */
    public Set<String> names() {
        return Collections.unmodifiableSet(fields.keySet());
    }

    /** Whether there is such a field and it is not null. */
    public boolean has(String name) {
        JsonKind kind = kind(name);
        return kind != JsonKind.ABSENT && kind != JsonKind.NULL;
    }

    /** The field's kind; {@link JsonKind#ABSENT} if there is no such field. */
    public JsonKind kind(String name) {
        return get(name).kind();
    }

    /** The field's value, whatever it is; never null. */
    public JsonValue get(String name) {
        Field field = fields.get(name);
        return field == null
                ? new JsonValue(place.field(name), offset, JsonValue.MISSING)
                : new JsonValue(place.field(name), field.offset, field.value);
    }

    /** Starts an error message about field {@code name}. */
    public InputException.Report fault(String name) {
        return get(name).fault();
    }

    /** A required 32-bit integer. */
    public int integer(String name) throws InputException {
        return get(name).integer();
    }

    /** A 32-bit integer, or {@code otherwise}. */
    public int integer(String name, int otherwise) throws InputException {
        return has(name) ? integer(name) : otherwise;
    }

    /** A required 64-bit integer. */
    public long longInteger(String name) throws InputException {
        return get(name).longInteger();
    }

    /** A required finite number. */
    public double number(String name) throws InputException {
        return get(name).number();
    }

    /** A finite number, or {@code otherwise}. */
    public double number(String name, double otherwise) throws InputException {
        return has(name) ? number(name) : otherwise;
    }

    /** A required string. */
    public String text(String name) throws InputException {
        return get(name).text();
    }

    /** A string, or {@code otherwise}. */
    public String text(String name, String otherwise) throws InputException {
        return has(name) ? text(name) : otherwise;
    }

    /** A required boolean. */
    public boolean flag(String name) throws InputException {
        return get(name).flag();
    }

    /** A boolean, or {@code otherwise}. */
    public boolean flag(String name, boolean otherwise) throws InputException {
        return has(name) ? flag(name) : otherwise;
    }

    /** A required object. */
    public JsonObject object(String name) throws InputException {
        return get(name).object();
    }

    /** An object, if the field exists and is not null. */
    public Optional<JsonObject> optionalObject(String name) throws InputException {
        return has(name) ? Optional.of(object(name)) : Optional.empty();
    }

    /** A required array. */
    public JsonArray array(String name) throws InputException {
        return get(name).array();
    }

    /** An array, if the field exists and is not null. */
    public Optional<JsonArray> optionalArray(String name) throws InputException {
        return has(name) ? Optional.of(array(name)) : Optional.empty();
    }
}
