package vit.kernels.verify.catalogue;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import vit.kernels.dropout.Dropout;
import vit.kernels.dropout.DropoutReference;
import vit.kernels.dropout.StochasticDepth;
import vit.kernels.dropout.StochasticDepthReference;
import vit.kernels.gelu.Gelu;
import vit.kernels.gelu.GeluKind;
import vit.kernels.gelu.GeluReference;
import vit.kernels.relu.Relu;
import vit.kernels.relu.ReluReference;
import vit.kernels.residual.Residual;
import vit.kernels.residual.ResidualReference;
import vit.kernels.tensor.Tensor;

/** Kernels that treat every element alike: activations, residual additions and dropout. */
final class ElementKernels {

    private ElementKernels() {}

    static List<Kernel> all() {
        List<Kernel> kernels = new ArrayList<>();
        for (GeluKind kind : GeluKind.values()) {
            String name = "gelu " + kind.name().toLowerCase(Locale.ROOT);
            kernels.add(new Kernel(name, draw -> new Elements(draw, false).gelu(kind)));
            kernels.add(new Kernel(name + " backward", draw -> new Elements(draw, false).geluBackward(kind)));
        }
        kernels.add(new Kernel("relu", draw -> new Elements(draw, true).relu()));
        kernels.add(new Kernel("relu sum", draw -> new Elements(draw, true).reluSum()));
        kernels.add(new Kernel("relu backward", draw -> new Elements(draw, true).reluBackward()));
        kernels.add(new Kernel("residual", draw -> new Elements(draw, true).residual()));
        kernels.add(new Kernel("residual scaled", draw -> new Elements(draw, true).residualScaled()));
        kernels.add(new Kernel("residual scaled backward", draw -> new Elements(draw, false).residualScaledBackward()));
        kernels.add(new Kernel("dropout", draw -> new Elements(draw, false).dropout()));
        kernels.add(new Kernel("stochastic depth", draw -> new Elements(draw, false).stochasticDepth()));
        return kernels;
    }

    /** Two inputs and an output of the same shape. */
    private static final class Elements {
        final Draw draw;
        final int rows;
        final int columns;
        final Tensor a; // (rows, C)
        final Tensor b; // (rows, C)
        final Tensor y; // (rows, C)

        /** @param special whether infinities and NaN may occur, because their results are as exact as others */
        Elements(Draw draw, boolean special) {
            this.draw = draw;
            rows = draw.size(5, 1, 9);
            columns = draw.columns(93);
            a = draw.tensor(special ? draw.any() : draw.moderate(), rows, columns);
            b = special ? draw.tensor(draw.any(), rows, columns) : draw.tensor(rows, columns);
            y = draw.tensor(rows, columns);
        }

        private double[] result() {
            return new double[rows * columns];
        }

        Call gelu(GeluKind kind) {
            return Call.of(w -> Gelu.forward(y, a, kind, rows, w)).output("y", y).truths(() -> {
                double[] x = a.toDoubles();
                double[] expected = result();
                GeluReference.forward(expected, x, kind);
                return List.of(Truth.within(expected, i -> GeluTruth.forwardBound(x[i], expected[i], kind)));
            });
        }

        Call geluBackward(GeluKind kind) {
            return Call.of(w -> Gelu.backward(y, b, a, kind, rows, w)).output("dx", y).truths(() -> {
                double[] x = a.toDoubles();
                double[] dy = b.toDoubles();
                double[] expected = result();
                GeluReference.backward(expected, dy, x, kind);
                return List.of(Truth.within(expected, i -> GeluTruth.backwardBound(dy[i], x[i], kind)));
            });
        }

        Call relu() {
            return Call.of(w -> Relu.forward(y, a, rows, w)).output("y", y).truths(() -> {
                double[] expected = result();
                ReluReference.forward(expected, a.toDoubles());
                return List.of(Truth.exact(expected));
            });
        }

        /** The sum of two floats that is first rounded to double rounds to the same float, because 53 ≥ 2·24 + 2. */
        Call reluSum() {
            return Call.of(w -> Relu.forwardSum(y, a, b, rows, w)).output("y", y).truths(() -> {
                double[] expected = result();
                ReluReference.forwardSum(expected, a.toDoubles(), b.toDoubles());
                return List.of(Truth.exact(expected));
            });
        }

        Call reluBackward() {
            return Call.of(w -> Relu.backward(y, b, a, rows, w)).output("dx", y).truths(() -> {
                double[] expected = result();
                ReluReference.backward(expected, b.toDoubles(), a.toDoubles());
                return List.of(Truth.exact(expected));
            });
        }

        Call residual() {
            return Call.of(w -> Residual.add(y, a, b, rows, w)).output("y", y).truths(() -> {
                double[] expected = result();
                ResidualReference.add(expected, a.toDoubles(), b.toDoubles());
                return List.of(Truth.exact(expected));
            });
        }

        /** One fma an element: double would round the sum once more. */
        Call residualScaled() {
            Tensor gamma = draw.tensor(columns);
            return Call.of(w -> Residual.addScaled(y, a, b, gamma, rows, w)).output("y", y).truths(() -> {
                float[] expected = a.toArray();
                float[] branch = b.toArray();
                for (int i = 0; i < expected.length; i++) {
                    expected[i] = Math.fma(gamma.get(0, i % columns), branch[i], expected[i]);
                }
                return List.of(Truth.exact(expected));
            });
        }

        /** The gradient of gamma is a chain of fma, one for each row. */
        Call residualScaledBackward() {
            Tensor gamma = draw.tensor(columns);
            Tensor dgamma = draw.tensor(columns);
            double[] before = dgamma.toDoubles();
            return Call.of(w -> Residual.addScaledBackward(y, dgamma, b, a, gamma, rows, w)).output("dbranch", y).output("dgamma", dgamma)
                    .truths(() -> {
                        double[] dbranch = result();
                        double[] ofGamma = before.clone();
                        double[] sizes = Doubled.absolute(before);
                        ResidualReference.addScaledBackward(dbranch, ofGamma, b.toDoubles(), a.toDoubles(), gamma.toDoubles());
                        ResidualReference.addScaledBackward(result(), sizes, Doubled.absolute(b.toDoubles()), Doubled.absolute(a.toDoubles()),
                                gamma.toDoubles());
                        return List.of(Truth.exact(dbranch), Truth.within(ofGamma, c -> Truth.gamma(rows) * sizes[c] + Float.MIN_NORMAL));
                    });
        }

        /** The scale and the product are each rounded once. */
        private static Truth scaled(double[] expected) {
            return Truth.within(expected, i -> 2 * Truth.U * Math.abs(expected[i]) * (1 + Truth.U) + Float.MIN_VALUE);
        }

        Call dropout() {
            double p = draw.choose(0.3, 0, 0.1, 0.5, 0.9);
            long seed = draw.random().nextLong();
            long stream = draw.random().nextLong();
            int firstRow = draw.size(7, 0, 1 << 30);
            return Call.of(w -> Dropout.apply(y, a, p, seed, stream, firstRow, rows, w)).output("y", y).truths(() -> {
                double[] expected = result();
                DropoutReference.apply(expected, a.toDoubles(), p, seed, stream, firstRow, columns);
                return List.of(scaled(expected));
            });
        }

        /** Every row is an image. */
        Call stochasticDepth() {
            double p = draw.choose(0.5, 0, 0.1, 0.5, 0.9);
            long seed = draw.random().nextLong();
            long stream = draw.random().nextLong();
            int firstImage = draw.size(7, 0, 1 << 30);
            return Call.of(w -> StochasticDepth.apply(y, a, p, seed, stream, firstImage, rows, 1, w)).output("y", y).truths(() -> {
                double[] expected = result();
                StochasticDepthReference.apply(expected, a.toDoubles(), p, seed, stream, firstImage, 1, columns);
                return List.of(scaled(expected));
            });
        }
    }
}
