package vit.kernels.peak;

import static vit.kernels.simd.Simd.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import vit.kernels.simd.VectorLoop;

// Written by FmaChainsSource, which is among the tests. Change that class, not this one.

/**
 * Independent chains of fused multiply-adds: chain i starts at i and counts up by one at each step. A method returns the largest
 * element at the end, which is exactly the last chain's start plus the number of steps.
 *
 * <p>The chain is the addend of its operation. C2's fused multiply-add overwrites its addend, so a chain in any other place would cost
 * a register copy for every operation (on a Zen 3: 66 to 91 GFLOP/s that way, 103 this way, 103 in C).
 */
final class FmaChains {

    private FmaChains() {}

    @VectorLoop
    static float twelve(int steps, float one) {
        FloatVector x = FloatVector.broadcast(SPECIES, one);
        FloatVector acc0 = FloatVector.broadcast(SPECIES, 0f);
        FloatVector acc1 = FloatVector.broadcast(SPECIES, 1f);
        FloatVector acc2 = FloatVector.broadcast(SPECIES, 2f);
        FloatVector acc3 = FloatVector.broadcast(SPECIES, 3f);
        FloatVector acc4 = FloatVector.broadcast(SPECIES, 4f);
        FloatVector acc5 = FloatVector.broadcast(SPECIES, 5f);
        FloatVector acc6 = FloatVector.broadcast(SPECIES, 6f);
        FloatVector acc7 = FloatVector.broadcast(SPECIES, 7f);
        FloatVector acc8 = FloatVector.broadcast(SPECIES, 8f);
        FloatVector acc9 = FloatVector.broadcast(SPECIES, 9f);
        FloatVector acc10 = FloatVector.broadcast(SPECIES, 10f);
        FloatVector acc11 = FloatVector.broadcast(SPECIES, 11f);
        for (int step = 0; step < steps; step++) {
            acc0 = x.fma(x, acc0);
            acc1 = x.fma(x, acc1);
            acc2 = x.fma(x, acc2);
            acc3 = x.fma(x, acc3);
            acc4 = x.fma(x, acc4);
            acc5 = x.fma(x, acc5);
            acc6 = x.fma(x, acc6);
            acc7 = x.fma(x, acc7);
            acc8 = x.fma(x, acc8);
            acc9 = x.fma(x, acc9);
            acc10 = x.fma(x, acc10);
            acc11 = x.fma(x, acc11);
        }
        acc0 = acc0.max(acc6);
        acc1 = acc1.max(acc7);
        acc2 = acc2.max(acc8);
        acc3 = acc3.max(acc9);
        acc4 = acc4.max(acc10);
        acc5 = acc5.max(acc11);
        acc0 = acc0.max(acc3);
        acc1 = acc1.max(acc4);
        acc2 = acc2.max(acc5);
        acc0 = acc0.max(acc2);
        acc0 = acc0.max(acc1);
        return acc0.reduceLanes(VectorOperators.MAX);
    }

    @VectorLoop
    static float twentyFour(int steps, float one) {
        FloatVector x = FloatVector.broadcast(SPECIES, one);
        FloatVector acc0 = FloatVector.broadcast(SPECIES, 0f);
        FloatVector acc1 = FloatVector.broadcast(SPECIES, 1f);
        FloatVector acc2 = FloatVector.broadcast(SPECIES, 2f);
        FloatVector acc3 = FloatVector.broadcast(SPECIES, 3f);
        FloatVector acc4 = FloatVector.broadcast(SPECIES, 4f);
        FloatVector acc5 = FloatVector.broadcast(SPECIES, 5f);
        FloatVector acc6 = FloatVector.broadcast(SPECIES, 6f);
        FloatVector acc7 = FloatVector.broadcast(SPECIES, 7f);
        FloatVector acc8 = FloatVector.broadcast(SPECIES, 8f);
        FloatVector acc9 = FloatVector.broadcast(SPECIES, 9f);
        FloatVector acc10 = FloatVector.broadcast(SPECIES, 10f);
        FloatVector acc11 = FloatVector.broadcast(SPECIES, 11f);
        FloatVector acc12 = FloatVector.broadcast(SPECIES, 12f);
        FloatVector acc13 = FloatVector.broadcast(SPECIES, 13f);
        FloatVector acc14 = FloatVector.broadcast(SPECIES, 14f);
        FloatVector acc15 = FloatVector.broadcast(SPECIES, 15f);
        FloatVector acc16 = FloatVector.broadcast(SPECIES, 16f);
        FloatVector acc17 = FloatVector.broadcast(SPECIES, 17f);
        FloatVector acc18 = FloatVector.broadcast(SPECIES, 18f);
        FloatVector acc19 = FloatVector.broadcast(SPECIES, 19f);
        FloatVector acc20 = FloatVector.broadcast(SPECIES, 20f);
        FloatVector acc21 = FloatVector.broadcast(SPECIES, 21f);
        FloatVector acc22 = FloatVector.broadcast(SPECIES, 22f);
        FloatVector acc23 = FloatVector.broadcast(SPECIES, 23f);
        for (int step = 0; step < steps; step++) {
            acc0 = x.fma(x, acc0);
            acc1 = x.fma(x, acc1);
            acc2 = x.fma(x, acc2);
            acc3 = x.fma(x, acc3);
            acc4 = x.fma(x, acc4);
            acc5 = x.fma(x, acc5);
            acc6 = x.fma(x, acc6);
            acc7 = x.fma(x, acc7);
            acc8 = x.fma(x, acc8);
            acc9 = x.fma(x, acc9);
            acc10 = x.fma(x, acc10);
            acc11 = x.fma(x, acc11);
            acc12 = x.fma(x, acc12);
            acc13 = x.fma(x, acc13);
            acc14 = x.fma(x, acc14);
            acc15 = x.fma(x, acc15);
            acc16 = x.fma(x, acc16);
            acc17 = x.fma(x, acc17);
            acc18 = x.fma(x, acc18);
            acc19 = x.fma(x, acc19);
            acc20 = x.fma(x, acc20);
            acc21 = x.fma(x, acc21);
            acc22 = x.fma(x, acc22);
            acc23 = x.fma(x, acc23);
        }
        acc0 = acc0.max(acc12);
        acc1 = acc1.max(acc13);
        acc2 = acc2.max(acc14);
        acc3 = acc3.max(acc15);
        acc4 = acc4.max(acc16);
        acc5 = acc5.max(acc17);
        acc6 = acc6.max(acc18);
        acc7 = acc7.max(acc19);
        acc8 = acc8.max(acc20);
        acc9 = acc9.max(acc21);
        acc10 = acc10.max(acc22);
        acc11 = acc11.max(acc23);
        acc0 = acc0.max(acc6);
        acc1 = acc1.max(acc7);
        acc2 = acc2.max(acc8);
        acc3 = acc3.max(acc9);
        acc4 = acc4.max(acc10);
        acc5 = acc5.max(acc11);
        acc0 = acc0.max(acc3);
        acc1 = acc1.max(acc4);
        acc2 = acc2.max(acc5);
        acc0 = acc0.max(acc2);
        acc0 = acc0.max(acc1);
        return acc0.reduceLanes(VectorOperators.MAX);
    }
}
