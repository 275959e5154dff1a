package vit.bench.scaling;

/** What the costs of items are measured for. The unit of each is what its items are counted in. */
enum Kernel {
    /** Elements of rows that are normed. */
    NORM,
    /** Multiply-adds of whole tiles, as of those that follow. */
    QKV,
    /** Tiles of queries. */
    ATTENTION,
    OUTPUT,
    FC1,
    FC2,
    /** Bytes read and written. */
    COPY
}
