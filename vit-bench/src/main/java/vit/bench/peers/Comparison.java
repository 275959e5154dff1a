package vit.bench.peers;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import vit.model.InputException;
import vit.model.json.JsonObject;

/**
 * The comparison of one peer with ours on one piece of work.
 *
 * @param piece       what was measured
 * @param contender   the name by which {@code --peers} picks the peer
 * @param peer        name and version
 * @param differences in what the peer's work differs from ours; may be empty
 * @param oursMillis  median of our calls that were paired with this peer
 * @param peerMillis  median of the peer's calls
 * @param ratio       of the paired times, peer / ours: above 1, ours is faster
 * @param rounds      number of pairs
 * @param amount      of a call as the peer does it: floating-point operations, or bytes if the piece is not limited by arithmetic
 * @param oursAmount  of our call: less if the last block computes only the tokens that are used
 * @param full        the comparison with all tokens computed on our side, too; null if there is no difference
 * @param limit       the FMA limit; null if the piece is not limited by arithmetic
 * @param error       largest difference between the two results, in units of the largest magnitude of ours
 * @param accuracy    of a peer whose numbers are not meant to be the same; otherwise null
 * @param date        the day of the measurement, for example {@code 2026-11-29}
 */
record Comparison(Piece piece, String contender, String peer, String differences, double oursMillis, double peerMillis, Quartiles ratio, int rounds,
        double amount, double oursAmount, Full full, Limit limit, double error, Accuracy accuracy, String date) implements Row {

    /** Our time, and the ratio, when ours does the arithmetic of the peer. */
    record Full(double millis, Quartiles ratio) {}

    /**
     * The FMA limit.
     *
     * @param millis time that the arithmetic of the peer takes at the limit, which is the best of the same run
     * @param paired our share of the limit as it was just before each of our calls
     */
    record Limit(double millis, Quartiles paired) {}

    /** 10⁹ operations, or bytes, per second of the peer's call, if it takes {@code millis}. */
    double speed(double millis) {
        return amount / millis / 1e6;
    }

    /** 10⁹ operations, or bytes, per second of our call. */
    double oursSpeed() {
        return oursAmount / oursMillis / 1e6;
    }

    /** The time that our arithmetic takes at the FMA limit. */
    double oursLimitMillis() {
        return limit.millis * oursAmount / amount;
    }

    /** The share of the best FMA limit of the run that ours reaches with the arithmetic that it does. */
    double share() {
        return oursLimitMillis() / oursMillis;
    }

    /** What must be said beside the times: in what the work differs, and how far the numbers are off. May be empty. */
    String note() {
        if (accuracy == null) {
            return differences;
        }
        return String.format(Locale.ROOT, "%s; largest error %.4f of the largest logit, top-1 agrees on %d of %d images (%d classes)",
                differences.isEmpty() ? "other numbers" : differences, accuracy.error(), accuracy.agreeing(), accuracy.images(), accuracy.classes());
    }

    /** In the form that the design gives, with more fields added. */
    @Override
    public Map<String, Object> toJson() {
        Map<String, Object> object = new LinkedHashMap<>();
        piece.addTo(object);
        object.put("peer", peer);
        object.put("ours_ms", oursMillis);
        object.put("peer_ms", peerMillis);
        object.put("ratio", ratio.toJson());
        if (limit != null) {
            object.put("fma_limit_ms", limit.millis);
            object.put("share_of_peak", share());
            object.put("share_of_peak_paired", limit.paired.toJson());
        }
        if (full != null) {
            object.put("ours_all_tokens_ms", full.millis);
            object.put("ratio_all_tokens", full.ratio.toJson());
        }
        if (!piece.step().isEmpty()) {
            object.put("images_per_second", piece.batch() / oursMillis * 1e3);
        }
        object.put("rounds", rounds);
        object.put("error", error);
        if (accuracy != null) {
            object.put("other_numbers", accuracy.toJson());
        }
        if (!differences.isEmpty()) {
            object.put("differences", differences);
        }
        object.put("contender", contender);
        object.put(unit(), amount);
        object.put("ours_" + unit(), oursAmount);
        object.put("date", date);
        return object;
    }

    private String unit() {
        return unit(piece);
    }

    private static String unit(Piece piece) {
        return piece.isArithmetic() ? "flops" : "bytes";
    }

    static Comparison of(JsonObject json, String lastDate) throws InputException {
        Piece piece = Piece.of(json);
        Full full = json.has("ours_all_tokens_ms")
                ? new Full(json.number("ours_all_tokens_ms"), Quartiles.of(json.object("ratio_all_tokens"))) : null;
        Limit limit = json.has("fma_limit_ms") ? new Limit(json.number("fma_limit_ms"), Quartiles.of(json.object("share_of_peak_paired"))) : null;
        return new Comparison(piece, text(json, "contender"), json.text("peer"), text(json, "differences"), json.number("ours_ms"), json.number("peer_ms"),
                Quartiles.of(json.object("ratio")), (int) json.number("rounds"), json.number(unit(piece)), json.number("ours_" + unit(piece)), full, limit,
                json.number("error"), json.has("other_numbers") ? Accuracy.of(json.object("other_numbers")) : null,
                json.has("date") ? json.text("date") : lastDate);
    }

    private static String text(JsonObject json, String field) throws InputException {
        return json.has(field) ? json.text(field) : "";
    }
}
