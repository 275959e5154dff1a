package vit.kernels.verify.catalogue;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import vit.kernels.gelu.GeluKind;
import vit.kernels.gelu.GeluReference;
import vit.kernels.gemm.Epilogue;
import vit.kernels.gemm.Gemm;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.gemm.PackedRows;
import vit.kernels.gemm.Storage;
import vit.kernels.linear.Linear;
import vit.kernels.parallel.Workers;
import vit.kernels.tensor.Tensor;

/**
 * Matrix products and the layer made of them. The contract of a product is one chain {@code acc = fma(a[k], b[k], acc)} an output, so a scalar loop of
 * {@link Math#fma(float, float, float)} must be met in every bit.
 */
final class ProductKernels {

    private ProductKernels() {}

    static List<Kernel> all() {
        List<Kernel> kernels = new ArrayList<>();
        kernels.add(new Kernel("gemm", draw -> new Product(draw).call(Epilogue.NONE, (sums, column) -> sums)));
        kernels.add(new Kernel("gemm of bfloat16 weights", draw -> new Product(draw, Storage.BFLOAT16).call(Epilogue.NONE, (sums, column) -> sums)));
        kernels.add(new Kernel("gemm of float16 weights", draw -> new Product(draw, Storage.FLOAT16).call(Epilogue.NONE, (sums, column) -> sums)));
        kernels.add(new Kernel("gemm of int8 weights", draw -> new Product(draw, Storage.INT8).call(Epilogue.NONE, (sums, column) -> sums)));
        kernels.add(new Kernel("gemm packed rows", draw -> new Product(draw).ofPackedRows()));
        for (GeluKind kind : GeluKind.values()) {
            kernels.add(new Kernel("gemm bias gelu " + kind.name().toLowerCase(Locale.ROOT), draw -> new Product(draw).withGelu(kind)));
        }
        kernels.add(new Kernel("gemm bias scale residual", draw -> new Product(draw).withResidual()));
        kernels.add(new Kernel("linear", draw -> new Layer(draw).forward()));
        kernels.add(new Kernel("linear dx", draw -> new Layer(draw).backwardInput()));
        kernels.add(new Kernel("linear dweight dbias", draw -> new Layer(draw).backwardParameters()));
        kernels.add(new Kernel("linear dx dweight dbias", draw -> new Layer(draw).backward()));
        kernels.add(new Kernel("transposed weight", ProductKernels::transposed));
        return kernels;
    }

    /** Σ_i a[i·aStep]·b[i·bStep] as one chain of fma that begins at {@code start}. */
    private static float chain(float start, float[] a, int aFrom, int aStep, float[] b, int bFrom, int bStep, int count) {
        float acc = start;
        for (int i = 0; i < count; i++) {
            acc = Math.fma(a[aFrom + i * aStep], b[bFrom + i * bStep], acc);
        }
        return acc;
    }

    /** The depth of a product. A few random ones are longer than the block of k after which a kernel stores its accumulators. */
    private static int depth(Draw draw) {
        return draw.size(0, 0, 15) == 15 ? draw.size(11, 200, 600) : draw.size(11, 1, 90);
    }

    /** c = a·bᵀ and what an epilogue makes of it. */
    private static final class Product {
        final Draw draw;
        final int m;
        final int n;
        final int k;
        final Tensor a; // (M, K)
        final float[] weight; // (N, K)
        final PackedMatrix b;
        final Tensor c; // (M, N)
        final GemmWorkspace workspace;

        Product(Draw draw) {
            this(draw, Storage.FLOAT32);
        }

        Product(Draw draw, Storage storage) {
            this.draw = draw;
            m = draw.size(7, 1, 40);
            n = draw.size(37, 1, 90);
            k = depth(draw);
            Draw.Fill values = draw.any();
            a = draw.tensor(values, m, k);
            weight = draw.floats(values, n, k);
            b = packed(storage);
            c = draw.tensor(m, n);
            workspace = GemmWorkspace.allocate(draw.arena(), GemmWorkspace.packedInput(m, Math.max(k, n)), draw.mostThreads(), storage.isNarrow());
        }

        /** The packed weight, which becomes one whose elements the storage has. */
        private PackedMatrix packed(Storage storage) {
            if (!storage.isNarrow()) {
                return PackedMatrix.allocate(draw.arena(), n, k).packRows(weight);
            }
            for (int i = 0; storage.isHalf() && i < weight.length; i++) {
                float rounded = storage.rounded(weight[i]);
                weight[i] = Float.isFinite(rounded) ? rounded : Math.copySign(1, rounded);
            }
            PackedMatrix packed = PackedMatrix.pack(draw.arena(), storage, n, k, weight, new float[PackedMatrix.scratch(n, k)], new int[PackedMatrix.wordScratch(n, k)]);
            packed.unpackRows(weight); // as the products of whole numbers and scales are
            return packed;
        }

        float[] sums() {
            float[] left = a.toArray();
            float[] sums = new float[m * n];
            for (int i = 0; i < sums.length; i++) {
                sums[i] = chain(0, left, i / n * k, 1, weight, i % n * k, 1, k);
            }
            return sums;
        }

        Call call(Epilogue epilogue, ElementOf result) {
            return Call.of(w -> Gemm.multiply(c, a, b, epilogue, m, workspace, w)).output("c", c).truths(() -> {
                float[] sums = sums();
                for (int i = 0; i < sums.length; i++) {
                    sums[i] = result.of(sums[i], i);
                }
                return List.of(Truth.exact(sums));
            });
        }

        Call withResidual() {
            Tensor bias = draw.tensor(n);
            Tensor scale = draw.tensor(n);
            Tensor residual = draw.tensor(m, n);
            return call(Epilogue.biasResidual(bias, scale, residual),
                    (sum, i) -> residual.get(i / n, i % n) + (sum + bias.get(0, i % n)) * scale.get(0, i % n));
        }

        /** The input of GELU is exact, so its bound is that of GELU alone. */
        Call withGelu(GeluKind kind) {
            Tensor bias = draw.tensor(n);
            Workers.Task task = w -> Gemm.multiply(c, a, b, Epilogue.biasGelu(bias, kind), m, workspace, w);
            return Call.of(task).output("c", c).truths(() -> {
                double[] x = Doubled.of(sums());
                for (int i = 0; i < x.length; i++) {
                    x[i] = (float) x[i] + bias.get(0, i % n);
                }
                double[] y = new double[x.length];
                GeluReference.forward(y, x, kind);
                return List.of(Truth.within(y, i -> GeluTruth.forwardBound(x[i], y[i], kind)));
            });
        }

        Call ofPackedRows() {
            PackedRows in = PackedRows.allocate(draw.arena(), m, k);
            PackedRows out = PackedRows.allocate(draw.arena(), m, n);
            in.write(a.toDoubles(), m);
            return Call.of(w -> Gemm.multiply(out, in, b, Epilogue.NONE, m, workspace, w)).output("c", out, m)
                    .truths(() -> List.of(Truth.exact(sums())));
        }
    }

    /** What an epilogue makes of sum {@code i}. */
    @FunctionalInterface
    private interface ElementOf {
        float of(float sum, int i);
    }

    /** y = x·Wᵀ + bias and its gradients. */
    private static final class Layer {
        final int m;
        final int n;
        final int k;
        final Tensor x; // (M, K)
        final Tensor y; // (M, N)
        final Tensor dx; // (M, K)
        final Tensor bias; // (N)
        final float[] weight; // (N, K)
        final PackedMatrix packed;
        final PackedMatrix transposed;
        final PackedMatrix dweight;
        final GemmWorkspace workspace;

        Layer(Draw draw) {
            m = draw.size(7, 1, 40);
            n = draw.size(37, 1, 70);
            k = depth(draw);
            x = draw.tensor(m, k);
            y = draw.tensor(m, n);
            dx = draw.tensor(m, k);
            bias = draw.tensor(n);
            weight = draw.floats(n, k);
            packed = PackedMatrix.allocate(draw.arena(), n, k).packRows(weight);
            transposed = PackedMatrix.allocate(draw.arena(), k, n);
            dweight = draw.matrix(n, k);
            workspace = GemmWorkspace.allocateForLayer(draw.arena(), m, n, k, draw.mostThreads());
            draw.prepare(w -> transposed.packTransposed(packed, workspace, w));
        }

        Call forward() {
            Linear layer = Linear.of(packed, Epilogue.bias(bias));
            return Call.of(w -> layer.forward(y, x, m, workspace, w)).output("y", y).truths(() -> {
                float[] in = x.toArray();
                float[] expected = new float[m * n];
                for (int i = 0; i < expected.length; i++) {
                    expected[i] = bias.get(0, i % n) + chain(0, in, i / n * k, 1, weight, i % n * k, 1, k);
                }
                return List.of(Truth.exact(expected));
            });
        }

        /** The upstream gradient is what y holds. */
        Call backwardInput() {
            return Call.of(w -> Linear.backwardInput(dx, y, transposed, m, workspace, w)).output("dx", dx).truths(() -> List.of(inputTruth()));
        }

        private Truth inputTruth() {
            float[] dy = y.toArray();
            float[] expected = new float[m * k];
            for (int i = 0; i < expected.length; i++) {
                expected[i] = chain(0, dy, i / k * n, 1, weight, i % k, k, n);
            }
            return Truth.exact(expected);
        }

        /** All gradients in one call. */
        Call backward() {
            float[] dweight0 = new float[n * k];
            dweight.unpackRows(dweight0);
            float[] dbias0 = bias.toArray();
            Linear layer = Linear.of(packed, Epilogue.NONE);
            return Call.of(w -> layer.backward(dx, dweight, bias, true, y, x, transposed, m, workspace, w)).output("dx", dx).output("dweight", dweight)
                    .output("dbias", bias).truths(() -> List.of(inputTruth(), weightTruth(dweight0), biasTruth(dbias0)));
        }

        Call backwardParameters() {
            float[] dweight0 = new float[n * k];
            dweight.unpackRows(dweight0);
            float[] dbias0 = bias.toArray();
            return Call.of(w -> Linear.backwardParameters(dweight, bias, true, y, x, m, workspace, w)).output("dweight", dweight).output("dbias", bias)
                    .truths(() -> List.of(weightTruth(dweight0), biasTruth(dbias0)));
        }

        private Truth weightTruth(float[] before) {
            float[] dy = y.toArray();
            float[] in = x.toArray();
            float[] expected = new float[n * k];
            for (int i = 0; i < expected.length; i++) {
                expected[i] = chain(before[i], dy, i / k, n, in, i % k, k, m);
            }
            return Truth.exact(expected);
        }

        private Truth biasTruth(float[] before) {
            float[] dy = y.toArray();
            float[] expected = before.clone();
            for (int i = 0; i < m * n; i++) {
                expected[i % n] += dy[i];
            }
            return Truth.exact(expected);
        }
    }

    private static Call transposed(Draw draw) {
        int n = draw.size(37, 1, 90);
        int k = draw.size(11, 1, 90);
        float[] weight = draw.floats(n, k);
        PackedMatrix packed = PackedMatrix.allocate(draw.arena(), n, k).packRows(weight);
        PackedMatrix target = draw.matrix(k, n);
        GemmWorkspace workspace = GemmWorkspace.allocateForLayer(draw.arena(), 1, n, k, draw.mostThreads());
        return Call.of(w -> target.packTransposed(packed, workspace, w)).output("transposed", target).truths(() -> {
            float[] expected = new float[n * k];
            for (int i = 0; i < expected.length; i++) {
                expected[i] = weight[i % n * k + i / n];
            }
            return List.of(Truth.exact(expected));
        });
    }
}
