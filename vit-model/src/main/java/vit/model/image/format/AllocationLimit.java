package vit.model.image.format;

import java.lang.management.ManagementFactory;

/**
 * Stops a decoder that allocates more than its estimate while it reads. A lossless WebP may announce 65536 groups of Huffman tables, each in two and
 * a half bytes of the file, and no header tells their number.
 */
final class AllocationLimit {

    /** Thrown out of a decoder. */
    static final class Exceeded extends RuntimeException {
        private static final long serialVersionUID = 1;

        Exceeded() {
            super("more memory than was estimated", null, false, false);
        }
    }

    private final Thread owner = Thread.currentThread();
    private final long last;

    private AllocationLimit(long last) {
        this.last = last;
    }

    /** Lets this thread allocate at most {@code bytes} more. There is no limit on a virtual thread, or in a JVM that does not count allocations. */
    static AllocationLimit of(long bytes) {
        long now = Counter.allocated();
        return new AllocationLimit(now < 0 || bytes > Long.MAX_VALUE - now ? Long.MAX_VALUE : now + bytes);
    }

    static AllocationLimit none() {
        return new AllocationLimit(Long.MAX_VALUE);
    }

    /** Throws {@link Exceeded} beyond the limit. */
    void check() {
        if (last != Long.MAX_VALUE && Thread.currentThread() == owner && Counter.allocated() > last) {
            throw new Exceeded();
        }
    }

    /** In a class of its own, since the module of this bean is optional. */
    private static final class Counter {

        private static final boolean PRESENT = present();

        private static boolean present() {
            try {
                return ManagementFactory.getThreadMXBean() instanceof com.sun.management.ThreadMXBean bean && bean.isThreadAllocatedMemorySupported()
                        && bean.isThreadAllocatedMemoryEnabled();
            } catch (LinkageError e) {
                return false;
            }
        }

        /** Bytes that this thread has allocated; −1 where the JVM does not count them. */
        static long allocated() {
            if (!PRESENT || Thread.currentThread().isVirtual()) {
                return -1;
            }
            return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
        }
    }
}
