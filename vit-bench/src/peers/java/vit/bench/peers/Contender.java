package vit.bench.peers;

/** One side of a comparison. It does the work when it is called, with the threads and the input that it was created with. For one thread. */
interface Contender extends AutoCloseable {

    /** Name and version, for example {@code onnxruntime 1.29.0}. */
    String name();

    /** Does the work once. */
    void run() throws Exception;

    /** The result of the last run, which is compared with ours before anything is timed. The array may be reused. */
    float[] result() throws Exception;

    @Override
    void close() throws Exception;
}
