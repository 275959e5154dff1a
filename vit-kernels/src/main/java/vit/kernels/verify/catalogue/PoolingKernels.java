package vit.kernels.verify.catalogue;

import java.util.List;
import vit.kernels.pooling.Pooling;
import vit.kernels.pooling.PoolingReference;
import vit.kernels.tensor.Tensor;

/** From tokens to one vector an image: the mean or the maximum over some of them. */
final class PoolingKernels {

    private PoolingKernels() {}

    static List<Kernel> all() {
        return List.of(
                new Kernel("pooling", draw -> new Tokens(draw).mean()),
                new Kernel("pooling backward", draw -> new Tokens(draw).meanBackward()),
                new Kernel("pooling weighted", draw -> new Tokens(draw).weightedMean()),
                new Kernel("pooling weighted backward", draw -> new Tokens(draw).weightedMeanBackward()),
                new Kernel("pooling max", draw -> new Tokens(draw).max()),
                new Kernel("pooling max backward", draw -> new Tokens(draw).maxBackward()));
    }

    private static final class Tokens {
        final Draw draw;
        final int batch;
        final int perImage;
        final int first;
        final int last;
        final int width;
        final Tensor tokens; // (B, T, C)
        final Tensor pooled; // (B, C)

        Tokens(Draw draw) {
            this.draw = draw;
            batch = draw.size(2, 1, 4);
            perImage = draw.size(21, 1, 21);
            first = draw.size(1, 0, perImage - 1);
            last = draw.size(perImage, first + 1, perImage);
            width = draw.columns(93);
            tokens = draw.tensor(draw.moderate(), batch, perImage, width);
            pooled = draw.tensor(batch, width);
        }

        /** n − 1 additions and a division. */
        Call mean() {
            return Call.of(w -> Pooling.forward(pooled, tokens, first, last, batch, perImage, w)).output("pooled", pooled).truths(() -> {
                double[] expected = new double[batch * width];
                double[] sizes = new double[batch * width];
                double[] in = tokens.toDoubles();
                PoolingReference.forward(expected, in, first, last, batch, perImage, width);
                PoolingReference.forward(sizes, Doubled.absolute(in), first, last, batch, perImage, width);
                return List.of(Truth.within(expected, i -> Truth.gamma(last - first) * sizes[i] + Float.MIN_VALUE));
            });
        }

        Call meanBackward() {
            return Call.of(w -> Pooling.backward(tokens, pooled, first, last, batch, perImage, w)).output("dtokens", tokens).truths(() -> {
                double[] expected = new double[batch * perImage * width];
                PoolingReference.backward(expected, pooled.toDoubles(), first, last, batch, perImage, width);
                return List.of(Truth.exact(expected));
            });
        }

        /** n products and additions, n − 1 additions of sizes, and a division. */
        Call weightedMean() {
            Tensor sizes = sizes();
            return Call.of(w -> Pooling.forwardWeighted(pooled, tokens, sizes, first, last, batch, perImage, w)).output("pooled", pooled).truths(() -> {
                double[] expected = new double[batch * width];
                double[] magnitudes = new double[batch * width];
                double[] in = tokens.toDoubles();
                PoolingReference.forwardWeighted(expected, in, sizes.toDoubles(), first, last, batch, perImage, width);
                PoolingReference.forwardWeighted(magnitudes, Doubled.absolute(in), sizes.toDoubles(), first, last, batch, perImage, width);
                return List.of(Truth.within(expected, i -> Truth.gamma(last - first + 1) * magnitudes[i] + (last - first) * (double) Float.MIN_VALUE));
            });
        }

        private Tensor sizes() {
            Tensor sizes = draw.tensor(batch, perImage);
            float[] values = new float[batch * perImage];
            for (int i = 0; i < values.length; i++) {
                values[i] = 1 + draw.random().nextInt(9);
            }
            return sizes.copyFrom(values);
        }

        /** A quotient of sizes, whose sum is exact, and a product. */
        Call weightedMeanBackward() {
            Tensor sizes = sizes();
            return Call.of(w -> Pooling.backwardWeighted(tokens, pooled, sizes, first, last, batch, perImage, w)).output("dtokens", tokens).truths(() -> {
                double[] expected = new double[batch * perImage * width];
                PoolingReference.backwardWeighted(expected, pooled.toDoubles(), sizes.toDoubles(), first, last, batch, perImage, width);
                return List.of(Truth.within(expected, i -> Truth.gamma(2) * Math.abs(expected[i]) + Float.MIN_VALUE));
            });
        }

        Call max() {
            return Call.of(w -> Pooling.forwardMax(pooled, tokens, first, last, batch, perImage, w)).output("pooled", pooled).truths(() -> {
                double[] expected = new double[batch * width];
                PoolingReference.forwardMax(expected, tokens.toDoubles(), first, last, batch, perImage, width);
                return List.of(Truth.within(expected, i -> 0));
            });
        }

        Call maxBackward() {
            Tensor dtokens = draw.tensor(batch, perImage, width);
            return Call.of(w -> Pooling.backwardMax(dtokens, pooled, tokens, first, last, batch, perImage, w)).output("dtokens", dtokens)
                    .truths(() -> {
                        double[] expected = new double[batch * perImage * width];
                        PoolingReference.backwardMax(expected, pooled.toDoubles(), tokens.toDoubles(), first, last, batch, perImage, width);
                        return List.of(Truth.exact(expected));
                    });
        }
    }
}
