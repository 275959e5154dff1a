package vit.model.json;

import java.util.ArrayList;
import java.util.List;
import vit.model.InputException;

/** A JSON array. The typed getters throw {@link InputException}. Immutable once parsed. */
public final class JsonArray {

    private final JsonPlace place;
    private final long offset;
    private final List<Object> values = new ArrayList<>(4);

    JsonArray(JsonPlace place, long offset) {
        this.place = place;
        this.offset = offset;
    }

    void add(Object value) {
        values.add(value);
    }

    /** The number of elements. */
    public int size() {
        return values.size();
    }

    /** Element {@code i}. The byte offset in its messages is that of the array. */
    public JsonValue get(int i) {
        return new JsonValue(place.element(i), offset, values.get(i));
    }

    /** All elements as 32-bit integers. */
    public int[] integers() throws InputException {
        int[] result = new int[size()];
        for (int i = 0; i < result.length; i++) {
            result[i] = get(i).integer();
        }
        return result;
    }

    /** All elements as finite doubles. */
    public double[] numbers() throws InputException {
        double[] result = new double[size()];
        for (int i = 0; i < result.length; i++) {
            result[i] = get(i).number();
        }
        return result;
    }

    /** All elements as strings. */
    public List<String> texts() throws InputException {
        List<String> result = new ArrayList<>(size());
        for (int i = 0; i < size(); i++) {
            result.add(get(i).text());
        }
        return result;
    }

    /** Starts an error message about this array. */
    public InputException.Report fault() {
        return new JsonValue(place, offset, this).fault();
    }
}
