package vit.kernels.samples;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import vit.kernels.softmax.Softmax;
import vit.kernels.softmax.SoftmaxReference;
import vit.kernels.verify.KernelSource;
import vit.kernels.verify.KernelSpec;
import vit.kernels.verify.Memory;
import vit.kernels.verify.ReferenceArguments;
import vit.kernels.verify.Values;

/** Kernels as others may write them, and their descriptions: on arrays, on segments, and on tensors with a team. */
public final class Samples {

    /** Half an ulp as a relative error. */
    private static final double U = 0x1p-24;

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

    private Samples() {}

    /** A softmax of rows on arrays, forward and backward. */
    public static final class ArraySoftmax implements KernelSource {

        @Override
        public KernelSpec kernel() {
            return arraySoftmax("array softmax", (a, threads) -> softmax(a.floats("y"), a.floats("x"), a.size("rows"), a.size("columns"), false));
        }
    }

    /** The same, but the last lane is missing in the sum if the vectors of 8 lanes leave a remainder of 7. */
    public static KernelSpec softmaxWithoutLastLane() {
        return arraySoftmax("array softmax", (a, threads) -> softmax(a.floats("y"), a.floats("x"), a.size("rows"), a.size("columns"), true));
    }

    public static KernelSpec arraySoftmax(String name, KernelSpec.ThreadedKernel kernel) {
        return KernelSpec.named(name).dimension("rows", 0).dimension("columns", 1).batch("rows")
                .input("x", "rows", "columns").output("y", "rows", "columns")
                .kernel(Memory.ARRAYS, a -> kernel.run(a, 1))
                .reference(r -> SoftmaxReference.forward(r.doubles("y"), r.doubles("x"), r.size("rows"), r.size("columns")))
                .bounds("y", Samples::softmaxBounds)
                .backward(KernelSpec.named(name + " backward").batch("rows")
                        .input("dy", "rows", "columns").input("y", "rows", "columns").output("dx", "rows", "columns")
                        .kernel(Memory.ARRAYS, a -> softmaxBackward(a.floats("dx"), a.floats("dy"), a.floats("y"), a.size("rows"), a.size("columns")))
                        .reference(r -> SoftmaxReference.backward(r.doubles("dx"), r.doubles("dy"), r.doubles("y"), r.size("rows"), r.size("columns")))
                        .bounds("dx", Samples::softmaxBackwardBounds))
                .build();
    }

    /** y: the exponent's rounding makes |x − max| roundings, also in the sum, where the terms' roundings are weighted by y. */
    static double[] softmaxBounds(ReferenceArguments r) {
        double[] x = r.doubles("x");
        double[] y = r.doubles("y");
        int columns = r.size("columns");
        double[] bounds = new double[y.length];
        for (int start = 0; start < y.length; start += columns) {
            double max = Double.NEGATIVE_INFINITY;
            for (int i = start; i < start + columns; i++) {
                max = Math.max(max, x[i]);
            }
            double mean = 0;
            for (int i = start; i < start + columns; i++) {
                mean += y[i] == 0 ? 0 : y[i] * (max - x[i]);
            }
            for (int i = start; i < start + columns; i++) {
                double exponent = y[i] == 0 ? 0 : max - x[i];
                bounds[i] = y[i] * U * (exponent + mean + columns + 6) * 1.001 + Float.MIN_NORMAL;
            }
        }
        return bounds;
    }

    private static double[] softmaxBackwardBounds(ReferenceArguments r) {
        double[] dy = r.doubles("dy");
        double[] y = r.doubles("y");
        int columns = r.size("columns");
        double[] bounds = new double[y.length];
        for (int start = 0; start < y.length; start += columns) {
            double sizes = 0;
            for (int i = start; i < start + columns; i++) {
                sizes += Math.abs(dy[i] * y[i]);
            }
            for (int i = start; i < start + columns; i++) {
                bounds[i] = y[i] * U * (columns * sizes + 2 * (Math.abs(dy[i]) + sizes)) * 1.001 + Float.MIN_NORMAL;
            }
        }
        return bounds;
    }

    private static void softmax(float[] y, float[] x, int rows, int columns, boolean withoutLastLane) {
        for (int row = 0; row < rows; row++) {
            int start = row * columns;
            float max = Float.NEGATIVE_INFINITY;
            for (int i = start; i < start + columns; i++) {
                max = Math.max(max, x[i]);
            }
            float sum = 0;
            for (int i = start; i < start + columns; i++) {
                y[i] = (float) StrictMath.exp(x[i] - max);
                if (!(withoutLastLane && columns % 8 == 7 && i == start + columns - 1)) {
                    sum += y[i];
                }
            }
            scale(y, start, columns, 1 / sum);
        }
    }

    private static void scale(float[] y, int start, int length, float factor) {
        int i = start;
        for (; i <= start + length - SPECIES.length(); i += SPECIES.length()) {
            FloatVector.fromArray(SPECIES, y, i).mul(factor).intoArray(y, i);
        }
        for (; i < start + length; i++) {
            y[i] *= factor;
        }
    }

    private static void softmaxBackward(float[] dx, float[] dy, float[] y, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            float dot = 0;
            for (int i = row * columns; i < (row + 1) * columns; i++) {
                dot = Math.fma(dy[i], y[i], dot);
            }
            for (int i = row * columns; i < (row + 1) * columns; i++) {
                dx[i] = y[i] * (dy[i] - dot);
            }
        }
    }

    /** y = a·x + y on segments whose rows lie apart: an exact kernel that accumulates, with the gradient of x and of a. */
    public static final class SegmentAxpy implements KernelSource {

        private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

        @Override
        public KernelSpec kernel() {
            return KernelSpec.named("segment axpy").dimension("rows", 0).dimension("columns", 0)
                    .input("x", "rows", "columns").input("a", "columns").accumulated("y", "rows", "columns")
                    .values("a", Values.ORDINARY)
                    .kernel(Memory.SEGMENTS_WITH_STRIDES, a -> axpy(a.segment("y"), a.stride("y"), a.segment("x"), a.stride("x"), a.segment("a"),
                            a.size("rows"), a.size("columns")))
                    .reference(r -> {
                        double[] y = r.doubles("y");
                        for (int i = 0; i < y.length; i++) {
                            y[i] += r.doubles("a")[i % r.size("columns")] * r.doubles("x")[i];
                        }
                    })
                    .ulps("y", 0.5)
                    .backward(KernelSpec.named("segment axpy backward").input("dy", "rows", "columns").input("a", "columns")
                            .output("dx", "rows", "columns")
                            .kernel(Memory.SEGMENTS_WITH_STRIDES, a -> {
                                for (int i = 0; i < a.size("rows") * a.size("columns"); i++) {
                                    int row = i / a.size("columns");
                                    int column = i % a.size("columns");
                                    a.segment("dx").setAtIndex(FLOAT, (long) row * a.stride("dx") + column,
                                            a.segment("a").getAtIndex(FLOAT, column) * a.segment("dy").getAtIndex(FLOAT, (long) row * a.stride("dy") + column));
                                }
                            })
                            .reference(r -> {
                                for (int i = 0; i < r.doubles("dx").length; i++) {
                                    r.doubles("dx")[i] = r.doubles("a")[i % r.size("columns")] * r.doubles("dy")[i];
                                }
                            })
                            .exact("dx"))
                    .build();
        }

        private static void axpy(MemorySegment y, int yStride, MemorySegment x, int xStride, MemorySegment a, int rows, int columns) {
            for (int row = 0; row < rows; row++) {
                long at = (long) row * yStride * Float.BYTES;
                long from = (long) row * xStride * Float.BYTES;
                int column = 0;
                for (; column <= columns - SPECIES.length(); column += SPECIES.length()) {
                    long bytes = (long) column * Float.BYTES;
                    FloatVector.fromMemorySegment(SPECIES, a, bytes, ByteOrder.nativeOrder())
                            .fma(FloatVector.fromMemorySegment(SPECIES, x, from + bytes, ByteOrder.nativeOrder()),
                                    FloatVector.fromMemorySegment(SPECIES, y, at + bytes, ByteOrder.nativeOrder()))
                            .intoMemorySegment(y, at + bytes, ByteOrder.nativeOrder());
                }
                for (; column < columns; column++) {
                    long bytes = (long) column * Float.BYTES;
                    y.set(FLOAT, at + bytes, Math.fma(a.get(FLOAT, bytes), x.get(FLOAT, from + bytes), y.get(FLOAT, at + bytes)));
                }
            }
        }
    }

    /** This library's softmax, on tensors with a team. */
    public static final class TensorSoftmax implements KernelSource {

        @Override
        public KernelSpec kernel() {
            return KernelSpec.named("softmax").dimension("rows", 0).dimension("columns", 1).batch("rows")
                    .input("x", "rows", "columns").output("y", "rows", "columns")
                    .kernel(Memory.TENSORS, (a, w) -> Softmax.forward(a.tensor("y"), a.tensor("x"), a.size("rows"), w))
                    .reference(r -> SoftmaxReference.forward(r.doubles("y"), r.doubles("x"), r.size("rows"), r.size("columns")))
                    .bounds("y", Samples::softmaxBounds)
                    .values(Values.ALL)
                    .backward(KernelSpec.named("softmax backward").batch("rows")
                            .input("dy", "rows", "columns").input("y", "rows", "columns").output("dx", "rows", "columns")
                            .kernel(Memory.TENSORS, (a, w) -> Softmax.backward(a.tensor("dx"), a.tensor("dy"), a.tensor("y"), a.size("rows"), w))
                            .reference(r -> SoftmaxReference.backward(r.doubles("dx"), r.doubles("dy"), r.doubles("y"), r.size("rows"), r.size("columns")))
                            .bounds("dx", Samples::softmaxBackwardBounds))
                    .build();
        }
    }
}
