package vit.kernels.simd;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Tells whether this machine and this JVM run the kernels' instructions. If they do not, the results have the same bits but take ten to a hundred
 * thousand times as long. {@link #obstacles()} says why, and {@code -Dvit.require=native} makes {@link Implementation#require()} fail. All threads
 * may use it.
 *
 * <p>A missing fused multiply-add is recognised by its time, because no property of the JVM tells it without another module. If the machine has the
 * instruction, HotSpot uses it for {@link Math#fma(float, float, float)} in the interpreter as well as in compiled code; an interpreted call then
 * takes about 30 ns, like any other. Without the instruction the method adds with {@link java.math.BigDecimal}, which takes from 2,000 ns in C2's
 * code to 50,000 ns in the interpreter. The probe takes some microseconds, or a millisecond if the instruction is missing.
 */
public final class NativeSpeed {

    private static final String PROPERTY = "vit.require";
    private static final String NATIVE = "native";

    private static final int ROUNDS = 5;
    private static final int CALLS = 8;

    /**
     * If a call of {@code Math.fma} takes this many times as long as another call, it is not an instruction. The number is halfway between 1 and 300
     * on a logarithmic scale.
     */
    private static final long SLOW_RATIO = 17;

    /** The least nanoseconds for all calls of a round. Below it the resolution of the clock would decide. */
    private static final long LEAST_NANOS = CALLS * 400;

    private static final AtomicBoolean TOLD = new AtomicBoolean();

    private NativeSpeed() {}

    /** Found out once. */
    private static final class Found {
        private static final List<String> OBSTACLES = List.copyOf(find());
    }

    /**
     * The reasons why the kernels are slow here, each a sentence that also says what to do about it. The list is empty if they run at the machine's
     * full speed.
     */
    public static List<String> obstacles() {
        return Found.OBSTACLES;
    }

    /**
     * The obstacles the first time that this is called, and an empty list afterwards. So a caller that shows them to a user shows them once. {@link
     * Implementation#require()} logs them if nobody has asked before.
     */
    public static List<String> untold() {
        return obstacles().isEmpty() || TOLD.getAndSet(true) ? List.of() : obstacles();
    }

    /** Obeys {@code -Dvit.require=native}, and logs the obstacles that nobody has shown yet. */
    static void check() {
        String required = System.getProperty(PROPERTY);
        if (required != null) {
            if (!required.equals(NATIVE)) {
                throw new IllegalStateException("-D" + PROPERTY + "=" + required + ": expected " + NATIVE);
            }
            if (Implementation.isReference()) {
                throw new IllegalStateException("-D" + PROPERTY + "=" + NATIVE + " and -Dvit.kernels=reference contradict one another");
            }
            if (!obstacles().isEmpty()) {
                throw new IllegalStateException("-D" + PROPERTY + "=" + NATIVE + ": " + String.join("; ", obstacles()));
            }
        }
        if (!Implementation.isReference()) {
            for (String obstacle : untold()) {
                System.getLogger(NativeSpeed.class.getPackageName()).log(System.Logger.Level.WARNING, obstacle);
            }
        }
    }

    private static List<String> find() {
        List<String> found = new ArrayList<>();
        if (!multipliesAndAddsInOneInstruction()) {
            found.add("this JVM has no fused multiply-add instruction, so the kernels are many thousand times slower than usual: "
                    + "use a processor with FMA, an emulator that offers it (QEMU: -cpu max), or an image for the machine's own architecture");
        }
        if (!Simd.isNative()) {
            found.add("vectors of " + Simd.BITS + " bits are wider than the processor's, so the JDK emulates them slowly: leave -Dvit.simd.bits out");
        }
        String mode = System.getProperty("java.vm.info", "");
        if (mode.contains("interpreted mode")) {
            found.add("this JVM interprets all code, so the kernels are many thousand times slower than usual: leave -Xint out");
        } else if (mode.contains("emulated-client")) {
            found.add("this JVM runs without its optimising compiler C2, so the JDK emulates vectors slowly: leave -XX:TieredStopAtLevel out");
        }
        return found;
    }

    /** Compares the fastest of some rounds of calls, because other load on the machine can only make a round slower. */
    private static boolean multipliesAndAddsInOneInstruction() {
        long fused = Long.MAX_VALUE;
        long plain = Long.MAX_VALUE;
        float sum = 0;
        for (int round = 0; round < ROUNDS; round++) {
            long start = System.nanoTime();
            for (int call = 0; call < CALLS; call++) {
                sum += Math.fma(call + 0.1f, 0.3f, 0.7f);
            }
            long middle = System.nanoTime();
            for (int call = 0; call < CALLS; call++) {
                sum += separate(call + 0.1f, 0.3f, 0.7f);
            }
            long end = System.nanoTime();
            fused = Math.min(fused, middle - start);
            plain = Math.min(plain, end - middle);
        }
        if (sum <= 0) {
            throw new IllegalStateException("the probe of Math.fma added up to " + sum);
        }
        return fused < LEAST_NANOS || fused < SLOW_RATIO * plain;
    }

    private static float separate(float a, float b, float c) {
        return a * b + c;
    }
}
