package vit.kernels.verify.catalogue;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import vit.kernels.headnorm.HeadNorm;
import vit.kernels.parallel.Worker;
import vit.kernels.rotary.Rotary;
import vit.kernels.rotary.RotaryKind;
import vit.kernels.rotary.RotaryReference;
import vit.kernels.tensor.Tensor;

/** What is done to queries and keys before attention: rotary positions and the norm of heads. */
final class QueryKeyKernels {

    private static final double EPSILON = 1e-6;

    private QueryKeyKernels() {}

    static List<Kernel> all() {
        List<Kernel> kernels = new ArrayList<>();
        for (RotaryKind kind : RotaryKind.values()) {
            String name = kind.name().toLowerCase(Locale.ROOT);
            kernels.add(new Kernel("rotary " + name, draw -> rotary(draw, kind, Rotary::forward, RotaryReference::forward)));
            kernels.add(new Kernel("rotary " + name + " backward", draw -> rotary(draw, kind, Rotary::backward, RotaryReference::backward)));
        }
        kernels.add(new Kernel("headnorm", draw -> new Heads(draw, true).forward()));
        kernels.add(new Kernel("headnorm backward", draw -> new Heads(draw, true).backward()));
        kernels.add(new Kernel("headnorm without bias", draw -> new Heads(draw, false).forward()));
        kernels.add(new Kernel("headnorm without bias backward", draw -> new Heads(draw, false).backward()));
        return kernels;
    }

    @FunctionalInterface
    private interface Pass {
        void run(Tensor qkv, Tensor cos, Tensor sin, RotaryKind kind, int batch, int tokens, int heads, Worker w);
    }

    @FunctionalInterface
    private interface ReferencePass {
        void run(double[] qkv, double[] cos, double[] sin, RotaryKind kind, int batch, int tokens, int heads, int headDim);
    }

    /** The product with the sine is rounded, and then the result: u·|x·sin|·(1 + u) + u·|y|. In the reference, the product is y − x·cos. */
    private static Call rotary(Draw draw, RotaryKind kind, Pass pass, ReferencePass reference) {
        int batch = draw.size(2, 1, 3);
        int prefix = draw.size(1, 0, 3);
        int positions = draw.size(3, 1, 7);
        int heads = draw.size(2, 1, 4);
        int headDim = 2 * draw.size(23, 1, 33); // the published one: halves of whole vectors and a remainder
        int tokens = prefix + positions;
        int width = 3 * heads * headDim;
        Tensor qkv = draw.tensor(batch * tokens, width);
        Tensor cos = draw.tensor(positions, headDim);
        Tensor sin = draw.tensor(positions, headDim);
        double[] x = qkv.toDoubles();
        return Call.of(w -> pass.run(qkv, cos, sin, kind, batch, tokens, heads, w)).output("qkv", qkv).truths(() -> {
            double[] y = x.clone();
            double[] cosines = cos.toDoubles();
            reference.run(y, cosines, sin.toDoubles(), kind, batch, tokens, heads, headDim);
            return List.of(Truth.within(y, i -> {
                int position = i / width % tokens - prefix;
                if (position < 0 || i % width >= 2 * heads * headDim) {
                    return 0; // a prefix token, or a value: a copy
                }
                double first = x[i] * cosines[position * headDim + i % headDim];
                double product = Math.abs(y[i] - first) + Truth.V * (Math.abs(y[i]) + Math.abs(first));
                return Truth.U * (product + Math.abs(y[i])) * (1 + 4 * Truth.U) + Float.MIN_VALUE;
            }));
        });
    }

    /** Queries, keys and values, and the parameters of the norm of the first two. */
    private static final class Heads {
        final boolean biased;
        final int heads;
        final int rows;
        final Tensor x; // (rows, 3·H·D)
        final Tensor dy; // (rows, 3·H·D)
        final Tensor y; // (rows, 3·H·D)
        final Tensor[] weights = new Tensor[2]; // (D)
        final Tensor[] biases = new Tensor[2];
        final Tensor[] dweights = new Tensor[2];
        final Tensor[] dbiases = new Tensor[2];

        Heads(Draw draw, boolean biased) {
            this.biased = biased;
            heads = draw.size(2, 1, 4);
            rows = draw.size(8, 1, 9);
            int headDim = draw.size(46, 1, 70);
            x = draw.tensor(draw.moderate(), rows, 3 * heads * headDim);
            dy = draw.tensor(rows, 3 * heads * headDim);
            y = draw.tensor(rows, 3 * heads * headDim);
            for (int part = 0; part < 2; part++) {
                weights[part] = draw.tensor(headDim);
                dweights[part] = draw.tensor(headDim);
                biases[part] = biased ? draw.tensor(headDim) : null;
                dbiases[part] = biased ? draw.tensor(headDim) : null;
            }
        }

        private static double[][] doubles(Tensor[] tensors) {
            return new double[][] {tensors[0].toDoubles(), tensors[1].toDoubles()};
        }

        private HeadNormTruth truth(double[][] dweights0, double[][] dbiases0) {
            return new HeadNormTruth(x.toDoubles(), dy.toDoubles(), doubles(weights), biased ? doubles(biases) : null, dweights0, dbiases0,
                    EPSILON, heads, rows);
        }

        Call forward() {
            double[][] dweights0 = doubles(dweights);
            double[][] dbiases0 = biased ? doubles(dbiases) : null;
            return Call.of(w -> HeadNorm.forward(y, x, weights[0], biases[0], weights[1], biases[1], EPSILON, heads, rows, w)).output("y", y)
                    .truths(() -> {
                        HeadNormTruth truth = truth(dweights0, dbiases0);
                        return List.of(Truth.within(truth.y, i -> truth.yBounds[i]));
                    });
        }

        /** The gradient of x is what y receives. */
        Call backward() {
            double[][] dweights0 = doubles(dweights);
            double[][] dbiases0 = biased ? doubles(dbiases) : null;
            Call call = Call.of(w -> HeadNorm.backward(y, dweights[0], dbiases[0], dweights[1], dbiases[1], dy, x, weights[0], weights[1],
                    EPSILON, heads, rows, w)).output("dx", y).output("dquery weight", dweights[0]).output("dkey weight", dweights[1]);
            if (biased) {
                call.output("dquery bias", dbiases[0]).output("dkey bias", dbiases[1]);
            }
            return call.truths(() -> {
                HeadNormTruth truth = truth(dweights0, dbiases0);
                List<Truth> truths = new ArrayList<>();
                truths.add(Truth.within(truth.dx, i -> truth.dxBounds[i]));
                for (int part = 0; part < 2; part++) {
                    double[] bounds = truth.dweightBounds[part];
                    truths.add(Truth.within(truth.dweights[part], i -> bounds[i]));
                }
                for (int part = 0; part < 2 && biased; part++) {
                    double[] bounds = truth.dbiasBounds[part];
                    truths.add(Truth.within(truth.dbiases[part], i -> bounds[i]));
                }
                return truths;
            });
        }
    }
}
