package vit.kernels.verify.catalogue;

import java.util.List;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.optim.Adam;
import vit.kernels.optim.GradientNorm;
import vit.kernels.optim.Sgd;
import vit.kernels.optim.WeightAverage;
import vit.kernels.optim.WeightAverageReference;
import vit.kernels.tensor.Tensor;

/** One step of the optimisers, the moving average of weights, and the norm of all gradients. */
final class OptimiserKernels {

    private OptimiserKernels() {}

    static List<Kernel> all() {
        return List.of(
                new Kernel("sgd", draw -> new Parameter(draw).sgd(false)),
                new Kernel("sgd nesterov", draw -> new Parameter(draw).sgd(true)),
                new Kernel("adam", draw -> new Parameter(draw).adam(Adam.adam())),
                new Kernel("adamw", draw -> new Parameter(draw).adam(Adam.adamW())),
                new Kernel("weight average", draw -> new Parameter(draw).average()),
                new Kernel("gradient norm", draw -> norm(draw, false)),
                new Kernel("gradient norm packed", draw -> norm(draw, true)));
    }

    /** A parameter, what the optimiser keeps of it, and its gradient. */
    private static final class Parameter {
        final Draw draw;
        final int span;
        final double rate;
        final double decay;
        final double scale;
        final Tensor param; // (rows, C)
        final Tensor first; // (rows, C)
        final Tensor second; // (rows, C)
        final Tensor grad; // (rows, C)

        Parameter(Draw draw) {
            this.draw = draw;
            int rows = draw.size(5, 1, 9);
            int columns = draw.columns(93);
            span = rows * columns;
            rate = draw.choose(1e-2, 1e-1, 1e-2, 1e-4);
            decay = draw.choose(0.05, 0, 0.05, 0.3);
            scale = draw.choose(0.5, 1, 0.5, 0.1);
            param = draw.dense(rows, columns);
            first = draw.dense(rows, columns);
            grad = draw.dense(rows, columns);
            second = draw.dense(rows, columns);
            for (int i = 0; i < span; i++) {
                float value = second.get(i / columns, i % columns);
                second.set(i / columns, i % columns, value * value);
            }
        }

        Call sgd(boolean nesterov) {
            Sgd sgd = new Sgd(draw.choose(0.9, 0, 0.9), nesterov);
            double[] param0 = param.toDoubles();
            double[] first0 = first.toDoubles();
            return Call.of(w -> sgd.update(param, first, grad, rate, decay, scale, w.from(span), w.to(span)))
                    .output("param", param).output("velocity", first)
                    .truths(() -> truths(OptimiserTruth.of(sgd, param0, first0, grad.toDoubles(), rate, decay, scale)));
        }

        Call adam(Adam adam) {
            int step = draw.size(7, 1, 2000);
            double[] param0 = param.toDoubles();
            double[] first0 = first.toDoubles();
            double[] second0 = second.toDoubles();
            return Call.of(w -> adam.update(param, first, second, grad, rate, decay, scale, step, w.from(span), w.to(span)))
                    .output("param", param).output("mean", first).output("square", second)
                    .truths(() -> truths(OptimiserTruth.of(adam, param0, first0, second0, grad.toDoubles(), rate, decay, scale, step)));
        }

        private static List<Truth> truths(OptimiserTruth truth) {
            Truth[] truths = new Truth[truth.expected.length];
            for (int i = 0; i < truths.length; i++) {
                double[] bounds = truth.bounds[i];
                truths[i] = Truth.within(truth.expected[i], at -> bounds[at]);
            }
            return List.of(truths);
        }

        /** average + share·(param − average): roundings of the difference, of the share and of the sum. */
        Call average() {
            double average = draw.choose(0.9, 0.5, 0.99, 0.9999);
            double[] before = first.toDoubles();
            return Call.of(w -> WeightAverage.update(first, param, average, w.from(span), w.to(span))).output("average", first).truths(() -> {
                double[] expected = before.clone();
                double[] values = param.toDoubles();
                WeightAverageReference.update(expected, values, average);
                return List.of(Truth.within(expected, i -> (Truth.U * (2 * (1 - average) * (Math.abs(values[i]) + Math.abs(before[i]))
                        + Math.abs(expected[i]))) * 1.001 + Float.MIN_VALUE));
            });
        }
    }

    /** The norm in double. All terms are positive and exact, so a rounding for each addition bounds it; there are two sums, ours and this one. */
    private static Call norm(Draw draw, boolean ofMatrix) {
        Tensor grad = draw.dense(draw.size(5, 1, 9), draw.columns(93));
        PackedMatrix matrix = draw.matrix(draw.size(37, 1, 100), draw.size(93, 1, 300));
        Tensor other = draw.tensor(draw.size(5003, 1, 5003));
        GradientNorm norm = ofMatrix ? new GradientNorm(List.of(matrix), List.of(grad), draw.mostThreads())
                : new GradientNorm(List.of(), List.of(grad, other), draw.mostThreads());
        float[] second = ofMatrix ? new float[matrix.outputs() * matrix.depth()] : other.toArray();
        if (ofMatrix) {
            matrix.unpackRows(second);
        }
        return Call.of(norm::measure).output("norm", norm).truths(() -> {
            double sum = 0;
            for (float[] values : new float[][] {grad.toArray(), second}) {
                for (float value : values) {
                    sum += (double) value * value;
                }
            }
            double expected = Math.sqrt(sum);
            double roundings = 2.0 * (grad.rows() * grad.columns() + second.length);
            return List.of(Truth.within(new double[] {expected}, i -> roundings * Truth.V * expected));
        });
    }
}
