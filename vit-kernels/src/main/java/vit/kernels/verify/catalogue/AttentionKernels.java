package vit.kernels.verify.catalogue;

import java.util.Arrays;
import java.util.List;
import vit.kernels.attention.Attention;
import vit.kernels.attention.AttentionGradientWorkspace;
import vit.kernels.attention.AttentionWorkspace;
import vit.kernels.gemm.PackedRows;
import vit.kernels.tensor.Tensor;

/** Multi-head attention, forward and backward, with and without a bias, from tensors and from packed rows. */
final class AttentionKernels {

    private AttentionKernels() {}

    static List<Kernel> all() {
        return List.of(
                new Kernel("attention", draw -> new Problem(draw, Bias.NONE).forward()),
                new Kernel("attention packed rows", draw -> new Problem(draw, Bias.NONE).forwardPacked()),
                new Kernel("attention queries", draw -> new Problem(draw, Bias.NONE).forwardQueries()),
                new Kernel("attention backward", draw -> new Problem(draw, Bias.NONE).backward()),
                new Kernel("attention bias", draw -> new Problem(draw, Bias.OF_PAIRS).forward()),
                new Kernel("attention bias backward", draw -> new Problem(draw, Bias.OF_PAIRS).backward()),
                new Kernel("attention key bias", draw -> new Problem(draw, Bias.OF_KEYS).forwardPacked()),
                new Kernel("attention key bias queries", draw -> new Problem(draw, Bias.OF_KEYS).forwardQueries()),
                new Kernel("attention key bias tensors", draw -> new Problem(draw, Bias.OF_KEYS).forward()),
                new Kernel("attention key bias backward", draw -> new Problem(draw, Bias.OF_KEYS).backward()));
    }

    /** What is added to the scores. */
    private enum Bias { NONE, OF_PAIRS, OF_KEYS }

    /** One problem: B images of T tokens, H heads of D. */
    private static final class Problem {
        final Draw draw;
        final int batch;
        final int tokens;
        final int heads;
        final int headDim;
        final int inner;
        final float scale;
        final Tensor qkv; // (B·T, 3·H·D)
        final Tensor bias; // (H·T, T) or null
        final Tensor keyBias; // (B, T) or null
        final Tensor out; // (B·T, H·D)
        final Tensor sums; // (B·H, T)
        final Tensor maps; // (B·H·T, T)
        final AttentionWorkspace workspace;

        Problem(Draw draw, Bias kind) {
            this.draw = draw;
            batch = draw.size(2, 1, 3);
            tokens = draw.size(17, 1, 40);
            heads = draw.size(2, 1, 4);
            headDim = draw.size(11, 1, 37);
            inner = heads * headDim;
            scale = (float) (1 / Math.sqrt(headDim));
            qkv = draw.bounded(-4, 2, batch * tokens, 3 * inner);
            bias = kind == Bias.OF_PAIRS ? draw.bounded(-3, 5, heads * tokens, tokens) : null;
            keyBias = kind == Bias.OF_KEYS ? draw.bounded(-3, 5, batch, tokens) : null;
            out = draw.tensor(batch * tokens, inner);
            sums = draw.dense(batch * heads, tokens);
            maps = draw.dense(batch * heads * tokens, tokens);
            workspace = AttentionWorkspace.allocate(draw.arena(), tokens, headDim, draw.mostThreads());
        }

        Call forward() {
            return Call.of(w -> Attention.forward(out, sums, maps, qkv, bias, keyBias, batch, tokens, heads, scale, workspace, w))
                    .output("out", out).output("log-sum-exp", sums).output("probabilities", maps)
                    .truths(() -> {
                        AttentionTruth[] truths = truths(new double[batch * tokens * inner]);
                        return List.of(
                                joined(truths, t -> t.out, t -> t.outBound),
                                joined(truths, t -> t.logSumExp, t -> t.logSumExpBound),
                                joined(truths, t -> t.maps, t -> t.mapsBound));
                    });
        }

        private PackedRows packedInput() {
            PackedRows packed = PackedRows.allocate(draw.arena(), batch * tokens, 3 * inner);
            packed.write(qkv.toDoubles(), batch * tokens);
            return packed;
        }

        Call forwardPacked() {
            PackedRows in = packedInput();
            PackedRows packedOut = PackedRows.allocate(draw.arena(), batch * tokens, inner);
            return Call.of(w -> Attention.forward(packedOut, in, keyBias, batch, tokens, heads, scale, workspace, w))
                    .output("out", packedOut, batch * tokens)
                    .truths(() -> List.of(joined(truths(new double[batch * tokens * inner]), t -> t.out, t -> t.outBound)));
        }

        /** The first tokens of every image alone. */
        Call forwardQueries() {
            int queries = draw.size(3, 1, tokens);
            PackedRows in = packedInput();
            Tensor query = draw.tensor(batch * queries, 3 * inner);
            Tensor some = draw.tensor(batch * queries, inner);
            for (int row = 0; row < batch * queries; row++) {
                for (int column = 0; column < 3 * inner; column++) {
                    query.set(row, column, qkv.get(row / queries * tokens + row % queries, column));
                }
            }
            return Call.of(w -> Attention.forwardQueries(some, query, in, keyBias, batch, queries, tokens, heads, scale, workspace, w))
                    .output("out", some)
                    .truths(() -> {
                        AttentionTruth[] truths = truths(new double[batch * tokens * inner]);
                        return List.of(joined(truths, t -> Arrays.copyOf(t.out, queries * inner), t -> t.outBound));
                    });
        }

        Call backward() {
            Tensor dout = draw.bounded(0, 0, batch * tokens, inner);
            Tensor dqkv = draw.tensor(batch * tokens, 3 * inner);
            Tensor dbias = bias == null ? null : draw.tensor(heads * tokens, tokens);
            AttentionGradientWorkspace gradients = AttentionGradientWorkspace.allocate(draw.arena(), tokens, headDim, draw.mostThreads());
            draw.prepare(w -> Attention.forward(out, sums, null, qkv, bias, keyBias, batch, tokens, heads, scale, workspace, w));
            Call call = Call.of(w -> Attention.backward(dqkv, dbias, dout, out, sums, qkv, bias, keyBias, batch, tokens, heads, scale, gradients, w))
                    .output("dqkv", dqkv);
            if (bias == null) {
                return call.truths(() -> List.of(joined(truths(dout.toDoubles()), t -> t.dqkv, t -> t.dqkvBound)));
            }
            double[] before = dbias.toDoubles();
            return call.output("dbias", dbias).truths(() -> {
                AttentionTruth[] truths = truths(dout.toDoubles());
                return List.of(joined(truths, t -> t.dqkv, t -> t.dqkvBound), ofBias(truths, before));
            });
        }

        /** The gradient of the bias is summed over the images. */
        private Truth ofBias(AttentionTruth[] truths, double[] before) {
            double[] expected = before.clone();
            double[] bounds = new double[before.length];
            double[] sizes = Doubled.absolute(before);
            for (AttentionTruth truth : truths) {
                for (int i = 0; i < expected.length; i++) {
                    expected[i] += truth.dbias[i];
                    bounds[i] += truth.dbiasBound[i];
                    sizes[i] += Math.abs(truth.dbias[i]) + truth.dbiasBound[i];
                }
            }
            return Truth.within(expected, i -> bounds[i] + Truth.gamma(batch) * sizes[i]);
        }

        /** The truth of each image, for an upstream gradient. */
        private AttentionTruth[] truths(double[] dout) {
            double[] input = qkv.toDoubles();
            double[] ofPairs = bias == null ? null : bias.toDoubles();
            int size = tokens * inner;
            AttentionTruth[] truths = new AttentionTruth[batch];
            for (int b = 0; b < batch; b++) {
                truths[b] = new AttentionTruth(Arrays.copyOfRange(input, b * 3 * size, (b + 1) * 3 * size), keyBias == null ? ofPairs : ofKeys(b),
                        Arrays.copyOfRange(dout, b * size, (b + 1) * size), tokens, heads, headDim, scale);
            }
            return truths;
        }

        /** The bias of an image's keys, for every head and query. */
        private double[] ofKeys(int image) {
            double[] all = new double[heads * tokens * tokens];
            Arrays.setAll(all, i -> keyBias.get(image, i % tokens));
            return all;
        }

        @FunctionalInterface
        private interface Part {
            double[] of(AttentionTruth truth);
        }

        /** A part of the truths of all images, one after the other. */
        private static Truth joined(AttentionTruth[] truths, Part value, Part bound) {
            int size = value.of(truths[0]).length;
            double[] expected = new double[truths.length * size];
            double[] bounds = new double[expected.length];
            for (int b = 0; b < truths.length; b++) {
                System.arraycopy(value.of(truths[b]), 0, expected, b * size, size);
                System.arraycopy(bound.of(truths[b]), 0, bounds, b * size, size);
            }
            return Truth.within(expected, i -> bounds[i]);
        }
    }
}
