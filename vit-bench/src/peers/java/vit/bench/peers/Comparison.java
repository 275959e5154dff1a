package vit.bench.peers;

import java.util.LinkedHashMap;
import java.util.Map;
import vit.model.InputException;
import vit.model.json.JsonObject;

/**
 * The comparison of one peer with ours on one piece of work.
 *
 * @param work       {@code forward}, {@code embed}, {@code train} or {@code gemm MxNxK}
 * @param step       for work {@code train}, what a step is; otherwise empty
 * @param model      what is computed, for example {@code vit_base_patch16_224} or {@code clip-b16}
 * @param batch      images per call
 * @param threads    on every side
 * @param peer       name and version
 * @param oursMillis median of our calls that were paired with this peer
 * @param peerMillis median of the peer's calls
 * @param ratio      of the paired times, peer / ours: above 1, ours is faster
 * @param rounds     number of pairs
 * @param flops      floating-point operations of a call, as the peer does it
 * @param oursFlops  floating-point operations of our call: fewer if the last block computes only the tokens that are used
 * @param full       the comparison with all tokens computed on our side, too; null if there is no difference
 * @param limitMillis time that the arithmetic takes at the FMA limit, which is the best of the same run
 * @param pairedShare our share of the FMA limit as it was just before each of our calls
 * @param error      largest difference between the two results, in units of the largest magnitude of ours
 * @param date       the day of the measurement, for example {@code 2026-11-29}
 */
record Comparison(String work, String step, String model, int batch, int threads, String peer, double oursMillis, double peerMillis,
        Quartiles ratio, int rounds, double flops, double oursFlops, Full full, double limitMillis,
        Quartiles pairedShare, double error, String date) {

    /** Our time, and the ratio, when ours does the arithmetic of the peer. */
    record Full(double millis, Quartiles ratio) {}

    /** 10⁹ operations per second of the peer's call, if it takes {@code millis}. */
    double gflops(double millis) {
        return flops / millis / 1e6;
    }

    /** 10⁹ operations per second of our call. */
    double oursGflops() {
        return oursFlops / oursMillis / 1e6;
    }

    /** The share of the best FMA limit of the run that ours reaches with the arithmetic that it does. */
    double share() {
        return limitMillis * oursFlops / flops / oursMillis;
    }

    /** The piece of work in words, which are the same for every peer. */
    String group() {
        boolean gemm = work.startsWith("gemm ");
        String what = gemm ? work.substring("gemm ".length()).replace('x', '×')
                : title() + (step.isEmpty() ? "" : ", " + step.replace("+", " + "));
        return what + (gemm ? "" : ", batch " + batch) + ", " + threads + (threads == 1 ? " thread" : " threads");
    }

    /** The model's name in words. */
    private String title() {
        return EmbeddingModel.find(model).map(EmbeddingModel::title).orElseGet(() -> model.replaceFirst("^vit_(\\w+)_patch(\\d+)_\\d+$", "ViT $1/$2"));
    }

    /** Whether the other is another measurement of the same thing. */
    boolean isSame(Comparison c) {
        return work.equals(c.work) && step.equals(c.step) && model.equals(c.model) && batch == c.batch && threads == c.threads
                && peer.equals(c.peer);
    }

    /** In the form that the design gives, with rounds and error added. */
    Map<String, Object> toJson() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("work", work);
        object.put("model", model);
        object.put("batch", batch);
        object.put("threads", threads);
        object.put("peer", peer);
        object.put("ours_ms", oursMillis);
        object.put("peer_ms", peerMillis);
        object.put("ratio", ratio.toJson());
        object.put("fma_limit_ms", limitMillis);
        object.put("share_of_peak", share());
        object.put("share_of_peak_paired", pairedShare.toJson());
        if (full != null) {
            object.put("ours_all_tokens_ms", full.millis);
            object.put("ratio_all_tokens", full.ratio.toJson());
        }
        if (!step.isEmpty()) {
            object.put("step", step);
            object.put("images_per_second", batch / oursMillis * 1e3);
        }
        object.put("rounds", rounds);
        object.put("error", error);
        object.put("flops", flops);
        object.put("ours_flops", oursFlops);
        object.put("date", date);
        return object;
    }

    /**
     * What {@link #toJson} wrote.
     *
     * @param lastDate the date if the object has none, as all before 30 November 2026
     */
    static Comparison of(JsonObject json, String lastDate) throws InputException {
        Full full = json.has("ours_all_tokens_ms")
                ? new Full(json.number("ours_all_tokens_ms"), Quartiles.of(json.object("ratio_all_tokens"))) : null;
        return new Comparison(json.text("work"), json.has("step") ? json.text("step") : "", json.text("model"), (int) json.number("batch"),
                (int) json.number("threads"), json.text("peer"), json.number("ours_ms"), json.number("peer_ms"),
                Quartiles.of(json.object("ratio")), (int) json.number("rounds"), json.number("flops"), json.number("ours_flops"), full,
                json.number("fma_limit_ms"), Quartiles.of(json.object("share_of_peak_paired")), json.number("error"),
                json.has("date") ? json.text("date") : lastDate);
    }
}
