package vit.bench.peers;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;
import vit.kernels.gelu.GeluKind;
import vit.model.config.ForwardCost;
import vit.model.config.VitConfig;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;

/**
 * A piece of work that is given to every side of a comparison: its operands, and the number of threads. Matrices are row-major without gaps. Arrays belong to
 * the program and must not be changed. Every kind has a method {@code of} that generates operands, which are the same in every run; tests of a contender can use it.
 */
public sealed interface Work {

    /** The kinds of work. */
    enum Kind {
        /** A model's logits of images: {@link Forward}. */
        FORWARD,
        /** A model's embeddings of images: {@link Forward}. */
        EMBED,
        /** A training step: {@link Training}. */
        TRAIN,
        /** A product of matrices: {@link Gemm}. */
        GEMM,
        /** The norm of every row: {@link LayerNorm}. */
        LAYERNORM,
        /** The softmax of every row: {@link Softmax}. */
        SOFTMAX,
        /** The GELU of every element: {@link Gelu}. */
        GELU,
        /** One vector against many: {@link DotProducts}. */
        DOT;

        /** Whether speed is given as arithmetic per second; otherwise as bytes of the operands per second. */
        boolean isArithmetic() {
            return ordinal() <= GEMM.ordinal();
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Its kind. */
    Kind kind();

    /** Its name in tables: the kind, with the size of the operands where there is no model, for example {@code gemm 197x2304x768}. */
    String name();

    /** The number of threads on every side, the calling one among them. */
    int threads();

    /** Floating-point operations of a call, with a multiply-add counted as two; of work that memory limits, the bytes of all operands, each counted once. */
    double amount();

    /**
     * The forward pass of a Vision Transformer on a batch of images. The result is the logits (B, classes) for {@link Kind#FORWARD}, and the embeddings
     * (B, E) for {@link Kind#EMBED}.
     *
     * @param model   the model's name, for example {@code vit_base_patch16_224}
     * @param weights the configuration and every parameter in float32; {@link vit.model.onnx.OnnxExport} writes it as an ONNX file
     * @param images  (B, channels, height, width), normalised
     * @param batch   B
     */
    record Forward(Kind kind, String model, ParameterSource weights, float[] images, int batch, int threads) implements Work {

        /** Checks the sizes. */
        public Forward {
            VitConfig config = weights.config();
            requireSize("images", images, (long) batch * config.channels() * config.imageHeight() * config.imageWidth());
            if (kind != Kind.FORWARD && kind != Kind.EMBED) {
                throw new IllegalArgumentException("a forward pass is of kind FORWARD or EMBED, not " + kind);
            }
        }

        /** Generated weights and images. */
        public static Forward of(Kind kind, String model, VitConfig config, int batch, int threads) {
            return new Forward(kind, model, new GeneratedWeights(config, 0), generatedImages(config, batch), batch, threads);
        }

        /** The same model on another number of generated images. */
        Forward withBatch(int images) {
            return new Forward(kind, model, weights, generatedImages(weights.config(), images), images, threads);
        }

        /** The number of results for one image. */
        public int width() {
            VitConfig config = weights.config();
            return kind == Kind.EMBED ? config.embeddingWidth() : config.classes();
        }

        @Override
        public String name() {
            return kind.toString();
        }

        @Override
        public double amount() {
            return ForwardCost.of(weights.config()).flops() * batch;
        }
    }

    /**
     * A training step: the mean cross-entropy of a batch and its gradients, and an AdamW step if {@code update} is true. The result is the gradients of the
     * parameters {@link #compared} in the first step, one after the other. The learning rate is so small that the weights stay practically the same while the
     * step is repeated.
     *
     * @param model   the model's name
     * @param weights with which every side starts
     * @param images  (B, channels, height, width), normalised
     * @param labels  (B), classes
     * @param batch   B
     * @param update  whether the step ends with AdamW, at rate {@link #RATE} and weight decay {@link #WEIGHT_DECAY}
     */
    record Training(String model, ParameterSource weights, float[] images, int[] labels, int batch, boolean update, int threads) implements Work {

        /** The learning rate. */
        public static final float RATE = 1e-6f;

        /** AdamW's weight decay. */
        public static final float WEIGHT_DECAY = 0.05f;

        /** In units of the forward pass. The backward pass is twice as much: every product has a gradient of its input and one of its weight. */
        private static final double PASSES = 3;

        /** Checks the sizes. */
        public Training {
            VitConfig config = weights.config();
            requireSize("images", images, (long) batch * config.channels() * config.imageHeight() * config.imageWidth());
            if (labels.length != batch) {
                throw new IllegalArgumentException("labels has " + labels.length + " elements instead of " + batch);
            }
        }

        /** Generated weights, images and labels. */
        public static Training of(String model, VitConfig config, int batch, boolean update, int threads) {
            int[] labels = new int[batch];
            for (int i = 0; i < batch; i++) {
                labels[i] = i * 7 % config.classes();
            }
            return new Training(model, new GeneratedWeights(config, 0), generatedImages(config, batch), labels, batch, update, threads);
        }

        /** What a step is, in words. */
        public String step() {
            return update ? "forward+backward+AdamW" : "forward+backward";
        }

        /** The parameters whose gradients are compared, in this order: the class token, the first projection, the head. */
        public List<Parameter> compared() {
            Parameters parameters = Parameters.of(weights.config());
            return Stream.of(Parameters.CLASS_TOKEN, Parameters.block(0, Parameters.QKV) + ".weight", Parameters.HEAD + ".weight")
                    .map(parameters::find).toList();
        }

        /** The number of results. */
        public int size() {
            return compared().stream().mapToInt(parameter -> Math.toIntExact(parameter.shape().size())).sum();
        }

        @Override
        public Kind kind() {
            return Kind.TRAIN;
        }

        @Override
        public String name() {
            return "train";
        }

        @Override
        public double amount() {
            return PASSES * ForwardCost.of(weights.config()).flops() * batch;
        }
    }

    /**
     * C = A·Bᵀ, which is a linear layer without bias on M tokens. The result is C (M, N). The weight B may be laid out in another form in preparing; A may
     * not, since it changes from call to call.
     *
     * @param m rows of A and C
     * @param n rows of B, columns of C
     * @param k columns of A and B
     * @param a (M, K)
     * @param b (N, K)
     */
    record Gemm(int m, int n, int k, float[] a, float[] b, int threads) implements Work {

        /** Checks the sizes. */
        public Gemm {
            requireSize("a", a, (long) m * k);
            requireSize("b", b, (long) n * k);
        }

        /** Generated operands. */
        public static Gemm of(int m, int n, int k, int threads) {
            return new Gemm(m, n, k, generated("a", m * k, 1.7), generated("b", n * k, Math.sqrt(3.0 / k)), threads);
        }

        @Override
        public Kind kind() {
            return Kind.GEMM;
        }

        @Override
        public String name() {
            return "gemm " + m + "x" + n + "x" + k;
        }

        @Override
        public double amount() {
            return 2.0 * m * n * k;
        }
    }

    /**
     * LayerNorm: every row of X minus its mean, divided by √(variance + ε), times a weight, plus a bias. The result is (rows, columns).
     *
     * @param x       (rows, columns)
     * @param weight  (columns)
     * @param bias    (columns)
     * @param epsilon ε
     */
    record LayerNorm(int rows, int columns, float[] x, float[] weight, float[] bias, float epsilon, int threads) implements Work {

        /** Checks the sizes. */
        public LayerNorm {
            requireSize("x", x, (long) rows * columns);
            requireSize("weight", weight, columns);
            requireSize("bias", bias, columns);
        }

        /** Generated operands. */
        public static LayerNorm of(int rows, int columns, int threads) {
            return new LayerNorm(rows, columns, generated("x", rows * columns, 1.7), generated("weight", columns, 1.7), generated("bias", columns, 1), 1e-6f,
                    threads);
        }

        @Override
        public Kind kind() {
            return Kind.LAYERNORM;
        }

        @Override
        public String name() {
            return "layernorm " + rows + "x" + columns;
        }

        @Override
        public double amount() {
            return 2.0 * Float.BYTES * rows * columns;
        }
    }

    /**
     * Softmax of every row. The result is (rows, columns).
     *
     * @param x (rows, columns)
     */
    record Softmax(int rows, int columns, float[] x, int threads) implements Work {

        /** Checks the sizes. */
        public Softmax {
            requireSize("x", x, (long) rows * columns);
        }

        /** Generated operands. */
        public static Softmax of(int rows, int columns, int threads) {
            return new Softmax(rows, columns, generated("x", rows * columns, 4), threads);
        }

        @Override
        public Kind kind() {
            return Kind.SOFTMAX;
        }

        @Override
        public String name() {
            return "softmax " + rows + "x" + columns;
        }

        @Override
        public double amount() {
            return 2.0 * Float.BYTES * rows * columns;
        }
    }

    /**
     * GELU of every element. The result is (rows, columns).
     *
     * @param form the form of GELU; the erf form is x·Φ(x)
     * @param x    (rows, columns)
     */
    record Gelu(GeluKind form, int rows, int columns, float[] x, int threads) implements Work {

        /** Checks the sizes. */
        public Gelu {
            Objects.requireNonNull(form, "form");
            requireSize("x", x, (long) rows * columns);
        }

        /** Generated operands. */
        public static Gelu of(GeluKind form, int rows, int columns, int threads) {
            return new Gelu(form, rows, columns, generated("x", rows * columns, 3), threads);
        }

        @Override
        public Kind kind() {
            return Kind.GELU;
        }

        @Override
        public String name() {
            return "gelu-" + form.name().toLowerCase(Locale.ROOT) + " " + rows + "x" + columns;
        }

        @Override
        public double amount() {
            return 2.0 * Float.BYTES * rows * columns;
        }
    }

    /**
     * The dot products of one vector with many, as a search by embedding computes them. The result is (count). The many may be laid out in another form in
     * preparing; the one may not.
     *
     * @param count   the number of vectors
     * @param width   their length
     * @param query   (width)
     * @param vectors (count, width)
     */
    record DotProducts(int count, int width, float[] query, float[] vectors, int threads) implements Work {

        /** Checks the sizes. */
        public DotProducts {
            requireSize("query", query, width);
            requireSize("vectors", vectors, (long) count * width);
        }

        /** Generated operands. */
        public static DotProducts of(int count, int width, int threads) {
            return new DotProducts(count, width, generated("query", width, 1), generated("vectors", count * width, 1), threads);
        }

        @Override
        public Kind kind() {
            return Kind.DOT;
        }

        @Override
        public String name() {
            return "dot " + count + "x" + width;
        }

        @Override
        public double amount() {
            return (double) Float.BYTES * (count + 1.0) * width;
        }
    }

    private static float[] generatedImages(VitConfig config, int batch) {
        return generated("images", batch * config.channels() * config.imageHeight() * config.imageWidth(), 1.7);
    }

    private static float[] generated(String name, int size, double scale) {
        float[] values = new float[size];
        new GeneratedWeights(VitConfig.builder().build(), 0).fill(values, size, name, scale, 0);
        return values;
    }

    private static void requireSize(String name, float[] array, long size) {
        if (array.length != size) {
            throw new IllegalArgumentException(name + " has " + array.length + " elements instead of " + size);
        }
    }
}
