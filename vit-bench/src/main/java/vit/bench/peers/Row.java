package vit.bench.peers;

import java.util.Map;
import vit.model.InputException;
import vit.model.json.JsonObject;

/** A row of the tables: a peer's comparison with ours, or why there is none. */
sealed interface Row permits Comparison, NotMeasured {

    /** What was to be measured. */
    Piece piece();

    /** The name by which {@code --peers} picks the peer; empty in files before 1 December 2026. */
    String contender();

    /** Name and version. */
    String peer();

    /** The day, for example {@code 2026-11-29}. */
    String date();

    /** One object. */
    Map<String, Object> toJson();

    /** Whether this row takes the place of an older one. That a peer was not measured does not make its older figures wrong. */
    default boolean replaces(Row old) {
        if (!piece().equals(old.piece())) {
            return false;
        }
        if (old instanceof NotMeasured) {
            return contender().equals(old.contender());
        }
        return this instanceof Comparison && peer().equals(old.peer());
    }

    /**
     * What {@link #toJson} wrote.
     *
     * @param lastDate the date if the object has none, as all before 30 November 2026
     */
    static Row of(JsonObject json, String lastDate) throws InputException {
        return json.has("not_measured") ? NotMeasured.of(json) : Comparison.of(json, lastDate);
    }
}
