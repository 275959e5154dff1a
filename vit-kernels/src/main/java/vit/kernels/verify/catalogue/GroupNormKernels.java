package vit.kernels.verify.catalogue;

import java.util.List;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.groupnorm.GroupNorm;
import vit.kernels.standardization.WeightStandardization;
import vit.kernels.standardization.WeightStandardizationReference;
import vit.kernels.tensor.Tensor;

/** What normalises convolutions: GroupNorm of their maps, and the standardisation of their weights. */
final class GroupNormKernels {

    private GroupNormKernels() {}

    static List<Kernel> all() {
        return List.of(
                new Kernel("groupnorm", draw -> new Maps(draw).forward()),
                new Kernel("groupnorm backward", draw -> new Maps(draw).backward()),
                new Kernel("weight standardisation", draw -> new Weights(draw).forward()),
                new Kernel("weight standardisation backward", draw -> new Weights(draw).backward()));
    }

    private static final class Maps {
        final int batch;
        final int pixels;
        final int groups;
        final int channels;
        final Draw draw;
        final double epsilon;
        final Tensor x; // (B·P, C)
        final Tensor y; // (B·P, C)
        final Tensor weight; // (C)
        final Tensor bias; // (C)
        final Tensor mean; // (B·G)
        final Tensor rstd; // (B·G)
        final Tensor scratch;

        /** The published sizes: more pixels than a block of the sums, more channels than the part of a block that one worker sums. */
        Maps(Draw draw) {
            this.draw = draw;
            batch = draw.size(2, 1, 3);
            pixels = draw.size(0, 0, 3) == 3 ? draw.size(132, 100, 300) : draw.size(132, 1, 40);
            groups = draw.size(3, 1, 9);
            channels = groups * draw.size(23, 1, 11);
            epsilon = draw.choose(1e-6, 1e-12, 1e-6, 1e-5);
            x = draw.tensor(draw.moderate(), batch * pixels, channels);
            y = draw.tensor(batch * pixels, channels);
            weight = draw.tensor(channels);
            bias = draw.tensor(channels);
            mean = draw.tensor(batch * groups);
            rstd = draw.tensor(batch * groups);
            scratch = draw.tensor(GroupNorm.scratch(channels, batch, pixels));
        }

        Call forward() {
            return Call.of(w -> GroupNorm.forward(y, mean, rstd, x, weight, bias, epsilon, groups, batch, pixels, scratch, w))
                    .output("y", y).output("mean", mean).output("rstd", rstd)
                    .truths(() -> {
                        GroupNormTruth truth = new GroupNormTruth(x.toDoubles(), weight.toDoubles(), bias.toDoubles(), epsilon, groups, batch, pixels);
                        return List.of(Truth.within(truth.y, truth::yBound), Truth.within(truth.mean, truth::meanBound),
                                Truth.within(truth.rstd, truth::rstdBound));
                    });
        }

        /** The statistics are inputs, so they are exact. The gradient of x is what y receives. */
        Call backward() {
            draw.prepare(w -> GroupNorm.forward(y, mean, rstd, x, weight, bias, epsilon, groups, batch, pixels, scratch, w));
            Tensor dy = draw.tensor(batch * pixels, channels);
            Tensor dweight = draw.tensor(channels);
            Tensor dbias = draw.tensor(channels);
            double[] dweight0 = dweight.toDoubles();
            double[] dbias0 = dbias.toDoubles();
            return Call.of(w -> GroupNorm.backward(y, dweight, dbias, dy, x, mean, rstd, weight, groups, batch, pixels, scratch, w))
                    .output("dx", y).output("dweight", dweight).output("dbias", dbias)
                    .truths(() -> {
                        GroupNormTruth.Backward truth = new GroupNormTruth.Backward(dweight0, dbias0, dy.toDoubles(), x.toDoubles(), mean.toDoubles(),
                                rstd.toDoubles(), weight.toDoubles(), groups, batch, pixels);
                        return List.of(Truth.within(truth.dx, i -> truth.dxBound[i]), Truth.within(truth.dweight, c -> truth.dweightBound[c]),
                                Truth.within(truth.dbias, c -> truth.dbiasBound[c]));
                    });
        }
    }

    private static final class Weights {
        private static final double EPSILON = 1e-8;

        final Draw draw;
        final int outputs;
        final int depth;
        final float[] values; // (N, K)
        final PackedMatrix weight;
        final Tensor mean; // (N)
        final Tensor rstd; // (N)

        Weights(Draw draw) {
            this.draw = draw;
            outputs = draw.size(37, 1, 140);
            depth = draw.size(93, 1, 60);
            values = draw.floats(draw.moderate(), outputs, depth);
            weight = PackedMatrix.allocate(draw.arena(), outputs, depth).packRows(values);
            mean = draw.tensor(outputs);
            rstd = draw.tensor(outputs);
        }

        Call forward() {
            PackedMatrix y = draw.matrix(outputs, depth);
            return Call.of(w -> WeightStandardization.forward(y, mean, rstd, weight, EPSILON, w))
                    .output("y", y).output("mean", mean).output("rstd", rstd)
                    .truths(() -> {
                        WeightStandardizationTruth truth = new WeightStandardizationTruth(Doubled.of(values), EPSILON, outputs, depth);
                        return List.of(Truth.within(truth.y, truth::yBound), Truth.within(truth.mean, truth::meanBound),
                                Truth.within(truth.rstd, truth::rstdBound));
                    });
        }

        Call backward() {
            PackedMatrix y = PackedMatrix.allocate(draw.arena(), outputs, depth);
            draw.prepare(w -> WeightStandardization.forward(y, mean, rstd, weight, EPSILON, w));
            float[] upstream = draw.floats(outputs, depth);
            float[] before = draw.floats(outputs, depth);
            PackedMatrix dy = PackedMatrix.allocate(draw.arena(), outputs, depth).packRows(upstream);
            PackedMatrix dweight = PackedMatrix.allocate(draw.arena(), outputs, depth).packRows(before);
            return Call.of(w -> WeightStandardization.backward(dweight, dy, weight, mean, rstd, w)).output("dweight", dweight).truths(() -> {
                double[] expected = Doubled.of(before);
                double[] means = mean.toDoubles();
                double[] roots = rstd.toDoubles();
                WeightStandardizationReference.backward(expected, Doubled.of(upstream), Doubled.of(values), means, roots, outputs, depth);
                double[] bounds = WeightStandardizationTruth.backwardBounds(expected, Doubled.of(before), Doubled.of(upstream), Doubled.of(values),
                        means, roots, depth);
                return List.of(Truth.within(expected, i -> bounds[i]));
            });
        }
    }
}
