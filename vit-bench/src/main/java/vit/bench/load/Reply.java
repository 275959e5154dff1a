package vit.bench.load;

/** Is told how a request ended, once, on any thread. */
interface Reply {

    /** The answer is complete. */
    void answered();

    /** The target has declined the request before computing anything. */
    void refused(String reason);

    /** The target had admitted the request, and gave it up because its deadline passed. */
    void expired(String reason);

    /** Anything else. */
    void failed(String fault);
}
