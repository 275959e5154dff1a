package vit.model.image.format;

/**
 * The memory and time that decoding an image takes, estimated from its headers. Times are those of one core of about 2.5 GHz.
 *
 * @param bytes    memory at the peak, on the heap and in libjpeg, without the file itself
 * @param nanos    time
 * @param ordinary time for an ordinary image of this format and size
 */
record DecodeCost(long bytes, long nanos, long ordinary) {

    /** An image whose time follows from its pixels alone. */
    static DecodeCost of(long bytes, long nanos) {
        return new DecodeCost(bytes, nanos, nanos);
    }

    long milliseconds() {
        return nanos / 1_000_000;
    }
}
