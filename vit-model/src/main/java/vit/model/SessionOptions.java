package vit.model;

import java.util.Objects;
import vit.kernels.parallel.Workers;

/**
 * How a session computes: on how many threads, for how large a batch, with which checks. Immutable; one object may serve any number of sessions.
 * Start from {@link #threads(int)} or {@link #workers(Workers)}.
 *
 * <pre>{@code
 * SessionOptions own = SessionOptions.threads(2).withBatch(8);     // a team of the session's own: the caller and one more thread
 *
 * try (Workers team = Workers.of(4, "service")) {                  // one team for several sessions, which take turns
 *     SessionOptions shared = SessionOptions.workers(team).withFiniteCheck(true);
 * }
 * }</pre>
 *
 * @param threads     size of the team, the calling thread included; ignored if {@code workers} is given
 * @param maxBatch    the largest number of images in one call, for which memory is planned
 * @param workers     a team to share with other sessions, or null for a team of the session's own. A shared team belongs to the caller, who closes it
 *                    after its sessions
 * @param allTokens   whether the last block computes every token even if only the class token is used. The results have
 *                    the same bits either way; it is meant for benchmarks that count the full arithmetic
 * @param finiteCheck whether every call checks its results and throws {@link NonFiniteException} if one is NaN or infinite; the check costs
 *                    about a nanosecond per result. {@link VitSession#classify}, {@link VitSession#attention} and
 *                    {@link VitSession#embed(vit.model.image.RgbImage)} check in any case
 * @param tokenMerging how many tokens each block merges; {@link TokenMerging#NONE} unless it is asked for
 */
public record SessionOptions(int threads, int maxBatch, Workers workers, boolean allTokens, boolean finiteCheck, TokenMerging tokenMerging) {

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if {@code threads} is not in 1 … {@link Workers#MAX_COUNT}, or {@code maxBatch} is below 1
     */
    public SessionOptions {
        if (threads < 1 || threads > Workers.MAX_COUNT) {
            throw new IllegalArgumentException("threads " + threads + "; expected 1 to " + Workers.MAX_COUNT);
        }
        if (maxBatch < 1) {
            throw new IllegalArgumentException("batch " + maxBatch + "; expected 1 or more");
        }
    }

    /** One image at a time, with a team of {@code threads} threads that the session owns. The calling thread is one of them. */
    public static SessionOptions threads(int threads) {
        return new SessionOptions(threads, 1, null, false, false, TokenMerging.NONE);
    }

    /** One image at a time, with a team that the caller owns and closes, and that several sessions may share. */
    public static SessionOptions workers(Workers workers) {
        return new SessionOptions(workers.count(), 1, workers, false, false, TokenMerging.NONE);
    }

    /** The same options for up to {@code images} images in one call. */
    public SessionOptions withBatch(int images) {
        return new SessionOptions(threads, images, workers, allTokens, finiteCheck, tokenMerging);
    }

    /** The same options, with every token computed in the last block ({@code true}) or only those that are used ({@code false}, the default). */
    public SessionOptions withAllTokens(boolean value) {
        return new SessionOptions(threads, maxBatch, workers, value, finiteCheck, tokenMerging);
    }

    /** The same options, with or without a check of the results of {@link VitSession#logits}, {@link VitSession#forward} and {@link VitSession#embed}. */
    public SessionOptions withFiniteCheck(boolean value) {
        return new SessionOptions(threads, maxBatch, workers, allTokens, value, tokenMerging);
    }

    /**
     * The same options, with {@code r} similar tokens merged in every block, or none with 0: faster, with other results. See {@link TokenMerging}; the page
     * token-merging.md has figures.
     *
     * @throws IllegalArgumentException if {@code r} is negative
     */
    public SessionOptions withTokenMerging(int r) {
        return withTokenMerging(TokenMerging.constant(r));
    }

    /** The same options, with tokens merged as a schedule says. */
    public SessionOptions withTokenMerging(TokenMerging merging) {
        return new SessionOptions(threads, maxBatch, workers, allTokens, finiteCheck, Objects.requireNonNull(merging, "merging"));
    }
}
