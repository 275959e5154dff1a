package vit.kernels.simd;

import java.util.Locale;

/**
 * The implementation of the kernels that this JVM runs. It is chosen once, at start, by {@code -Dvit.kernels=simd|reference}; the default is {@code
 * simd}. There is no automatic fall-back: a slow path is an explicit choice, and a machine that lacks the kernels' instructions is reported ({@link
 * NativeSpeed}).
 */
public enum Implementation {
    /** The Vector API. */
    SIMD,
    /** The plain scalar mathematics in double, on one thread: for checking results. */
    REFERENCE;

    /** The module that the kernels need, and the flag that adds it. */
    public static final String MODULE = "jdk.incubator.vector";

    private static final Implementation CURRENT = parse(System.getProperty("vit.kernels", "simd"));

    private static Implementation parse(String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "simd" -> SIMD;
            case "reference" -> REFERENCE;
            default -> null;
        };
    }

    /** Whether the reference was asked for. A constant to the JIT. */
    public static boolean isReference() {
        return CURRENT == REFERENCE;
    }

    /**
     * The implementation in use, for callers that are about to begin work with it. If something makes it slow on this machine, a warning is logged
     * once per JVM by {@code vit.kernels.simd}.
     *
     * @throws IllegalStateException if {@code -Dvit.kernels} names none, the JVM runs without the Vector API's module, or
     *                               {@code -Dvit.require=native} and the machine does not run the kernels' instructions
     */
    public static Implementation require() {
        Implementation current = current();
        NativeSpeed.check();
        return current;
    }

    /**
     * The implementation in use, however fast.
     *
     * @throws IllegalStateException if {@code -Dvit.kernels} names none, or the JVM runs without the Vector API's module
     */
    public static Implementation current() {
        if (CURRENT == null) {
            throw new IllegalStateException("-Dvit.kernels=" + System.getProperty("vit.kernels")
                    + " names no implementation; expected simd or reference");
        }
        if (ModuleLayer.boot().findModule(MODULE).isEmpty()) {
            throw new IllegalStateException("the Vector API is not available: start the JVM with --add-modules " + MODULE);
        }
        return CURRENT;
    }
}
