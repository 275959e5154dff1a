package vit.kernels.contract;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32;
import jdk.incubator.vector.FloatVector;
import vit.kernels.attention.Attention;
import vit.kernels.attention.AttentionGradientWorkspace;
import vit.kernels.attention.AttentionWorkspace;
import vit.kernels.attention.BiasIndex;
import vit.kernels.attention.RelativeBias;
import vit.kernels.convolution.Convolution;
import vit.kernels.convolution.Window;
import vit.kernels.dropout.Dropout;
import vit.kernels.dropout.StochasticDepth;
import vit.kernels.gelu.Gelu;
import vit.kernels.gelu.GeluKind;
import vit.kernels.gemm.Epilogue;
import vit.kernels.gemm.Gemm;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.gemm.PackedRows;
import vit.kernels.groupnorm.GroupNorm;
import vit.kernels.headnorm.HeadNorm;
import vit.kernels.layernorm.LayerNorm;
import vit.kernels.linear.Linear;
import vit.kernels.loss.CrossEntropy;
import vit.kernels.maxpool.MaxPool;
import vit.kernels.optim.Adam;
import vit.kernels.optim.GradientNorm;
import vit.kernels.optim.Sgd;
import vit.kernels.optim.WeightAverage;
import vit.kernels.parallel.Workers;
import vit.kernels.patchembed.PatchEmbed;
import vit.kernels.patchembed.PatchOrder;
import vit.kernels.pooling.Pooling;
import vit.kernels.relu.Relu;
import vit.kernels.residual.Residual;
import vit.kernels.rmsnorm.RmsNorm;
import vit.kernels.rotary.Rotary;
import vit.kernels.rotary.RotaryKind;
import vit.kernels.simd.Erf;
import vit.kernels.simd.Exp;
import vit.kernels.simd.Log;
import vit.kernels.simd.Simd;
import vit.kernels.simd.Tanh;
import vit.kernels.softmax.Softmax;
import vit.kernels.standardization.WeightStandardization;
import vit.kernels.swiglu.SwiGlu;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.kernels.verify.Teams;

/**
 * Prints for {@link KernelBitsTest} a line {@code kernel NAME: HASH} for every kernel on standard error. The hash is that of its outputs. It must be
 * the same for every team of 1 to {@link Teams#LARGEST} workers and at every call.
 */
final class KernelBitsProbe {

    // Each size contains whole vectors, blocks of 16 and tiles, but is no multiple of any of them. The remainder after the last block of 16 is longer
    // than a vector of 128 or 256 bits.
    private static final int BATCH = 2;
    private static final int TOKENS = 21;
    private static final int PATCHES = 20;
    private static final int PATCH = 3;
    private static final int WIDTH = 93;
    private static final int SEQUENCE = 17;
    private static final int HEADS = 2;
    private static final int HEAD_DIM = 11;
    private static final int ROWS = 5;
    private static final int M = 7;
    private static final int N = 37;
    private static final int K = 11;
    private static final double EPSILON = 1e-6;

    /** Memory that a kernel writes: what it holds before every call, and what is hashed after it. */
    private interface State {
        float[] read();

        void write(float[] values);

        static State of(Tensor tensor) {
            return new State() {
                @Override
                public float[] read() {
                    return tensor.toArray();
                }

                @Override
                public void write(float[] values) {
                    tensor.copyFrom(values);
                }
            };
        }

        /** The elements row by row, because the packed layout depends on the vector width. */
        static State of(PackedMatrix matrix) {
            return new State() {
                @Override
                public float[] read() {
                    float[] values = new float[matrix.outputs() * matrix.depth()];
                    matrix.unpackRows(values);
                    return values;
                }

                @Override
                public void write(float[] values) {
                    matrix.packRows(values);
                }
            };
        }

        /** A norm in double, whose bits are spread over three floats. */
        static State of(GradientNorm norm) {
            return new State() {
                @Override
                public float[] read() {
                    double value = norm.value();
                    float high = (float) value;
                    float middle = (float) (value - high);
                    return new float[] {high, middle, (float) (value - high - middle)};
                }

                @Override
                public void write(float[] values) {
                    // measured anew by every call
                }
            };
        }
    }

    private record Kernel(Workers.Task task, List<State> states) {}

    private final Map<String, Kernel> kernels = new LinkedHashMap<>();
    private final TensorArena arena;
    private final SplittableRandom random = new SplittableRandom(11);

    private KernelBitsProbe(TensorArena arena) {
        this.arena = arena;
        products();
        attention();
        queriesAndKeys();
        rows();
        elements();
        images();
        featureMaps();
        groupNorm();
        weightStandardization();
        losses();
        optimisers();
    }

    /**
     * @param arguments the number of calls of each kernel with each team, and optionally a file for the outputs themselves
     */
    public static void main(String[] arguments) throws IOException {
        int calls = Integer.parseInt(arguments[0]);
        OutputStream target =
                arguments.length > 1 ? Files.newOutputStream(Path.of(arguments[1])) : OutputStream.nullOutputStream();
        try (TensorArena arena = TensorArena.open();
                DataOutputStream out = new DataOutputStream(new BufferedOutputStream(target))) {
            for (Map.Entry<String, Kernel> entry : new KernelBitsProbe(arena).kernels.entrySet()) {
                System.err.println(line(entry.getKey(), entry.getValue(), calls));
                write(out, entry.getKey(), entry.getValue().states);
            }
        }
    }

    private static void write(DataOutputStream out, String name, List<State> states) throws IOException {
        for (int i = 0; i < states.size(); i++) {
            float[] values = states.get(i).read();
            out.writeUTF(name + ", output " + i);
            out.writeInt(values.length);
            for (float value : values) {
                out.writeFloat(value);
            }
        }
    }

    private static String line(String name, Kernel kernel, int calls) {
        List<float[]> before = kernel.states.stream().map(State::read).toList();
        long untouched = hash(kernel.states);
        long first = 0;
        for (int call = 0; call < calls; call++) {
            for (int threads = 1; threads <= Teams.LARGEST; threads++) {
                for (int i = 0; i < before.size(); i++) {
                    kernel.states.get(i).write(before.get(i));
                }
                Teams.run(threads, kernel.task);
                long hash = hash(kernel.states);
                if (call == 0 && threads == 1) {
                    first = hash;
                    if (hash == untouched) {
                        return "kernel " + name + ": differs in nothing from what was there before";
                    }
                } else if (hash != first) {
                    return "kernel " + name + ": differs at " + threads + " threads, call " + (call + 1);
                }
            }
        }
        return "kernel " + name + ": " + Long.toHexString(first);
    }

    private static long hash(List<State> states) {
        CRC32 crc = new CRC32();
        for (State state : states) {
            for (float value : state.read()) {
                int bits = Float.floatToIntBits(value);
                for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
                    crc.update(bits >>> shift);
                }
            }
        }
        return crc.getValue();
    }

    private void add(String name, Workers.Task task, Tensor... outputs) {
        List<State> states = new ArrayList<>();
        for (Tensor output : outputs) {
            states.add(State.of(output));
        }
        kernels.put(name, new Kernel(task, states));
    }

    /** Random values of both signs and of sizes 2⁻⁴ to 2². */
    private Tensor tensor(int... dimensions) {
        Tensor tensor = arena.allocate(dimensions);
        return tensor.copyFrom(values((int) tensor.shape().size()));
    }

    private float[] values(int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) Math.scalb(random.nextDouble() * 2 - 1, random.nextInt(7) - 4);
        }
        return values;
    }

    private PackedMatrix matrix(int outputs, int depth) {
        return PackedMatrix.allocate(arena, outputs, depth).packRows(values(outputs * depth));
    }

    private void products() {
        Tensor a = tensor(M, K);
        Tensor c = tensor(M, N);
        Tensor dc = tensor(M, N);
        Tensor da = tensor(M, K);
        Tensor bias = tensor(N);
        Tensor dbias = tensor(N);
        PackedMatrix b = matrix(N, K);
        PackedMatrix db = matrix(N, K);
        PackedMatrix transposed = PackedMatrix.allocate(arena, K, N);
        Teams.run(1, w -> transposed.packTransposed(b, w));
        int rows = Math.max(Math.max(GemmWorkspace.packedRows(M, K), GemmWorkspace.packedRows(M, N)),
                GemmWorkspace.packedRows(K, M));
        GemmWorkspace workspace =
                GemmWorkspace.allocateForTraining(arena, rows, GemmWorkspace.packedPanels(N, M), Teams.LARGEST);
        Map<String, Epilogue> epilogues = new LinkedHashMap<>();
        epilogues.put("gemm", Epilogue.NONE);
        for (GeluKind kind : GeluKind.values()) {
            epilogues.put("gemm bias gelu " + kind.name().toLowerCase(Locale.ROOT), Epilogue.biasGelu(bias, kind));
        }
        epilogues.put("gemm bias scale residual", Epilogue.biasResidual(bias, tensor(N), tensor(M, N)));
        epilogues.forEach((name, epilogue) -> add(name, w -> Gemm.multiply(c, a, b, epilogue, M, workspace, w), c));
        Linear layer = Linear.of(b, Epilogue.bias(bias));
        add("linear", w -> layer.forward(c, a, M, workspace, w), c);
        add("linear dx", w -> Linear.backwardInput(da, dc, transposed, M, workspace, w), da);
        kernels.put("linear dweight dbias", new Kernel(
                w -> Linear.backwardParameters(db, dbias, dc, a, M, workspace, w), List.of(State.of(db), State.of(dbias))));
        PackedMatrix target = matrix(K, N);
        kernels.put("transposed weight", new Kernel(w -> target.packTransposed(b, w), List.of(State.of(target))));
    }

    private void attention() {
        int inner = HEADS * HEAD_DIM;
        Tensor qkv = tensor(BATCH * SEQUENCE, 3 * inner);
        Tensor dqkv = tensor(BATCH * SEQUENCE, 3 * inner);
        Tensor out = tensor(BATCH * SEQUENCE, inner);
        Tensor dout = tensor(BATCH * SEQUENCE, inner);
        Tensor sums = tensor(BATCH * HEADS, SEQUENCE);
        Tensor maps = tensor(BATCH * HEADS * SEQUENCE, SEQUENCE);
        AttentionWorkspace forward = AttentionWorkspace.allocate(arena, SEQUENCE, HEAD_DIM, Teams.LARGEST);
        AttentionGradientWorkspace backward = AttentionGradientWorkspace.allocate(arena, SEQUENCE, HEAD_DIM, Teams.LARGEST);
        add("attention", w -> Attention.forward(out, sums, maps, qkv, BATCH, SEQUENCE, HEADS, 0.25f, forward, w), out, sums, maps);
        PackedRows packed = PackedRows.allocate(arena, BATCH * SEQUENCE, 3 * inner);
        PackedRows packedOut = PackedRows.allocate(arena, BATCH * SEQUENCE, inner);
        Tensor gathered = tensor(BATCH * SEQUENCE, inner);
        add("attention of packed rows", w -> {
            if (w.isFirst()) {
                packed.write(qkv.toDoubles(), BATCH * SEQUENCE);
            }
            w.barrier();
            Attention.forward(packedOut, packed, BATCH, SEQUENCE, HEADS, 0.25f, forward, w);
            w.barrier();
            if (w.isFirst()) {
                gathered.copyFrom(packedOut.read(BATCH * SEQUENCE));
            }
        }, gathered);
        add("attention backward", w -> {
            Attention.forward(out, sums, null, qkv, BATCH, SEQUENCE, HEADS, 0.25f, forward, w);
            w.barrier();
            Attention.backward(dqkv, dout, out, sums, qkv, BATCH, SEQUENCE, HEADS, 0.25f, backward, w);
        }, dqkv);
        biasedAttention(qkv, dout, forward, backward);
    }

    private void biasedAttention(Tensor qkv, Tensor dout, AttentionWorkspace forward, AttentionGradientWorkspace backward) {
        Tensor dqkv = tensor(BATCH * SEQUENCE, 3 * HEADS * HEAD_DIM);
        Tensor out = tensor(BATCH * SEQUENCE, HEADS * HEAD_DIM);
        Tensor sums = tensor(BATCH * HEADS, SEQUENCE);
        Tensor maps = tensor(BATCH * HEADS * SEQUENCE, SEQUENCE);
        Tensor bias = tensor(HEADS * SEQUENCE, SEQUENCE);
        Tensor gathered = tensor(HEADS * SEQUENCE, SEQUENCE);
        Tensor dbias = tensor(HEADS * SEQUENCE, SEQUENCE);
        Tensor table = tensor(WIDTH, HEADS);
        Tensor dtable = tensor(WIDTH, HEADS);
        BiasIndex index = BiasIndex.of(random.ints(SEQUENCE * SEQUENCE, 0, WIDTH).toArray(), SEQUENCE, WIDTH);
        add("attention with bias, forward and backward", w -> {
            Attention.forward(out, sums, maps, qkv, bias, BATCH, SEQUENCE, HEADS, 0.25f, forward, w);
            w.barrier();
            Attention.backward(dqkv, dbias, dout, out, sums, qkv, bias, BATCH, SEQUENCE, HEADS, 0.25f, backward, w);
        }, out, sums, maps, dqkv, dbias);
        add("relative bias", w -> RelativeBias.gather(gathered, table, index, w), gathered);
        add("relative bias backward", w -> RelativeBias.scatter(dtable, bias, index, w), dtable);
    }

    private void queriesAndKeys() {
        int tokens = 4;
        int headDim = 46; // halves of whole vectors and a remainder
        Tensor qkv = tensor(BATCH * tokens, 3 * HEADS * headDim);
        Tensor cos = tensor(tokens - 1, headDim);
        Tensor sin = tensor(tokens - 1, headDim);
        for (RotaryKind kind : RotaryKind.values()) {
            add("rotary " + kind, w -> Rotary.forward(qkv, cos, sin, kind, BATCH, tokens, HEADS, w), qkv);
            add("rotary backward " + kind, w -> Rotary.backward(qkv, cos, sin, kind, BATCH, tokens, HEADS, w), qkv);
        }
        int rows = BATCH * tokens;
        Tensor y = tensor(rows, 3 * HEADS * headDim);
        Tensor dx = tensor(rows, 3 * HEADS * headDim);
        Tensor weight = tensor(headDim);
        Tensor bias = tensor(headDim);
        Tensor[] d = {tensor(headDim), tensor(headDim), tensor(headDim), tensor(headDim)};
        add("headnorm", w -> HeadNorm.forward(y, qkv, weight, bias, bias, weight, EPSILON, HEADS, rows, w), y);
        add("headnorm backward", w -> HeadNorm.backward(
                dx, d[0], d[1], d[2], d[3], y, qkv, weight, bias, EPSILON, HEADS, rows, w), dx, d[0], d[1], d[2], d[3]);
        add("headnorm without bias", w -> HeadNorm.forward(y, qkv, weight, null, bias, null, EPSILON, HEADS, rows, w), y);
        add("headnorm without bias backward", w -> HeadNorm.backward(
                dx, d[0], null, d[2], null, y, qkv, weight, bias, EPSILON, HEADS, rows, w), dx, d[0], d[2]);
    }

    private void rows() {
        Tensor x = tensor(ROWS, WIDTH);
        Tensor y = tensor(ROWS, WIDTH);
        Tensor dy = tensor(ROWS, WIDTH);
        Tensor dx = tensor(ROWS, WIDTH);
        Tensor weight = tensor(WIDTH);
        Tensor bias = tensor(WIDTH);
        Tensor dweight = tensor(WIDTH);
        Tensor dbias = tensor(WIDTH);
        Tensor mean = tensor(ROWS);
        Tensor rstd = tensor(ROWS);
        add("layernorm", w -> LayerNorm.forward(y, mean, rstd, x, weight, bias, EPSILON, ROWS, w), y, mean, rstd);
        Tensor savedMean = arena.allocate(ROWS);
        Tensor savedRstd = arena.allocate(ROWS);
        Teams.run(1, w -> LayerNorm.forward(dx, savedMean, savedRstd, x, weight, bias, EPSILON, ROWS, w));
        add("layernorm backward", w -> LayerNorm.backward(dx, dweight, dbias, dy, x, savedMean, savedRstd, weight, ROWS, w),
                dx, dweight, dbias);
        add("rmsnorm", w -> RmsNorm.forward(y, rstd, x, weight, EPSILON, ROWS, w), y, rstd);
        Tensor savedRoot = arena.allocate(ROWS);
        Teams.run(1, w -> RmsNorm.forward(dx, savedRoot, x, weight, EPSILON, ROWS, w));
        add("rmsnorm backward", w -> RmsNorm.backward(dx, dweight, dy, x, savedRoot, weight, ROWS, w), dx, dweight);
        PackedRows packed = PackedRows.allocate(arena, ROWS, WIDTH);
        Tensor gathered = tensor(ROWS, WIDTH);
        add("rmsnorm packed", w -> {
            RmsNorm.forward(packed, x, weight, EPSILON, ROWS, w);
            w.barrier();
            if (w.isFirst()) {
                gathered.copyFrom(packed.read(ROWS));
            }
        }, gathered);
        add("softmax", w -> Softmax.forward(y, x, ROWS, w), y);
        Tensor probabilities = arena.allocate(ROWS, WIDTH);
        Teams.run(1, w -> Softmax.forward(probabilities, x, ROWS, w));
        add("softmax backward", w -> Softmax.backward(dx, dy, probabilities, ROWS, w), dx);
    }

    private void elements() {
        Tensor x = tensor(ROWS, WIDTH);
        Tensor y = tensor(ROWS, WIDTH);
        Tensor dy = tensor(ROWS, WIDTH);
        Tensor gamma = tensor(WIDTH);
        Tensor dgamma = tensor(WIDTH);
        for (GeluKind kind : GeluKind.values()) {
            add("gelu " + kind, w -> Gelu.forward(y, x, kind, ROWS, w), y);
            add("gelu backward " + kind, w -> Gelu.backward(y, dy, x, kind, ROWS, w), y);
        }
        Tensor halves = tensor(ROWS, 2 * WIDTH);
        Tensor dhalves = tensor(ROWS, 2 * WIDTH);
        PackedRows packed = PackedRows.allocate(arena, ROWS, WIDTH);
        Tensor gathered = tensor(ROWS, WIDTH);
        add("swiglu", w -> SwiGlu.forward(y, halves, ROWS, w), y);
        add("swiglu packed", w -> {
            SwiGlu.forward(packed, halves, ROWS, w);
            w.barrier();
            if (w.isFirst()) {
                gathered.copyFrom(packed.read(ROWS));
            }
        }, gathered);
        add("swiglu backward", w -> SwiGlu.backward(dhalves, dy, halves, ROWS, w), dhalves);
        add("relu", w -> Relu.forward(y, x, ROWS, w), y);
        add("relu of a sum", w -> Relu.forwardSum(y, x, dy, ROWS, w), y);
        add("relu backward", w -> Relu.backward(y, dy, x, ROWS, w), y);
        add("residual", w -> Residual.add(y, x, dy, ROWS, w), y);
        add("residual scaled", w -> Residual.addScaled(y, x, dy, gamma, ROWS, w), y);
        add("residual scaled backward", w -> Residual.addScaledBackward(y, dgamma, dy, x, gamma, ROWS, w), y, dgamma);
        add("dropout", w -> Dropout.apply(y, x, 0.3, 5, 6, 7, ROWS, w), y);
        add("stochastic depth", w -> StochasticDepth.apply(y, x, 0.5, 5, 6, 7, ROWS, 1, w), y);
        elementary("exp", Exp::of, Exp::of);
        elementary("erf", Erf::of, Erf::of);
        elementary("tanh", Tanh::of, Tanh::of);
        elementary("log", x0 -> x0, Log::of);
    }

    @FunctionalInterface
    private interface Scalar {
        float of(float x);
    }

    /** Applies a function to floats of all signs and sizes: the vector form in the first row, the scalar form in the second. */
    private void elementary(String name, UnaryOperator<FloatVector> vector, Scalar scalar) {
        int n = 25 * Simd.VIRTUAL_LANES;
        Tensor x = arena.allocate(n);
        Tensor y = tensor(2, n);
        for (int i = 0; i < n; i++) {
            x.set(0, i, Float.intBitsToFloat(random.nextInt()));
        }
        add(name, w -> {
            for (int i = w.from(n / Simd.LANES) * Simd.LANES; i < w.to(n / Simd.LANES) * Simd.LANES; i++) {
                y.set(1, i, scalar.of(x.get(0, i)));
                if (i % Simd.LANES == 0) {
                    vector.apply(FloatVector.fromMemorySegment(Simd.SPECIES, x.segment(), (long) i * Float.BYTES, Simd.ORDER))
                            .intoMemorySegment(y.segment(), (long) i * Float.BYTES, Simd.ORDER);
                }
            }
        }, y);
    }

    private void images() {
        Tensor images = tensor(BATCH, 3, 4 * PATCH, 5 * PATCH);
        Tensor target = tensor(BATCH, 3, 4 * PATCH, 5 * PATCH);
        Tensor patches = tensor(BATCH * PATCHES, 3 * PATCH * PATCH);
        Tensor dpatches = tensor(BATCH * PATCHES, 3 * PATCH * PATCH);
        Tensor projected = tensor(BATCH * PATCHES, WIDTH);
        Tensor tokens = tensor(BATCH, TOKENS, WIDTH);
        Tensor prefix = tensor(1, WIDTH);
        Tensor positions = tensor(TOKENS, WIDTH);
        Tensor pooled = tensor(BATCH, WIDTH);
        for (PatchOrder order : PatchOrder.values()) {
            add("patchify " + order, w -> PatchEmbed.patchify(patches, images, PATCH, order, BATCH, w), patches);
            add("unpatchify " + order, w -> PatchEmbed.unpatchify(target, dpatches, PATCH, order, BATCH, w), target);
        }
        add("assemble", w -> PatchEmbed.assemble(tokens, projected, prefix, positions, 1, BATCH, PATCHES, w), tokens);
        add("assemble backward",
                w -> PatchEmbed.assembleBackward(projected, prefix, positions, tokens, 1, BATCH, 1, PATCHES, w),
                projected, prefix, positions);
        Tensor columns = tensor(5, WIDTH / 2);
        Tensor rows = tensor(4, WIDTH / 2);
        Tensor joined = tensor(PATCHES, WIDTH / 2 * 2);
        add("join axes", w -> PatchEmbed.joinAxes(joined, columns, rows, w), joined);
        Tensor halves = tensor(BATCH, TOKENS, WIDTH / 2 * 2);
        add("join axes backward", w -> PatchEmbed.joinAxesBackward(columns, rows, halves, BATCH, 1, w), columns, rows);
        add("pooling", w -> Pooling.forward(pooled, tokens, 1, TOKENS, BATCH, TOKENS, w), pooled);
        add("pooling backward", w -> Pooling.backward(tokens, pooled, 1, TOKENS, BATCH, TOKENS, w), tokens);
        add("pooling max", w -> Pooling.forwardMax(pooled, tokens, 1, TOKENS, BATCH, TOKENS, w), pooled);
        Tensor dtokens = arena.allocate(BATCH, TOKENS, WIDTH);
        add("pooling max backward", w -> Pooling.backwardMax(dtokens, pooled, tokens, 1, TOKENS, BATCH, TOKENS, w), dtokens);
    }

    private void featureMaps() {
        int height = 5;
        int width = 6;
        int channels = 37;
        Window window = new Window(3, 2);
        Tensor images = tensor(BATCH, 3, height, width);
        Tensor dimages = tensor(BATCH, 3, height, width);
        Tensor colours = tensor(BATCH * height * width, 3);
        Tensor x = tensor(BATCH * height * width, channels);
        Tensor y = tensor(BATCH * height * width, channels);
        Tensor windows = tensor(BATCH * window.outputs(height) * window.outputs(width), window.pixels() * channels);
        Tensor dwindows = tensor(windows.rows(), windows.columns());
        add("channels last", w -> Convolution.channelsLast(colours, images, BATCH, w), colours);
        add("channels first", w -> Convolution.channelsFirst(dimages, colours, BATCH, w), dimages);
        add("unfold", w -> Convolution.unfold(windows, x, window, height, width, BATCH, w), windows);
        add("fold", w -> Convolution.fold(y, dwindows, window, height, width, BATCH, w), y);
        Tensor pooled = tensor(windows.rows(), channels);
        Tensor index = tensor(windows.rows(), channels);
        add("max pool", w -> MaxPool.forward(pooled, index, x, window, height, width, BATCH, w), pooled, index);
        Tensor alone = tensor(windows.rows(), channels);
        add("max pool without index", w -> MaxPool.forward(alone, null, x, window, height, width, BATCH, w), alone);
        Tensor chosen = arena.allocate(windows.rows(), channels);
        Teams.run(1, w -> MaxPool.forward(arena.allocate(windows.rows(), channels), chosen, x, window, height, width, BATCH, w));
        Tensor dpooled = tensor(windows.rows(), channels);
        add("max pool backward", w -> MaxPool.backward(y, dpooled, chosen, window, height, width, BATCH, w), y);
    }

    private void groupNorm() {
        int pixels = 132; // more than a block of its sums
        int groups = 3;
        int channels = 69; // more than the part of a block that one worker sums
        Tensor x = tensor(BATCH * pixels, channels);
        Tensor y = tensor(BATCH * pixels, channels);
        Tensor dy = tensor(BATCH * pixels, channels);
        Tensor mean = tensor(BATCH * groups);
        Tensor rstd = tensor(BATCH * groups);
        Tensor weight = tensor(channels);
        Tensor bias = tensor(channels);
        Tensor dweight = tensor(channels);
        Tensor dbias = tensor(channels);
        Tensor scratch = arena.allocate(GroupNorm.scratch(channels, BATCH, pixels));
        add("groupnorm", w -> GroupNorm.forward(y, mean, rstd, x, weight, bias, EPSILON, groups, BATCH, pixels, scratch, w), y, mean, rstd);
        Tensor savedMean = arena.allocate(BATCH * groups);
        Tensor savedRstd = arena.allocate(BATCH * groups);
        Tensor dx = tensor(BATCH * pixels, channels);
        Teams.run(1, w -> GroupNorm.forward(dx, savedMean, savedRstd, x, weight, bias, EPSILON, groups, BATCH, pixels, scratch, w));
        add("groupnorm backward", w -> GroupNorm.backward(
                dx, dweight, dbias, dy, x, savedMean, savedRstd, weight, groups, BATCH, pixels, scratch, w), dx, dweight, dbias);
    }

    private void weightStandardization() {
        PackedMatrix weight = matrix(N, WIDTH);
        PackedMatrix y = matrix(N, WIDTH);
        PackedMatrix dweight = matrix(N, WIDTH);
        Tensor mean = tensor(N);
        Tensor rstd = tensor(N);
        kernels.put("weight standardisation", new Kernel(w -> WeightStandardization.forward(y, mean, rstd, weight, 1e-8, w),
                List.of(State.of(y), State.of(mean), State.of(rstd))));
        PackedMatrix dy = matrix(N, WIDTH);
        Tensor savedMean = arena.allocate(N);
        Tensor savedRstd = arena.allocate(N);
        Teams.run(1, w -> WeightStandardization.forward(y, savedMean, savedRstd, weight, 1e-8, w));
        kernels.put("weight standardisation backward", new Kernel(
                w -> WeightStandardization.backward(dweight, dy, weight, savedMean, savedRstd, w), List.of(State.of(dweight))));
    }

    private void losses() {
        Tensor logits = tensor(ROWS, WIDTH);
        Tensor losses = tensor(ROWS);
        Tensor p = tensor(ROWS, WIDTH);
        Tensor dlogits = tensor(ROWS, WIDTH);
        Tensor targets = tensor(ROWS, WIDTH);
        int[] labels = random.ints(ROWS, 0, WIDTH).toArray();
        for (int i = 0; i < ROWS * WIDTH; i++) {
            targets.set(i / WIDTH, i % WIDTH, Math.abs(targets.get(i / WIDTH, i % WIDTH)));
        }
        add("cross-entropy of labels", w -> {
            CrossEntropy.forward(losses, p, logits, labels, 0.1, ROWS, w);
            w.barrier();
            CrossEntropy.backward(dlogits, p, labels, 0.1, 0.25, ROWS, w);
        }, losses, p, dlogits);
        add("cross-entropy of targets", w -> {
            CrossEntropy.forward(losses, p, logits, targets, 0.1, ROWS, w);
            w.barrier();
            CrossEntropy.backward(dlogits, p, targets, 0.1, 0.25, ROWS, w);
        }, losses, p, dlogits);
    }

    private void optimisers() {
        int span = ROWS * WIDTH;
        Tensor param = tensor(ROWS, WIDTH);
        Tensor first = tensor(ROWS, WIDTH);
        Tensor second = arena.allocate(ROWS, WIDTH).fill(0.01f);
        Tensor grad = tensor(ROWS, WIDTH);
        Sgd sgd = new Sgd(0.9, true);
        add("sgd", w -> sgd.update(param, first, grad, 1e-2, 0.05, 0.5, w.from(span), w.to(span)), param, first);
        add("adam", w -> Adam.adam().update(
                param, first, second, grad, 1e-2, 0.05, 0.5, 7, w.from(span), w.to(span)), param, first, second);
        add("adamw", w -> Adam.adamW().update(
                param, first, second, grad, 1e-2, 0.05, 0.5, 7, w.from(span), w.to(span)), param, first, second);
        add("weight average", w -> WeightAverage.update(first, param, 0.9, w.from(span), w.to(span)), first);
        GradientNorm norm = new GradientNorm(List.of(), List.of(grad, tensor(5003)), Teams.LARGEST);
        kernels.put("gradient norm", new Kernel(norm::measure, List.of(State.of(norm))));
        List<GradientNorm> packed = new ArrayList<>(); // several, because sums in another order often have the same root
        for (int i = 0; i < 8; i++) {
            packed.add(new GradientNorm(List.of(matrix(N, WIDTH), matrix(K, M)), List.of(grad), Teams.LARGEST));
        }
        kernels.put("gradient norms of packed matrices",
                new Kernel(w -> packed.forEach(one -> one.measure(w)), packed.stream().map(State::of).toList()));
    }
}
