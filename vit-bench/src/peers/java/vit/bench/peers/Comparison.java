package vit.bench.peers;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One peer against ours on one piece of work.
 *
 * @param work       {@code forward}, {@code train} or {@code gemm MxNxK}
 * @param step       of work {@code train}: what a step is; otherwise empty
 * @param model      what is computed, for example {@code vit_base_patch16_224}
 * @param batch      images a call
 * @param threads    on every side
 * @param peer       name and version
 * @param oursMillis median of our calls that were paired with this peer
 * @param peerMillis median of the peer's calls
 * @param ratio      of the paired times, peer / ours: above 1 is faster than the peer
 * @param rounds     pairs
 * @param flops      floating-point operations of a call
 * @param limitMillis what the arithmetic takes at the FMA limit measured in the same run
 * @param error      largest difference of the two results, in units of ours' largest magnitude
 */
record Comparison(String work, String step, String model, int batch, int threads, String peer, double oursMillis, double peerMillis,
        Quartiles ratio, int rounds, double flops, double limitMillis, double error) {

    /** 10⁹ operations a second in a call of {@code millis}. */
    double gflops(double millis) {
        return flops / millis / 1e6;
    }

    /** In the form that the design gives, with rounds and error added. */
    Map<String, Object> toJson() {
        Map<String, Object> quartiles = new LinkedHashMap<>();
        quartiles.put("q1", ratio.q1());
        quartiles.put("median", ratio.median());
        quartiles.put("q3", ratio.q3());
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("work", work);
        object.put("model", model);
        object.put("batch", batch);
        object.put("threads", threads);
        object.put("peer", peer);
        object.put("ours_ms", oursMillis);
        object.put("peer_ms", peerMillis);
        object.put("ratio", quartiles);
        object.put("fma_limit_ms", limitMillis);
        if (!step.isEmpty()) {
            object.put("step", step);
            object.put("images_per_second", batch / oursMillis * 1e3);
        }
        object.put("rounds", rounds);
        object.put("error", error);
        return object;
    }
}
