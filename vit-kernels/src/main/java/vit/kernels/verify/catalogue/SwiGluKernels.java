package vit.kernels.verify.catalogue;

import java.util.List;
import vit.kernels.gemm.PackedRows;
import vit.kernels.swiglu.SwiGlu;
import vit.kernels.swiglu.SwiGluReference;
import vit.kernels.tensor.Tensor;

/** SwiGLU, whose input holds the two halves of each row side by side. */
final class SwiGluKernels {

    private SwiGluKernels() {}

    static List<Kernel> all() {
        return List.of(
                new Kernel("swiglu", draw -> new Halves(draw).forward()),
                new Kernel("swiglu packed rows", draw -> new Halves(draw).forwardPacked()),
                new Kernel("swiglu backward", draw -> new Halves(draw).backward()));
    }

    private static final class Halves {
        final Draw draw;
        final int rows;
        final int columns;
        final Tensor in; // (rows, 2F)

        Halves(Draw draw) {
            this.draw = draw;
            rows = draw.size(5, 1, 9);
            columns = draw.columns(93);
            in = draw.tensor(draw.moderate(), rows, 2 * columns);
        }

        /** The index of a in the input. */
        private int a(int i) {
            return i / columns * 2 * columns + i % columns;
        }

        private List<Truth> truth() {
            double[] input = in.toDoubles();
            double[] expected = new double[rows * columns];
            SwiGluReference.forward(expected, input, rows);
            double[] bounds = new double[expected.length];
            for (int i = 0; i < bounds.length; i++) {
                bounds[i] = SwiGluTruth.bound(input[a(i) + columns], expected[i]);
                expected[i] = SwiGluTruth.toRange(expected[i]);
            }
            return List.of(Truth.within(expected, i -> bounds[i]));
        }

        Call forward() {
            Tensor out = draw.tensor(rows, columns);
            return Call.of(w -> SwiGlu.forward(out, in, rows, w)).output("out", out).truths(this::truth);
        }

        Call forwardPacked() {
            PackedRows out = PackedRows.allocate(draw.arena(), rows, columns);
            return Call.of(w -> SwiGlu.forward(out, in, rows, w)).output("out", out, rows).truths(this::truth);
        }

        Call backward() {
            Tensor dout = draw.tensor(rows, columns);
            Tensor din = draw.tensor(rows, 2 * columns);
            return Call.of(w -> SwiGlu.backward(din, dout, in, rows, w)).output("din", din).truths(() -> {
                double[] input = in.toDoubles();
                double[] upstream = dout.toDoubles();
                double[] expected = new double[input.length];
                double[] bounds = new double[input.length];
                SwiGluReference.backward(expected, upstream, input, rows);
                for (int i = 0; i < upstream.length; i++) {
                    int a = a(i);
                    int b = a + columns;
                    bounds[a] = SwiGluTruth.slopeBound(upstream[i] * input[b], input[a], expected[a]);
                    bounds[b] = SwiGluTruth.bound(upstream[i], expected[b]);
                }
                return List.of(Truth.within(expected, i -> bounds[i]));
            });
        }
    }
}
