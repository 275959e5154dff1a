package vit.kernels.contract;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import vit.kernels.attention.Attention;
import vit.kernels.attention.AttentionGradientWorkspace;
import vit.kernels.attention.AttentionWorkspace;
import vit.kernels.attention.BiasIndex;
import vit.kernels.attention.RelativeBias;
import vit.kernels.convolution.Convolution;
import vit.kernels.convolution.Window;
import vit.kernels.dropout.Dropout;
import vit.kernels.dropout.StochasticDepth;
import vit.kernels.gemm.Epilogue;
import vit.kernels.gemm.Gemm;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.gemm.PackedRows;
import vit.kernels.gemm.Storage;
import vit.kernels.groupnorm.GroupNorm;
import vit.kernels.headnorm.HeadNorm;
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
import vit.kernels.simd.Simd;
import vit.kernels.standardization.WeightStandardization;
import vit.kernels.swiglu.SwiGlu;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.kernels.tokenmerge.TokenGroups;
import vit.kernels.tokenmerge.TokenMerge;
import vit.kernels.tokenmerge.TokenMergeWorkspace;
import vit.kernels.verify.Allocation;
import vit.kernels.verify.Teams;

/** A compiled operation allocates nothing on the heap. The test would count a vector that escapes to the heap. */
class AllocationTest {

    private static final int BATCH = 2;
    private static final int PATCHES = 6;
    private static final int PREFIX = 1;
    private static final int TOKENS = PREFIX + PATCHES;
    private static final int WIDTH = 81; // whole vectors and a tail at every width
    private static final int PATCH = 17;

    private static final int CALLS = 1_000;

    private static Map<String, Workers.Task> operations(TensorArena arena) {
        Tensor images = arena.allocate(BATCH, 3, 2 * PATCH + 1, 3 * PATCH + 2); // with a border that no patch covers
        Tensor patches = arena.allocate(BATCH * PATCHES, 3 * PATCH * PATCH);
        Tensor projected = arena.allocate(BATCH * PATCHES, WIDTH);
        Tensor tokens = arena.allocate(BATCH, TOKENS, WIDTH);
        Tensor others = arena.allocate(BATCH, TOKENS, WIDTH);
        Tensor prefix = arena.allocate(PREFIX, WIDTH);
        Tensor positions = arena.allocate(TOKENS, WIDTH);
        Tensor gamma = arena.allocate(WIDTH);
        Tensor dgamma = arena.allocate(WIDTH);
        Tensor pooled = arena.allocate(BATCH, WIDTH);
        Tensor probabilities = arena.allocate(BATCH, WIDTH);
        Tensor losses = arena.allocate(BATCH);
        Tensor mean = arena.allocate(BATCH, TOKENS, WIDTH);
        Tensor square = arena.allocate(BATCH, TOKENS, WIDTH);
        Tensor targets = arena.allocate(BATCH, WIDTH).fill(0.01f);
        int[] labels = new int[BATCH];
        int rows = BATCH * TOKENS;
        int span = rows * WIDTH;
        Adam adam = Adam.adamW();
        Sgd sgd = new Sgd(0.9, true);
        GradientNorm norm = new GradientNorm(List.of(PackedMatrix.allocate(arena, WIDTH, PATCH)), List.of(tokens, patches), 1);
        Map<String, Workers.Task> tasks = new LinkedHashMap<>();
        tasks.put("patchify", w -> PatchEmbed.patchify(patches, images, PATCH, PatchOrder.CHANNEL_FIRST, BATCH, w));
        tasks.put("unpatchify", w -> PatchEmbed.unpatchify(images, patches, PATCH, PatchOrder.CHANNEL_LAST, BATCH, w));
        tasks.put("assemble", w -> PatchEmbed.assemble(tokens, projected, prefix, positions, PREFIX, BATCH, PATCHES, w));
        tasks.put("assembleBackward", w -> PatchEmbed.assembleBackward(
                projected, prefix, positions, tokens, PREFIX, BATCH, PREFIX, PATCHES, w));
        Tensor columns = arena.allocate(3, WIDTH);
        Tensor halves = arena.allocate(2, WIDTH);
        Tensor joined = arena.allocate(PATCHES, 2 * WIDTH);
        Tensor pairs = arena.allocate(BATCH, TOKENS, 2 * WIDTH);
        tasks.put("joinAxes", w -> PatchEmbed.joinAxes(joined, columns, halves, w));
        tasks.put("joinAxesBackward", w -> PatchEmbed.joinAxesBackward(columns, halves, pairs, BATCH, PREFIX, w));
        tasks.put("residual", w -> Residual.add(tokens, tokens, others, rows, w));
        tasks.put("layer scale", w -> Residual.addScaled(tokens, tokens, others, gamma, rows, w));
        tasks.put("layer scale backward", w -> Residual.addScaledBackward(others, dgamma, others, tokens, gamma, rows, w));
        tasks.put("pooling", w -> Pooling.forward(pooled, tokens, PREFIX, TOKENS, BATCH, TOKENS, w));
        tasks.put("pooling backward", w -> Pooling.backward(tokens, pooled, PREFIX, TOKENS, BATCH, TOKENS, w));
        tasks.put("pooling max", w -> Pooling.forwardMax(pooled, tokens, PREFIX, TOKENS, BATCH, TOKENS, w));
        tasks.put("pooling max backward", w -> Pooling.backwardMax(tokens, pooled, others, PREFIX, TOKENS, BATCH, TOKENS, w));
        weightsOfSixteenBits(arena, tasks);
        attention(arena, tasks);
        swiglu(arena, tasks);
        rmsnorm(arena, tasks);
        queriesAndKeys(arena, tasks);
        tokenMerging(arena, tasks);
        featureMaps(arena, tasks);
        tasks.put("dropout", w -> Dropout.apply(others, tokens, 0.1, 1, 2, 0, rows, w));
        tasks.put("stochastic depth", w -> StochasticDepth.apply(others, tokens, 0.5, 1, 2, 0, BATCH, TOKENS, w));
        tasks.put("cross-entropy of labels", w -> CrossEntropy.forward(losses, probabilities, pooled, labels, 0.1, BATCH, w));
        tasks.put("cross-entropy of targets", w -> CrossEntropy.forward(
                losses, probabilities, pooled, targets, 0.1, BATCH, w));
        tasks.put("cross-entropy backward", w -> CrossEntropy.backward(pooled, probabilities, labels, 0.1, 0.5, BATCH, w));
        tasks.put("adam", w -> adam.update(tokens, mean, square, others, 1e-3, 0.05, 1, 7, 0, span));
        tasks.put("sgd", w -> sgd.update(tokens, mean, others, 1e-3, 0.05, 1, 0, span));
        tasks.put("weight average", w -> WeightAverage.update(mean, tokens, 0.99, 0, span));
        tasks.put("gradient norm", norm::measure);
        return tasks;
    }

    private static void attention(TensorArena arena, Map<String, Workers.Task> tasks) {
        int heads = 3;
        Tensor qkv = arena.allocate(BATCH * TOKENS, 3 * WIDTH);
        Tensor dqkv = arena.allocate(BATCH * TOKENS, 3 * WIDTH);
        Tensor out = arena.allocate(BATCH * TOKENS, WIDTH);
        Tensor sums = arena.allocate(BATCH * heads, TOKENS);
        Tensor bias = arena.allocate(heads * TOKENS, TOKENS);
        Tensor dbias = arena.allocate(heads * TOKENS, TOKENS);
        Tensor table = arena.allocate(PATCH, heads);
        BiasIndex index = BiasIndex.of(new int[TOKENS * TOKENS], TOKENS, PATCH);
        AttentionWorkspace forward = AttentionWorkspace.allocate(arena, TOKENS, WIDTH / heads, 1);
        AttentionGradientWorkspace backward = AttentionGradientWorkspace.allocate(arena, TOKENS, WIDTH / heads, 1);
        tasks.put("attention with bias", w -> Attention.forward(out, sums, null, qkv, bias, BATCH, TOKENS, heads, 1, forward, w));
        tasks.put("attention with bias backward", w -> Attention.backward(
                dqkv, dbias, out, out, sums, qkv, bias, BATCH, TOKENS, heads, 1, backward, w));
        tasks.put("relative bias", w -> RelativeBias.gather(bias, table, index, w));
        tasks.put("relative bias backward", w -> RelativeBias.scatter(table, dbias, index, w));
    }

    private static void weightsOfSixteenBits(TensorArena arena, Map<String, Workers.Task> tasks) {
        Tensor a = arena.allocate(TOKENS, PATCH);
        Tensor c = arena.allocate(TOKENS, WIDTH);
        GemmWorkspace workspace = GemmWorkspace.allocate(arena, GemmWorkspace.packedInput(TOKENS, PATCH), 1, true);
        for (Storage storage : Storage.values()) {
            PackedMatrix b = PackedMatrix.pack(arena, storage, WIDTH, PATCH, new float[WIDTH * PATCH], new float[PackedMatrix.scratch(WIDTH, PATCH)],
                    new int[PackedMatrix.wordScratch(WIDTH, PATCH)]);
            tasks.put("gemm of weights in " + storage, w -> Gemm.multiply(c, a, b, Epilogue.NONE, TOKENS, workspace, w));
        }
    }

    private static void swiglu(TensorArena arena, Map<String, Workers.Task> tasks) {
        int rows = BATCH * TOKENS;
        Tensor in = arena.allocate(rows, 2 * WIDTH);
        Tensor din = arena.allocate(rows, 2 * WIDTH);
        Tensor out = arena.allocate(rows, WIDTH);
        PackedRows packed = PackedRows.allocate(arena, rows, WIDTH);
        tasks.put("swiglu", w -> SwiGlu.forward(out, in, rows, w));
        tasks.put("swiglu packed", w -> SwiGlu.forward(packed, in, rows, w));
        tasks.put("swiglu backward", w -> SwiGlu.backward(din, out, in, rows, w));
    }

    private static void queriesAndKeys(TensorArena arena, Map<String, Workers.Task> tasks) {
        int heads = 3;
        int headDim = 46;
        Tensor qkv = arena.allocate(BATCH * TOKENS, 3 * heads * headDim);
        Tensor cos = arena.allocate(PATCHES, headDim).fill(0.5f);
        Tensor sin = arena.allocate(PATCHES, headDim).fill(0.5f);
        for (RotaryKind kind : RotaryKind.values()) {
            tasks.put("rotary " + kind, w -> Rotary.forward(qkv, cos, sin, kind, BATCH, TOKENS, heads, w));
            tasks.put("rotary backward " + kind, w -> Rotary.backward(qkv, cos, sin, kind, BATCH, TOKENS, heads, w));
        }
        int rows = BATCH * TOKENS;
        Tensor y = arena.allocate(rows, 3 * heads * headDim);
        Tensor weight = arena.allocate(headDim);
        Tensor dweight = arena.allocate(headDim);
        Tensor dbias = arena.allocate(headDim);
        tasks.put("headnorm", w -> HeadNorm.forward(y, qkv, weight, weight, weight, weight, 1e-6, heads, rows, w));
        tasks.put("headnorm without bias", w -> HeadNorm.forward(y, qkv, weight, null, weight, null, 1e-6, heads, rows, w));
        tasks.put("headnorm backward", w -> HeadNorm.backward(
                y, dweight, dbias, dweight, dbias, y, qkv, weight, weight, 1e-6, heads, rows, w));
        tasks.put("headnorm without bias backward", w -> HeadNorm.backward(
                y, dweight, null, dweight, null, y, qkv, weight, weight, 1e-6, heads, rows, w));
    }

    private static void tokenMerging(TensorArena arena, Map<String, Workers.Task> tasks) {
        int heads = 3;
        int each = TOKENS - 2;
        PackedRows packed = PackedRows.allocate(arena, BATCH * TOKENS, 3 * WIDTH);
        PackedRows out = PackedRows.allocate(arena, BATCH * TOKENS, WIDTH);
        Tensor qkv = arena.allocate(BATCH * TOKENS, 3 * WIDTH);
        Tensor x = arena.allocate(BATCH * TOKENS, WIDTH);
        Tensor y = arena.allocate(BATCH * each, WIDTH);
        Tensor sizes = arena.allocate(BATCH, TOKENS).fill(1);
        Tensor merged = arena.allocate(BATCH, each).fill(1);
        Tensor logs = arena.allocate(BATCH, each);
        Tensor pooled = arena.allocate(BATCH, WIDTH);
        int[] places = new int[BATCH * TOKENS];
        TokenGroups groups = TokenGroups.allocate(arena, BATCH, TOKENS);
        TokenMergeWorkspace workspace = TokenMergeWorkspace.allocate(arena, TOKENS, heads, WIDTH / heads, 1);
        AttentionWorkspace attention = AttentionWorkspace.allocate(arena, TOKENS, WIDTH / heads, 1);
        tasks.put("token matching", w -> TokenMerge.match(groups, qkv, BATCH, TOKENS, heads, PREFIX, 2, workspace, w));
        tasks.put("token matching of packed rows", w -> TokenMerge.match(groups, packed, BATCH, TOKENS, heads, PREFIX, 2, workspace, w));
        tasks.put("token merge", w -> TokenMerge.forward(y, merged, logs, x, sizes, groups, BATCH, TOKENS, 2, w));
        tasks.put("token merge backward", w -> TokenMerge.backward(x, y, merged, sizes, groups, BATCH, TOKENS, 2, w));
        tasks.put("tokens followed", w -> groups.follow(places, TOKENS, BATCH, w));
        tasks.put("attention with a bias of keys", w -> Attention.forward(out, packed, sizes, BATCH, TOKENS, heads, 1, attention, w));
        Tensor tensorOut = arena.allocate(BATCH * TOKENS, WIDTH);
        Tensor dqkv = arena.allocate(BATCH * TOKENS, 3 * WIDTH);
        Tensor sums = arena.allocate(BATCH * heads, TOKENS);
        AttentionGradientWorkspace gradients = AttentionGradientWorkspace.allocate(arena, TOKENS, WIDTH / heads, 1);
        tasks.put("attention with a bias of keys, from a tensor",
                w -> Attention.forward(tensorOut, sums, null, qkv, null, sizes, BATCH, TOKENS, heads, 1, attention, w));
        tasks.put("attention with a bias of keys, backward",
                w -> Attention.backward(dqkv, null, x, tensorOut, sums, qkv, null, sizes, BATCH, TOKENS, heads, 1, gradients, w));
        tasks.put("weighted pooling", w -> Pooling.forwardWeighted(pooled, x, sizes, PREFIX, TOKENS, BATCH, TOKENS, w));
        tasks.put("weighted pooling backward", w -> Pooling.backwardWeighted(x, pooled, sizes, PREFIX, TOKENS, BATCH, TOKENS, w));
    }

    private static void featureMaps(TensorArena arena, Map<String, Workers.Task> tasks) {
        int height = 4;
        int width = 5;
        int pixels = height * width;
        Window window = new Window(3, 2);
        Tensor images = arena.allocate(BATCH, 3, height, width);
        Tensor colours = arena.allocate(BATCH * pixels, 3);
        Tensor x = arena.allocate(BATCH * pixels, WIDTH).fill(0.5f);
        Tensor y = arena.allocate(BATCH * pixels, WIDTH);
        Tensor windows = arena.allocate(BATCH * window.outputs(height) * window.outputs(width), window.pixels() * WIDTH);
        tasks.put("channels last", w -> Convolution.channelsLast(colours, images, BATCH, w));
        tasks.put("channels first", w -> Convolution.channelsFirst(images, colours, BATCH, w));
        tasks.put("unfold", w -> Convolution.unfold(windows, x, window, height, width, BATCH, w));
        tasks.put("fold", w -> Convolution.fold(y, windows, window, height, width, BATCH, w));
        Tensor pooled = arena.allocate(windows.rows(), WIDTH);
        Tensor index = arena.allocate(windows.rows(), WIDTH);
        tasks.put("max pool", w -> MaxPool.forward(pooled, index, x, window, height, width, BATCH, w));
        tasks.put("max pool without index", w -> MaxPool.forward(pooled, null, x, window, height, width, BATCH, w));
        tasks.put("max pool backward", w -> MaxPool.backward(y, pooled, index, window, height, width, BATCH, w));
        tasks.put("relu", w -> Relu.forward(y, x, x.rows(), w));
        tasks.put("relu of a sum", w -> Relu.forwardSum(y, x, y, x.rows(), w));
        tasks.put("relu backward", w -> Relu.backward(y, y, x, x.rows(), w));
        PackedMatrix kernel = PackedMatrix.allocate(arena, WIDTH, PATCH);
        PackedMatrix dkernel = PackedMatrix.allocate(arena, WIDTH, PATCH);
        Tensor statistic = arena.allocate(WIDTH);
        tasks.put("weight standardisation", w -> WeightStandardization.forward(kernel, statistic, statistic, kernel, 1e-8, w));
        tasks.put("weight standardisation backward", w -> WeightStandardization.backward(dkernel, kernel, kernel, statistic, statistic, w));
        int groups = 3;
        Tensor mean = arena.allocate(BATCH * groups);
        Tensor rstd = arena.allocate(BATCH * groups);
        Tensor weight = arena.allocate(WIDTH).fill(1);
        Tensor dweight = arena.allocate(WIDTH);
        Tensor dbias = arena.allocate(WIDTH);
        Tensor scratch = arena.allocate(GroupNorm.scratch(WIDTH, BATCH, pixels));
        tasks.put("groupnorm", w -> GroupNorm.forward(y, mean, rstd, x, weight, weight, 1e-5, groups, BATCH, pixels, scratch, w));
        tasks.put("groupnorm backward", w -> GroupNorm.backward(
                y, dweight, dbias, x, x, mean, rstd, weight, groups, BATCH, pixels, scratch, w));
    }

    private static void rmsnorm(TensorArena arena, Map<String, Workers.Task> tasks) {
        int rows = BATCH * TOKENS;
        Tensor x = arena.allocate(rows, WIDTH).fill(0.5f);
        Tensor dx = arena.allocate(rows, WIDTH);
        Tensor y = arena.allocate(rows, WIDTH);
        Tensor rstd = arena.allocate(rows);
        Tensor weight = arena.allocate(WIDTH).fill(1);
        Tensor dweight = arena.allocate(WIDTH);
        PackedRows packed = PackedRows.allocate(arena, rows, WIDTH);
        tasks.put("rmsnorm", w -> RmsNorm.forward(y, rstd, x, weight, 1e-6, rows, w));
        tasks.put("rmsnorm packed", w -> RmsNorm.forward(packed, x, weight, 1e-6, rows, w));
        tasks.put("rmsnorm backward", w -> RmsNorm.backward(dx, dweight, y, x, rstd, weight, rows, w));
    }

    @Test
    void operationsAllocateNothingOnceCompiled() {
        assumeTrue(Allocation.isMeaningful(), "the JDK emulates vectors of " + Simd.BITS + " bits here, on the heap");
        try (TensorArena arena = TensorArena.open()) {
            operations(arena).forEach((name, task) -> Allocation.assertNone(name, CALLS, () -> Teams.run(1, task)));
        }
    }
}
