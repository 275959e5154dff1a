package vit.kernels.swiglu;

import java.lang.foreign.MemorySegment;
import java.util.List;
import vit.kernels.contract.Doubles;
import vit.kernels.contract.Require;
import vit.kernels.gemm.PackedRows;
import vit.kernels.jit.Rehearsal;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Implementation;
import vit.kernels.simd.Logistic;
import vit.kernels.tensor.Tensor;

/**
 * The gate of a SwiGLU feed-forward layer (Shazeer 2020, "GLU variants improve Transformer", equation 5): each row of the input is [a | b], and the
 * result is silu(a)·b with silu(x) = x·σ(x), element by element.
 *
 * <p>Below −87.33654, where it is about −1e−36, silu(a) counts as 0, and so at −∞. NaN gives NaN. Every worker of a team calls a method with the same
 * arguments and computes its share of the rows. There is no barrier inside. The vector code is in {@link Logistic}, beside the exponential that it is
 * made of.
 */
public final class SwiGlu {

    private SwiGlu() {}

    /** Rehearsals of the methods that hold the vector code of {@link #forward}, so that they can be compiled ahead of use. */
    public static List<Rehearsal> rehearsals() {
        float[] packed = new float[Rehearsal.MOST_ELEMENTS];
        MemorySegment in = Rehearsal.elements();
        MemorySegment out = Rehearsal.elements();
        return List.of(
                Rehearsal.ofElements("Logistic.gated in an array", (n, times) -> {
                    for (int i = 0; i < times; i++) {
                        Logistic.gated(packed, 0, in, 0, 0, n);
                    }
                }),
                Rehearsal.ofElements("Logistic.gated", (n, times) -> {
                    for (int i = 0; i < times; i++) {
                        Logistic.gated(out, 0, in, 0, 0, n);
                    }
                }));
    }

    /**
     * out = silu(a)·b.
     *
     * @param out  (rows, F), overwritten; shares no memory with {@code in}
     * @param in   (rows, 2F), each row [a | b]
     * @param rows the number of rows in use
     * @param w    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, or out shares memory with in
     */
    public static void forward(Tensor out, Tensor in, int rows, Worker w) {
        int columns = out.columns();
        Require.range("rows", rows, 0, out.rows());
        Require.rows("in", in, rows, 2 * columns);
        Require.disjoint("out", out, "in", in);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                Doubles.write(out, forwardReference(in, rows, columns));
            }
            return;
        }
        for (int row = w.from(rows), end = w.to(rows); row < end; row++) {
            long a = in.rowOffset(row);
            Logistic.gated(out.segment(), out.rowOffset(row), in.segment(), a, a + (long) columns * Float.BYTES, columns);
        }
    }

    /**
     * out = silu(a)·b, packed for the product that follows. The bits are those of the other form.
     *
     * @param out  (rows, F), at least {@code rows} of them, overwritten with {@code rows} rows in use
     * @param in   (rows, 2F), each row [a | b]
     * @param rows the number of rows in use
     * @param w    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit
     */
    public static void forward(PackedRows out, Tensor in, int rows, Worker w) {
        int columns = out.columns();
        Require.range("rows", rows, 0, out.rows());
        Require.rows("in", in, rows, 2 * columns);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                out.write(forwardReference(in, rows, columns), rows);
            }
            return;
        }
        for (int row = w.from(rows), end = w.to(rows); row < end; row++) {
            for (int column = 0; column < columns; column += out.run(column)) {
                long a = in.rowOffset(row) + (long) column * Float.BYTES;
                Logistic.gated(out.values(), out.start(row, column, rows), in.segment(), a, a + (long) columns * Float.BYTES, out.run(column));
            }
        }
    }

    private static double[] forwardReference(Tensor in, int rows, int columns) {
        double[] values = new double[Math.multiplyExact(rows, columns)];
        SwiGluReference.forward(values, Doubles.read(in, rows), rows);
        return values;
    }

    /**
     * The backward pass: din = [da | db] with da = dout·b·silu′(a) and db = dout·silu(a).
     *
     * @param din  (rows, 2F), overwritten; may be {@code in} itself
     * @param dout (rows, F)
     * @param in   (rows, 2F), the input of forward
     * @param rows the number of rows in use
     * @param w    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, or din shares memory with dout or part of that of in
     */
    public static void backward(Tensor din, Tensor dout, Tensor in, int rows, Worker w) {
        int columns = dout.columns();
        Require.range("rows", rows, 0, dout.rows());
        Require.rows("in", in, rows, 2 * columns);
        Require.rows("din", din, rows, 2 * columns);
        Require.disjoint("din", din, "dout", dout);
        Require.sameOrDisjoint("din", din, "in", in);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] gradient = new double[Math.multiplyExact(rows, 2 * columns)];
                SwiGluReference.backward(gradient, Doubles.read(dout, rows), Doubles.read(in, rows), rows);
                Doubles.write(din, gradient);
            }
            return;
        }
        for (int row = w.from(rows), end = w.to(rows); row < end; row++) {
            Logistic.gatedGradient(din.segment(), din.rowOffset(row), dout.segment(), dout.rowOffset(row), in.segment(), in.rowOffset(row), columns);
        }
    }
}
