package vit.bench.peers;

/**
 * A piece of work that one side of a comparison has prepared. The program runs it once and compares its result with this project's before anything is timed, then
 * runs it in turn with the others. It uses {@link Work#threads} threads, the calling one among them. All methods are called by one thread.
 */
public interface PreparedWork extends AutoCloseable {

    /** The name and version for the tables, with what was chosen in preparing, for example {@code openblas 0.3.31 sgemm (Cooperlake)}. At most 40 characters. */
    String label();

    /**
     * In what this side's work differs from the work that was asked for, in a few words, for example {@code double instead of float; one thread}. It stands
     * beside the times. Empty if nothing differs, which is the default.
     */
    default String differences() {
        return "";
    }

    /**
     * Whether the result is meant to be the same up to rounding, which is the default. If not, for example because weights were rounded to 8 bits, a difference
     * is no failure; its size is reported beside the times.
     */
    default boolean isSameNumbers() {
        return true;
    }

    /** Does the work once. Only this is timed. */
    void run() throws Exception;

    /** The result of the last run, as {@link Work} describes it. The array may be reused by the next run. */
    float[] result() throws Exception;

    /** Frees what was prepared. */
    @Override
    default void close() throws Exception {}
}
