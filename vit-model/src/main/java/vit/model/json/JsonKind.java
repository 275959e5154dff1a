package vit.model.json;

/** The kind of a JSON value; {@link #ABSENT} for a field that is not there. */
public enum JsonKind {
    OBJECT("an object"),
    ARRAY("an array"),
    TEXT("a string"),
    NUMBER("a number"),
    FLAG("true or false"),
    NULL("null"),
    ABSENT("no such field");

    private final String words;

    JsonKind(String words) {
        this.words = words;
    }

    /** The kind as messages name it, for example {@code an array}. */
    String words() {
        return words;
    }
}
