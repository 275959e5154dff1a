package vit.model.forward;

import java.util.ArrayList;
import java.util.List;
import vit.kernels.convolution.Convolution;
import vit.kernels.convolution.Window;
import vit.kernels.gemm.Epilogue;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.groupnorm.GroupNorm;
import vit.kernels.linear.Linear;
import vit.kernels.maxpool.MaxPool;
import vit.kernels.parallel.Worker;
import vit.kernels.relu.Relu;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.BackboneConfig;
import vit.model.config.BackboneConfig.Bottleneck;
import vit.model.config.StemConfig;
import vit.model.parameters.Parameters;

/**
 * The convolutional network of a hybrid ViT, from images to the patches of its feature map. Maps are stored channels last, so a 1×1 convolution is a
 * linear layer over pixels. The twin for training is {@code vit.model.backward.TrainingBackbone}.
 */
final class Backbone {

    final Tensor patches; // (B·P, patch elements)

    private final StemConfig stem;
    private final Tensor images; // (B, channels, height, width)
    private final Tensor pixels; // (B·H·W, channels)
    private final Window pool = new Window(BackboneConfig.POOL_SIZE, 2);
    private final Window cut; // the patches of the feature map, or null if each is one pixel

    // The rest is null or empty where only memory is planned.
    private Unit root;
    private Tensor pooled; // the map after the maximum
    private Tensor map; // (B·H·W, C): the last feature map
    private final List<Block> blocks = new ArrayList<>();

    /** A convolution, its GroupNorm, and usually a ReLU. */
    private record Unit(Tensor x, Tensor windows, Tensor y, Linear convolution, Window window, int height, int width, Tensor weight, Tensor bias, int groups,
            Tensor scratch, boolean rectified) {

        /** y = relu(norm(x ∗ w)). A barrier is at the end. */
        void forward(int batch, GemmWorkspace gemm, Worker w) {
            int pixels = window.outputs(height) * window.outputs(width);
            int rows = batch * pixels;
            if (windows != x) {
                Convolution.unfold(windows, x, window, height, width, batch, w);
                w.barrier();
            }
            convolution.forward(y, windows, rows, gemm, w);
            w.barrier();
            GroupNorm.forward(y, null, null, y, weight, bias, BackboneConfig.GROUP_NORM_EPS, groups, batch, pixels, scratch, w);
            w.barrier();
            if (rectified) {
                Relu.forward(y, y, rows, w);
                w.barrier();
            }
        }
    }

    /**
     * A bottleneck.
     *
     * @param shortcut null if the input itself is added
     * @param x        what is added
     * @param y        the output
     * @param pixels   of one output map
     */
    private record Block(Unit first, Unit middle, Unit last, Unit shortcut, Tensor x, Tensor y, int pixels) {

        /** y = relu(last(middle(first(x))) + x). A barrier is at the end. */
        void forward(int batch, GemmWorkspace gemm, Worker w) {
            if (shortcut != null) {
                shortcut.forward(batch, gemm, w);
            }
            first.forward(batch, gemm, w);
            middle.forward(batch, gemm, w);
            last.forward(batch, gemm, w);
            Relu.forwardSum(y, last.y, x, batch * pixels, w);
            w.barrier();
        }
    }

    /** Plans the network; with null weights, only its memory. */
    Backbone(StemConfig stem, VitWeights weights, Tensor images, int maxBatch, TensorArena arena) {
        this.stem = stem;
        this.images = images;
        BackboneConfig config = stem.backbone();
        cut = stem.patch() == 1 ? null : new Window(stem.patch(), stem.patch());
        pixels = arena.allocate(Math.multiplyExact(maxBatch, stem.imageHeight() * stem.imageWidth()), stem.channels());
        Memory memory = Memory.of(stem, maxBatch, arena);
        Tensor cutPatches = cut == null ? null : arena.allocatePadded(Math.multiplyExact(maxBatch, stem.patches()), stem.patchElements());
        if (weights == null) {
            patches = cutPatches;
            return;
        }
        int height = stem.imageHeight();
        int width = stem.imageWidth();
        Plan plan = new Plan(config, weights, memory, maxBatch);
        Window window = new Window(BackboneConfig.ROOT_SIZE, 2);
        root = plan.unit(Parameters.ROOT, Parameters.ROOT_NORM, pixels, memory.inner, window, height, width, true);
        height = pool.outputs(window.outputs(height));
        width = pool.outputs(window.outputs(width));
        map = memory.map.map(maxBatch * height * width, config.width());
        pooled = map;
        for (Bottleneck b : config.bottlenecks()) {
            blocks.add(plan.block(b, map, height, width));
            height = new Window(1, b.stride()).outputs(height);
            width = new Window(1, b.stride()).outputs(width);
            map = blocks.getLast().y;
        }
        patches = cut == null ? map : cutPatches;
    }

    /**
     * What the bottlenecks take turns in.
     *
     * @param map      a bottleneck's input and output
     * @param inner    the outputs of its first and last convolution
     * @param middle   the output of its middle convolution
     * @param shortcut the output of its shortcut's convolution
     */
    private record Memory(MapMemory map, MapMemory inner, MapMemory middle, MapMemory shortcut, MapMemory windows, MapMemory scratch) {

        static Memory of(StemConfig stem, int batch, TensorArena arena) {
            BackboneSizes sizes = BackboneSizes.of(stem, batch);
            return new Memory(new MapMemory(sizes.map(), arena), new MapMemory(sizes.map(), arena), new MapMemory(sizes.map(), arena),
                    new MapMemory(sizes.map(), arena), new MapMemory(sizes.windows(), arena), new MapMemory(sizes.scratch(), arena));
        }
    }

    /** Makes the units. */
    private record Plan(BackboneConfig config, VitWeights weights, Memory memory, int maxBatch) {

        Unit unit(String name, String norm, Tensor x, MapMemory y, Window window, int height, int width, boolean rectified) {
            Linear linear = Linear.of(weights.standardized().filters(name).standardized(), Epilogue.NONE);
            int rows = maxBatch * window.outputs(height) * window.outputs(width);
            boolean plain = window.size() == 1 && window.stride() == 1;
            return new Unit(x, plain ? x : memory.windows.map(rows, linear.inputs()), y.map(rows, linear.outputs()), linear, window, height, width,
                    weights.vector(norm + ".weight"), weights.vector(norm + ".bias"), config.groups(), memory.scratch.all(), rectified);
        }

        Block block(Bottleneck b, Tensor x, int height, int width) {
            String name = Parameters.BACKBONE + b.name();
            Window one = new Window(1, 1);
            Window step = new Window(1, b.stride());
            Window middle = new Window(BackboneConfig.MIDDLE_SIZE, b.stride());
            Unit shortcut = b.first() ? unit(name + Parameters.SHORTCUT, name + Parameters.SHORTCUT_NORM, x, memory.shortcut, step, height, width, false) : null;
            Unit first = unit(name + ".conv1", name + ".norm1", x, memory.inner, one, height, width, true);
            Unit second = unit(name + ".conv2", name + ".norm2", first.y, memory.middle, middle, height, width, true);
            int rows = middle.outputs(height);
            int columns = middle.outputs(width);
            Unit third = unit(name + ".conv3", name + ".norm3", second.y, memory.inner, one, rows, columns, false);
            Tensor y = memory.map.map(maxBatch * rows * columns, b.outputs());
            return new Block(first, second, third, shortcut, b.first() ? shortcut.y : x, y, rows * columns);
        }
    }

    /** Writes the patches of {@code batch} images. The last barrier is inside. */
    void forward(int batch, GemmWorkspace gemm, Worker w) {
        Convolution.channelsLast(pixels, images, batch, w);
        w.barrier();
        root.forward(batch, gemm, w);
        int height = root.window.outputs(root.height);
        int width = root.window.outputs(root.width);
        MaxPool.forward(pooled, null, root.y, pool, height, width, batch, w);
        w.barrier();
        for (int i = 0; i < blocks.size(); i++) { // an iterator would be allocated
            blocks.get(i).forward(batch, gemm, w);
        }
        if (cut != null) {
            BackboneConfig config = stem.backbone();
            Convolution.unfold(patches, map, cut, config.side(stem.imageHeight()), config.side(stem.imageWidth()), batch, w);
            w.barrier();
        }
    }
}
