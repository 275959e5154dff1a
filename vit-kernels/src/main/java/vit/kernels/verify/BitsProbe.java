package vit.kernels.verify;

import java.lang.reflect.Constructor;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import vit.kernels.tensor.TensorArena;

/**
 * The program of a JVM that {@link OtherJvms} starts. It prints on standard error a line {@code bits KERNEL CASE ARGUMENT: HASH} for every result of a
 * kernel at some cases. The hash must be the same at every call and for each number of threads.
 */
final class BitsProbe {

    private static final int CASES = 14;
    private static final long SEED = 1;

    /** The time after which a case is called no more: with emulated vectors a call may take a thousand times longer. */
    private static final long MOST_NANOS = 400_000_000;

    private BitsProbe() {}

    /** Arguments: the name of the {@link KernelSource}, the fault to plant or nothing, and the number of calls. */
    public static void main(String[] arguments) throws ReflectiveOperationException {
        Constructor<?> constructor = Class.forName(arguments[0]).getDeclaredConstructor();
        constructor.setAccessible(true);
        KernelSpec spec = ((KernelSource) constructor.newInstance()).kernel();
        if (!arguments[1].isEmpty()) {
            spec = Fault.valueOf(arguments[1]).in(spec);
        }
        int calls = Integer.parseInt(arguments[2]);
        probe(spec, null, calls);
        if (spec.backward().isPresent()) {
            probe(spec.backward().get(), spec, calls);
        }
        System.exit(0); // whatever threads the kernel has left
    }

    private static void probe(KernelSpec spec, KernelSpec forward, int calls) {
        List<KernelCase> cases = Cases.of(spec, CASES, SEED);
        for (KernelCase kernelCase : cases) {
            Map<String, String> hashes = hashes(Execution.of(spec, forward, kernelCase), spec, calls);
            hashes.forEach((argument, hash) -> System.err.println("bits " + spec.name() + " " + kernelCase + " " + argument + ": " + hash));
        }
    }

    /** The hash of each result, or how it differs from call to call. */
    private static Map<String, String> hashes(Execution execution, KernelSpec spec, int calls) {
        Map<String, String> hashes = new LinkedHashMap<>();
        long start = System.nanoTime();
        try (TensorArena arena = TensorArena.open()) {
            Execution.Setting setting = execution.usual();
            Arguments arguments = execution.prepare(arena, setting);
            for (int call = 0; call < calls && (call < 2 || System.nanoTime() - start < MOST_NANOS); call++) {
                int threads = spec.isThreaded() ? 1 + call % Teams.LARGEST : 1;
                execution.restore(arguments, setting);
                spec.run(arguments, threads);
                for (Map.Entry<String, float[]> result : execution.results(arguments).entrySet()) {
                    String hash = hash(result.getValue());
                    String first = hashes.putIfAbsent(result.getKey(), hash);
                    if (first != null && !first.equals(hash) && !first.startsWith("differs")) {
                        hashes.put(result.getKey(), "differs at call " + (call + 1) + " with " + threads + " threads");
                    }
                }
            }
        }
        return hashes;
    }

    private static String hash(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES);
        for (float value : values) {
            bytes.putInt(Float.floatToIntBits(value)); // all NaNs are equal
        }
        CRC32 crc = new CRC32();
        crc.update(bytes.array());
        return HexFormat.of().toHexDigits((int) crc.getValue());
    }
}
