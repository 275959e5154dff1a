package vit.model.json;

/**
 * The place of a value, as a chain of places up to the document. It is written out only for a message: in an untrusted document, the full names of
 * all nested values could add up to far more than the document itself.
 *
 * @param source the file's name
 * @param parent the place of the surrounding value, null for the document
 * @param name   the field's name, null inside an array
 * @param index  the place inside the array
 */
record JsonPlace(String source, JsonPlace parent, String name, int index) {

    static JsonPlace document(String source) {
        return new JsonPlace(source, null, null, 0);
    }

    JsonPlace field(String fieldName) {
        return new JsonPlace(source, this, fieldName, 0);
    }

    JsonPlace element(int i) {
        return new JsonPlace(source, this, null, i);
    }

    /** For example {@code pretrained_cfg.mean[1]}; empty for the document. */
    @Override
    public String toString() {
        if (parent == null) {
            return "";
        }
        String outer = parent.toString();
        if (name == null) {
            return outer + '[' + index + ']';
        }
        return outer.isEmpty() ? name : outer + '.' + name;
    }
}
