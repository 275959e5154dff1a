package vit.bench.load;

/** What load is put on: a service in this process, or a server. Requests are sent by one thread. */
interface Target extends AutoCloseable {

    /** Name and version, for example {@code onnxruntime 1.29.0}. */
    String name();

    /**
     * Starts a request and returns without waiting for its answer.
     *
     * @param deadline until when the answer is of use, as {@link System#nanoTime} counts; a target that knows no deadlines ignores it
     * @param reply    is told the end, possibly before this returns
     */
    void send(long deadline, Reply reply);

    /** Whether it computes in this process, whose memory then says something about it. */
    boolean isInProcess();

    /** What it says about itself now. */
    default ServiceReading reading() {
        return ServiceReading.NONE;
    }

    @Override
    void close();
}
