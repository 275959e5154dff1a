package vit.model;

import vit.kernels.parallel.Workers;

/**
 * How a session computes. Immutable.
 *
 * @param threads  size of the team, the calling thread included; ignored where {@code workers} is given
 * @param maxBatch most images in one call; memory is planned for it
 * @param workers  a team to share with other sessions, or null for a team of the session's own
 * @param allTokens whether the last block computes every token even where only the class token is looked at. The results have
 *                 the same bits either way; benchmarks that count the full arithmetic ask for it
 * @param finiteCheck whether every call looks at its results and throws {@link NonFiniteException} if one is NaN or infinite; it costs
 *                 about a nanosecond a result. {@link VitSession#classify} and {@link VitSession#attention} look in any case
 */
public record SessionOptions(int threads, int maxBatch, Workers workers, boolean allTokens, boolean finiteCheck) {

    public SessionOptions {
        if (threads < 1 || threads > Workers.MAX_COUNT) {
            throw new IllegalArgumentException("threads " + threads + "; expected 1 to " + Workers.MAX_COUNT);
        }
        if (maxBatch < 1) {
            throw new IllegalArgumentException("batch " + maxBatch + "; expected 1 or more");
        }
    }

    /** One image at a time, with a team of {@code threads}, the calling thread included. */
    public static SessionOptions threads(int threads) {
        return new SessionOptions(threads, 1, null, false, false);
    }

    /** One image at a time, with a team that the caller owns, closes, and may share between sessions. */
    public static SessionOptions workers(Workers workers) {
        return new SessionOptions(workers.count(), 1, workers, false, false);
    }

    /** The same for up to {@code images} images a call. */
    public SessionOptions withBatch(int images) {
        return new SessionOptions(threads, images, workers, allTokens, finiteCheck);
    }

    /** The same with every token computed in the last block, or only those that are looked at. */
    public SessionOptions withAllTokens(boolean value) {
        return new SessionOptions(threads, maxBatch, workers, value, finiteCheck);
    }

    /** The same with or without a look at the results of {@link VitSession#logits}, {@link VitSession#forward} and {@link VitSession#embed}. */
    public SessionOptions withFiniteCheck(boolean value) {
        return new SessionOptions(threads, maxBatch, workers, allTokens, value);
    }
}
