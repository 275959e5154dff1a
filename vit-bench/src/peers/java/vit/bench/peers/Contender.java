package vit.bench.peers;

/** One side of a comparison: does the work when called, on the threads and with the input it was made with. For one thread. */
interface Contender extends AutoCloseable {

    /** Name and version, for example {@code onnxruntime 1.29.0}. */
    String name();

    /** Does the work once. */
    void run() throws Exception;

    /** What the last run computed; compared with ours before anything is timed. The array may be used again. */
    float[] result() throws Exception;

    @Override
    void close() throws Exception;
}
