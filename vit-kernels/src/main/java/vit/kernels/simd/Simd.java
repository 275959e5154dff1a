package vit.kernels.simd;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector width in use: the machine's preferred width, at most 512 bits, or the one given by {@code -Dvit.simd.bits=128|256|512}. It is a constant
 * to the JIT, so kernels that use {@link #SPECIES} are compiled for one width.
 *
 * <p>A width above that of the hardware is allowed but slow, because the JDK then emulates the vectors. It serves to test the code for wide vectors
 * on a machine with narrow ones.
 */
public final class Simd {

    /** The width in bits. */
    public static final int BITS = bits();

    /** The species of vectors of floats, {@link #BITS} wide. */
    public static final VectorSpecies<Float> SPECIES =
            VectorSpecies.of(float.class, VectorShape.forBitSize(BITS));

    /** The species of vectors of ints, {@link #BITS} wide, with as many lanes as {@link #SPECIES}. */
    public static final VectorSpecies<Integer> INT_SPECIES =
            VectorSpecies.of(int.class, VectorShape.forBitSize(BITS));

    /** Vector registers of that width: 32 with AVX-512 and on ARM, 16 with AVX2. */
    public static final int REGISTERS = BITS == 512 || System.getProperty("os.arch").equals("aarch64") ? 32 : 16;

    /**
     * Whether a loop that stores to arrays broadcasts its constants before it begins. With 32 registers such a constant stays in a register. With 16,
     * a constant vector is loaded where it is used, at every step, because C2 does not know that the store leaves it unchanged. Where a vector is as
     * long as a cache line, such a load takes two, since the elements of an array begin 16 bytes after a multiple of 8. The choice is written out in
     * each loop and not put in a method; {@link vit.kernels.jit.Rehearsal#work} says why.
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
