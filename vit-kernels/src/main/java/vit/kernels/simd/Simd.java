package vit.kernels.simd;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector width in use: the machine's preferred one, at most 512 bits, or what {@code -Dvit.simd.bits=128|256|512}
 * says. A constant to the JIT, so that kernels written on {@link #SPECIES} compile for one width.
 *
 * <p>Asking for more bits than the hardware has is legal and slow: the JDK then emulates the vectors. It serves to test
 * the wide code on a narrow machine.
 */
public final class Simd {

    /** The width in bits. */
    public static final int BITS = bits();

    /** Vectors of floats of {@link #BITS}. */
    public static final VectorSpecies<Float> SPECIES =
            VectorSpecies.of(float.class, VectorShape.forBitSize(BITS));

    /** Vectors of ints of {@link #BITS}: lane i of one stands over lane i of the other. */
    public static final VectorSpecies<Integer> INT_SPECIES =
            VectorSpecies.of(int.class, VectorShape.forBitSize(BITS));

    /** Vector registers of that width: 32 with AVX-512 and on ARM, 16 with AVX2. */
    public static final int REGISTERS = BITS == 512 || System.getProperty("os.arch").equals("aarch64") ? 32 : 16;

    /**
     * Whether a loop that stores to arrays broadcasts its constants before it begins. With 32 registers such a constant stays in one. With 16 a constant vector
     * is loaded where it is used, at every step, as C2 does not know that the store leaves it alone; where a vector is a cache
     * line such a load is two, since arrays begin 16 bytes after a multiple of 8. No method makes the choice: see {@link
     * vit.kernels.jit.Rehearsal#work}.
     */
    public static final boolean BROADCASTS_CONSTANTS = REGISTERS == 32;

    /** Floats in a vector: 4, 8 or 16. */
    public static final int LANES = SPECIES.length();

    /** Bytes in a vector. */
    public static final int VECTOR_BYTES = LANES * Float.BYTES;

    /**
     * Virtual lanes of a reduction inside a row: element {@code i} belongs to lane {@code i % 16} at every vector width,
     * and {@link Reduction} combines the lanes in one fixed tree.
     */
    public static final int VIRTUAL_LANES = 16;

    /** Byte order of all tensors. */
    public static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private Simd() {}

    private static int bits() {
        int preferred = Math.min(512, FloatVector.SPECIES_PREFERRED.vectorBitSize());
        int bits = Integer.getInteger("vit.simd.bits", preferred);
        if (bits != 128 && bits != 256 && bits != 512) {
            throw new IllegalStateException("-Dvit.simd.bits=" + bits + ": expected 128, 256 or 512");
        }
        return bits;
    }

    /** A vector with {@code value} in every lane. */
    @VectorHelper
    public static FloatVector broadcast(float value) {
        return FloatVector.broadcast(SPECIES, value);
    }

    /** Whether the hardware runs {@link #BITS}; otherwise the JDK emulates it. */
    public static boolean isNative() {
        return BITS <= FloatVector.SPECIES_PREFERRED.vectorBitSize()
                && BITS <= IntVector.SPECIES_PREFERRED.vectorBitSize();
    }
}
