package vit.bench.scaling;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import vit.kernels.attention.Attention;
import vit.kernels.attention.AttentionWorkspace;
import vit.kernels.gemm.Epilogue;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.gemm.PackedRows;
import vit.kernels.layernorm.LayerNorm;
import vit.kernels.linear.Linear;
import vit.kernels.parallel.Worker;
import vit.kernels.parallel.Workers;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.VitConfig;

/**
 * The blocks of a forward pass on one thread, with a clock between the kernels. Every block has weights of its own, so that they come from
 * memory as in the pass. Weights are random, which changes no time.
 */
final class PassReplay implements AutoCloseable {

    private static final float SCALE = 0.02f;

    private record Block(Linear qkv, Linear output, Linear fc1, Linear fc2) {}

    private final TensorArena arena = TensorArena.open();
    private final Workers team = Workers.of(1);
    private final VitConfig config;
    private final int batch;
    private final int rows;
    private final Tensor x;
    private final Tensor gain;
    private final Tensor bias;
    private final PackedRows normed;
    private final PackedRows qkv;
    private final PackedRows attended;
    private final PackedRows hidden;
    private final GemmWorkspace gemm;
    private final AttentionWorkspace attention;
    private final List<Block> blocks = new ArrayList<>();
    private final Tensor image;
    private final float[] pixels;
    private final Map<Kernel, Double> seconds = new EnumMap<>(Kernel.class);

    PassReplay(VitConfig config, int batch) {
        this.config = config;
        this.batch = batch;
        rows = batch * config.tokens();
        int width = config.width();
        x = arena.allocatePadded(rows, width);
        gain = arena.allocate(width).fill(1);
        bias = arena.allocate(width);
        normed = PackedRows.allocate(arena, rows, width);
        qkv = PackedRows.allocate(arena, rows, 3 * config.inner());
        attended = PackedRows.allocate(arena, rows, config.inner());
        hidden = PackedRows.allocate(arena, rows, config.mlp());
        gemm = GemmWorkspace.allocate(arena, 1, 1);
        attention = AttentionWorkspace.allocate(arena, config.tokens(), config.headDim(), 1);
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < config.depth(); i++) {
            blocks.add(new Block(linear(3 * config.inner(), width, false, false, random), linear(width, config.inner(), false, true, random),
                    linear(config.mlp(), width, true, false, random), linear(width, config.mlp(), false, true, random)));
        }
        pixels = new float[batch * config.channels() * config.imageHeight() * config.imageWidth()];
        image = arena.allocate(pixels.length);
    }

    private Linear linear(int outputs, int depth, boolean gelu, boolean residual, SplittableRandom random) {
        float[] values = new float[outputs * depth];
        for (int i = 0; i < values.length; i++) {
            values[i] = SCALE * (random.nextFloat() - 0.5f);
        }
        Tensor zeros = arena.allocate(outputs);
        Epilogue epilogue = residual ? Epilogue.biasResidual(zeros, null, x) : gelu ? Epilogue.biasGelu(zeros, config.gelu()) : Epilogue.bias(zeros);
        return Linear.of(PackedMatrix.allocate(arena, outputs, depth).packRows(values), epilogue);
    }

    /** Replays all blocks once. */
    void run() {
        seconds.clear();
        x.fill(SCALE).set(0, 0, 1);
        team.run(w -> blocks.forEach(block -> run(block, w)));
    }

    private void run(Block block, Worker w) {
        float scale = (float) (1 / Math.sqrt(config.headDim()));
        timed(Kernel.NORM, () -> LayerNorm.forward(normed, x, gain, bias, config.layerNormEps(), rows, w));
        timed(Kernel.QKV, () -> block.qkv.forward(qkv, normed, rows, gemm, w));
        timed(Kernel.ATTENTION, () -> Attention.forward(attended, qkv, batch, config.tokens(), config.heads(), scale, attention, w));
        timed(Kernel.OUTPUT, () -> block.output.forward(x, attended, rows, gemm, w));
        timed(Kernel.NORM, () -> LayerNorm.forward(normed, x, gain, bias, config.layerNormEps(), rows, w));
        timed(Kernel.FC1, () -> block.fc1.forward(hidden, normed, rows, gemm, w));
        timed(Kernel.FC2, () -> block.fc2.forward(x, hidden, rows, gemm, w));
    }

    private void timed(Kernel kernel, Runnable call) {
        long start = System.nanoTime();
        call.run();
        seconds.merge(kernel, (System.nanoTime() - start) / 1e9, Double::sum);
    }

    /** The seconds of a kernel in all blocks of the last replay; NORM counts both norms. */
    double seconds(Kernel kernel) {
        return seconds.get(kernel);
    }

    /** The seconds for copying the images from an array, as every pass begins. */
    double copyPixels() {
        long start = System.nanoTime();
        image.copyFrom(pixels);
        return (System.nanoTime() - start) / 1e9;
    }

    @Override
    public void close() {
        team.close();
        arena.close();
    }
}
