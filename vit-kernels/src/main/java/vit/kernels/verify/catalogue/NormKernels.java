package vit.kernels.verify.catalogue;

import java.util.List;
import vit.kernels.gemm.PackedRows;
import vit.kernels.layernorm.LayerNorm;
import vit.kernels.layernorm.LayerNormReference;
import vit.kernels.rmsnorm.RmsNorm;
import vit.kernels.rmsnorm.RmsNormReference;
import vit.kernels.tensor.Tensor;

/** Norms over rows: LayerNorm and RMSNorm. */
final class NormKernels {

    private NormKernels() {}

    static List<Kernel> all() {
        return List.of(
                new Kernel("layernorm", draw -> new Rows(draw).layerNorm()),
                new Kernel("layernorm packed rows", draw -> new Rows(draw).layerNormPacked()),
                new Kernel("layernorm backward", draw -> new Rows(draw).layerNormBackward()),
                new Kernel("rmsnorm", draw -> new Rows(draw).rmsNorm()),
                new Kernel("rmsnorm packed rows", draw -> new Rows(draw).rmsNormPacked()),
                new Kernel("rmsnorm backward", draw -> new Rows(draw).rmsNormBackward()));
    }

    /** The tensors of a norm. */
    private static final class Rows {
        final Draw draw;
        final int rows;
        final int columns;
        final double epsilon;
        final Tensor x; // (rows, C)
        final Tensor y; // (rows, C)
        final Tensor weight; // (C)
        final Tensor bias; // (C)
        final Tensor mean; // (rows)
        final Tensor rstd; // (rows)

        Rows(Draw draw) {
            this.draw = draw;
            rows = draw.size(5, 1, 9);
            columns = draw.columns(93);
            epsilon = draw.choose(1e-6, 1e-12, 1e-6, 1e-5);
            x = draw.tensor(draw.moderate(), rows, columns);
            y = draw.tensor(rows, columns);
            weight = draw.tensor(columns);
            bias = draw.tensor(columns);
            mean = draw.tensor(rows);
            rstd = draw.tensor(rows);
        }

        private LayerNormTruth layerNormTruth() {
            return new LayerNormTruth(x.toDoubles(), weight.toDoubles(), bias.toDoubles(), epsilon);
        }

        private RmsNormTruth rmsNormTruth() {
            return new RmsNormTruth(x.toDoubles(), weight.toDoubles(), epsilon);
        }

        Call layerNorm() {
            return Call.of(w -> LayerNorm.forward(y, mean, rstd, x, weight, bias, epsilon, rows, w))
                    .output("y", y).output("mean", mean).output("rstd", rstd)
                    .truths(() -> {
                        LayerNormTruth truth = layerNormTruth();
                        return List.of(Truth.within(truth.y, truth::yBound), Truth.within(truth.mean, truth::meanBound),
                                Truth.within(truth.rstd, truth::rstdBound));
                    });
        }

        Call layerNormPacked() {
            PackedRows packed = PackedRows.allocate(draw.arena(), rows, columns);
            return Call.of(w -> LayerNorm.forward(packed, x, weight, bias, epsilon, rows, w)).output("y", packed, rows)
                    .truths(() -> {
                        LayerNormTruth truth = layerNormTruth();
                        return List.of(Truth.within(truth.y, truth::yBound));
                    });
        }

        /** Begins with the statistics of a forward pass, whose error is part of the bound. The gradient of x is what y receives. */
        Call layerNormBackward() {
            Tensor dy = draw.tensor(rows, columns);
            Tensor dbias = draw.tensor(columns);
            Tensor dweight = draw.tensor(columns);
            draw.prepare(w -> LayerNorm.forward(y, mean, rstd, x, weight, bias, epsilon, rows, w));
            double[] dweight0 = dweight.toDoubles();
            double[] dbias0 = dbias.toDoubles();
            return Call.of(w -> LayerNorm.backward(y, dweight, dbias, dy, x, mean, rstd, weight, rows, w))
                    .output("dx", y).output("dweight", dweight).output("dbias", dbias)
                    .truths(() -> {
                        LayerNormTruth truth = layerNormTruth();
                        double[] upstream = dy.toDoubles();
                        double[] dx = new double[rows * columns];
                        double[] ofWeight = dweight0.clone();
                        double[] ofBias = dbias0.clone();
                        LayerNormReference.backward(dx, ofWeight, ofBias, upstream, truth.x, truth.mean, truth.rstd, truth.weight, rows);
                        return List.of(Truth.within(dx, i -> truth.inputBound(upstream, i)),
                                Truth.within(ofWeight, c -> truth.weightBound(upstream, dweight0[c], c)),
                                Truth.within(ofBias, c -> truth.biasBound(upstream, dbias0[c], c)));
                    });
        }

        Call rmsNorm() {
            return Call.of(w -> RmsNorm.forward(y, rstd, x, weight, epsilon, rows, w)).output("y", y).output("rstd", rstd)
                    .truths(() -> {
                        RmsNormTruth truth = rmsNormTruth();
                        return List.of(Truth.within(truth.y, truth::yBound), Truth.within(truth.rstd, truth::rstdBound));
                    });
        }

        Call rmsNormPacked() {
            PackedRows packed = PackedRows.allocate(draw.arena(), rows, columns);
            return Call.of(w -> RmsNorm.forward(packed, x, weight, epsilon, rows, w)).output("y", packed, rows)
                    .truths(() -> {
                        RmsNormTruth truth = rmsNormTruth();
                        return List.of(Truth.within(truth.y, truth::yBound));
                    });
        }

        Call rmsNormBackward() {
            Tensor dy = draw.tensor(rows, columns);
            Tensor dweight = draw.tensor(columns);
            draw.prepare(w -> RmsNorm.forward(y, rstd, x, weight, epsilon, rows, w));
            double[] dweight0 = dweight.toDoubles();
            return Call.of(w -> RmsNorm.backward(y, dweight, dy, x, rstd, weight, rows, w)).output("dx", y).output("dweight", dweight)
                    .truths(() -> {
                        RmsNormTruth truth = rmsNormTruth();
                        double[] upstream = dy.toDoubles();
                        double[] dx = new double[rows * columns];
                        double[] ofWeight = dweight0.clone();
                        RmsNormReference.backward(dx, ofWeight, upstream, truth.x, truth.rstd, truth.weight, rows);
                        return List.of(Truth.within(dx, i -> truth.inputBound(upstream, i)),
                                Truth.within(ofWeight, c -> truth.weightBound(upstream, dweight0[c], c)));
                    });
        }
    }
}
