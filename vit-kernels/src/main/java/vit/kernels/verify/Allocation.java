package vit.kernels.verify;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import vit.kernels.simd.Simd;

/**
 * Checks that work allocates nothing on the heap once it is compiled, on any thread of the JVM. A vector that escapes to the heap counts.
 *
 * <p>Before C2 has compiled the work, it may allocate objects that the compiled code does without. So the check repeats rounds of calls until
 * {@value #CLEAN_ROUNDS} rounds in a row are clean. Work that allocates in each round never reaches that. Other threads of the JVM should be idle.
 */
public final class Allocation {

    /** The number of rounds after which the check gives up. C2 has certainly compiled everything by then. */
    private static final int MOST_ROUNDS = 2_000;

    /** The number of rounds in a row without an allocated byte that count as proof. */
    private static final int CLEAN_ROUNDS = 3;

    private Allocation() {}

    /** The meter stands in a class of its own, so that a JVM without the module jdk.management fails only where it is asked for. */
    private static final class Meter {

        private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    }

    /** Whether the check says anything here: where the JDK emulates the vectors of the chosen width, every vector is an object. */
    public static boolean isMeaningful() {
        return Simd.isNative();
    }

    /** The bytes that all threads of this JVM have allocated on the heap since it started. */
    public static long bytes() {
        return Meter.THREADS.getTotalThreadAllocatedBytes();
    }

    /**
     * Checks that {@code work} allocates nothing.
     *
     * @param name  what is checked, for the message
     * @param calls calls of {@code work} in a round: enough that C2 compiles it within some rounds, 100 to 1000 for work of microseconds
     * @param work  the work, on the calling thread or on a team of its own that it waits for
     * @throws AssertionError if it still allocates when all rounds are over
     */
    public static void assertNone(String name, int calls, Runnable work) {
        long bytes = 0;
        int clean = 0;
        for (int round = 0; round < MOST_ROUNDS && clean < CLEAN_ROUNDS; round++) {
            long before = bytes();
            for (int call = 0; call < calls; call++) {
                work.run();
            }
            bytes = bytes() - before;
            clean = bytes == 0 ? clean + 1 : 0;
        }
        if (clean < CLEAN_ROUNDS) {
            throw new AssertionError(name + " still allocates " + bytes + " bytes in " + calls + " calls");
        }
    }
}
