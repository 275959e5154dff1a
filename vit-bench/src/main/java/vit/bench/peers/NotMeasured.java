package vit.bench.peers;

import java.util.LinkedHashMap;
import java.util.Map;
import vit.model.InputException;
import vit.model.json.JsonObject;

/**
 * A peer that was wanted and could not be measured.
 *
 * @param reason in a sentence without an end
 * @param failed whether something went wrong; otherwise the peer does not offer this piece
 */
record NotMeasured(Piece piece, String contender, String reason, boolean failed, String date) implements Row {

    @Override
    public String peer() {
        return contender;
    }

    @Override
    public Map<String, Object> toJson() {
        Map<String, Object> object = new LinkedHashMap<>();
        piece.addTo(object);
        object.put("peer", contender);
        object.put("not_measured", reason);
        object.put("failed", failed);
        object.put("date", date);
        return object;
    }

    static NotMeasured of(JsonObject json) throws InputException {
        return new NotMeasured(Piece.of(json), json.text("peer"), json.text("not_measured"), json.flag("failed"), json.text("date"));
    }
}
