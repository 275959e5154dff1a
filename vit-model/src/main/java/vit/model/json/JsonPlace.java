package vit.model.json;

/**
 * Where a value stands, as a chain to the document: written out only for a message, because nested names of an untrusted
 * document would add up to far more than the document.
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
