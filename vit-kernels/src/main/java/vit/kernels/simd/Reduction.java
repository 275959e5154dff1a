package vit.kernels.simd;

/**
 * Combines the 16 virtual lanes of a row reduction, always in the same tree: lane j with lane j + 8, then + 4, + 2, + 1.
 * {@code FloatVector.reduceLanes(ADD)} leaves its order open and was seen to change its result when C2 compiled it.
 */
public final class Reduction {

    private Reduction() {}

    /** The sum of {@code lanes[0..15]}; overwrites them. */
    public static float sum(float[] lanes) {
        for (int half = Simd.VIRTUAL_LANES / 2; half > 0; half /= 2) {
            for (int j = 0; j < half; j++) {
                lanes[j] += lanes[j + half];
            }
        }
        return lanes[0];
    }

    /** The maximum of {@code lanes[0..15]} as {@link Math#max(float, float)} has it (NaN wins); overwrites them. */
    public static float max(float[] lanes) {
        for (int half = Simd.VIRTUAL_LANES / 2; half > 0; half /= 2) {
            for (int j = 0; j < half; j++) {
                lanes[j] = Math.max(lanes[j], lanes[j + half]);
            }
        }
        return lanes[0];
    }
}
