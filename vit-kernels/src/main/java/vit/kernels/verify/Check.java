package vit.kernels.verify;

/** What a {@link Battery} checks. */
public enum Check {
    /** Every output lies within its bound of the scalar reference. */
    REFERENCE("matches the reference"),
    /** No guard is written, none has an influence on a result, and no input is changed. */
    GUARDS("stays inside its arguments"),
    /** What lay in the outputs before the call has no influence. */
    STALE_OUTPUTS("overwrites its outputs"),
    /** A later call gives the bits of the first, in the same memory and after a call with other inputs. */
    CALLS("gives the same bits at every call"),
    /** The bits do not depend on offsets from alignment and on gaps between rows. */
    LAYOUTS("gives the same bits at any alignment"),
    /** The bits do not depend on the number of threads, 1 to 8. */
    THREADS("gives the same bits at any thread count"),
    /** An index of the batch dimension alone gives the bits that it gives among others. */
    BATCH("gives the same bits at any place in a batch"),
    /** The reference's backward pass is the gradient of its forward pass, by central differences. */
    GRADIENTS("has a reference whose gradients match central differences"),
    /** The bits are the same in the interpreter, C1 and C2, at vector widths of 128, 256 and 512, each in a JVM of its own. */
    JVMS("gives the same bits in other JVMs"),
    /** A compiled call allocates nothing on the heap, on any thread. */
    ALLOCATION("allocates nothing");

    private final String sentence;

    Check(String sentence) {
        this.sentence = sentence;
    }

    /** Whether the check tries one case after another, so that a failure can be shrunk. */
    public boolean isByCase() {
        return this != JVMS && this != ALLOCATION;
    }

    /** The check in words, with the kernel as subject. */
    public String sentence() {
        return sentence;
    }
}
