package vit.model.backward;

import java.util.ArrayList;
import java.util.List;
import vit.kernels.convolution.Convolution;
import vit.kernels.convolution.Window;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.groupnorm.GroupNorm;
import vit.kernels.maxpool.MaxPool;
import vit.kernels.parallel.Worker;
import vit.kernels.relu.Relu;
import vit.kernels.residual.Residual;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.BackboneConfig;
import vit.model.config.BackboneConfig.Bottleneck;
import vit.model.config.StemConfig;
import vit.model.forward.BackboneSizes;
import vit.model.forward.MapMemory;
import vit.model.parameters.Parameters;

/**
 * The convolutional network of a hybrid ViT, forward and backward. Every map is kept; the windows of convolutions are unfolded again in the backward pass.
 * The twin for inference is {@code vit.model.forward.Backbone}.
 */
final class TrainingBackbone {

    final Tensor patches; // (B·P, patch elements)
    final Tensor dpatches; // (B·P, patch elements): given to backward

    private final StemConfig stem;
    private final Tensor images; // (B, channels, height, width)
    private final Tensor dimages; // (B, channels, height, width), or null
    private final Tensor pixels; // (B·H·W, channels)
    private final Tensor dpixels; // (B·H·W, channels), or null
    private final Window pool = new Window(BackboneConfig.POOL_SIZE, 2);
    private final Window cut; // the patches of the feature map, or null if each is one pixel

    private final Unit root;
    private final Tensor droot; // the gradient of the root's output
    private final Tensor pooled; // the map after the maximum
    private final Tensor largest; // of each window of the maximum, which element it is
    private final List<Block> blocks = new ArrayList<>();
    private final Tensor map; // (B·H·W, C): the last feature map
    private final Tensor dmap; // (B·H·W, C)

    /**
     * A convolution, its GroupNorm, and usually a ReLU.
     *
     * @param windows  (rows, window): memory that units share; the input itself if a window is one pixel
     * @param dwindows (rows, window): the same for the gradient; null if a window is one pixel
     * @param z        (rows, out): the output of the convolution
     * @param y        (rows, out): the output
     */
    private record Unit(Tensor x, Tensor windows, Tensor dwindows, Tensor z, Tensor y, Tensor mean, Tensor rstd, TrainingConvolution convolution,
            Window window, int height, int width, TrainingNorm norm, int groups, Tensor scratch, boolean rectified) {

        private int pixels() {
            return window.outputs(height) * window.outputs(width);
        }

        /** y = relu(norm(x ∗ w)). A barrier is at the end. */
        void forward(int batch, GemmWorkspace gemm, Worker w) {
            unfold(batch, w);
            convolution.forward(z, windows, batch * pixels(), gemm, w);
            GroupNorm.forward(y, mean, rstd, z, norm.weight(), norm.bias(), BackboneConfig.GROUP_NORM_EPS, groups, batch, pixels(), scratch, w);
            w.barrier();
            if (rectified) {
                Relu.forward(y, y, batch * pixels(), w);
                w.barrier();
            }
        }

        private void unfold(int batch, Worker w) {
            if (dwindows != null) {
                Convolution.unfold(windows, x, window, height, width, batch, w);
                w.barrier();
            }
        }

        /**
         * The gradient of x from that of y, and adds to the gradients of the parameters. A barrier is at the end.
         *
         * @param dx (B·H·W, in), overwritten; null if it is not wanted
         * @param dy (rows, out), read only
         * @param dz (rows, out), overwritten; may be {@code dy}
         */
        void backward(Tensor dx, Tensor dz, Tensor dy, int batch, GemmWorkspace gemm, Worker w) {
            int rows = batch * pixels();
            Tensor dnormed = dy;
            if (rectified) {
                Relu.backward(dz, dy, y, rows, w);
                w.barrier();
                dnormed = dz;
            }
            GroupNorm.backward(dz, norm.dweight(), norm.dbias(), dnormed, z, mean, rstd, norm.weight(), groups, batch, pixels(), scratch, w);
            w.barrier();
            unfold(batch, w);
            convolution.backward(dx == null ? null : dwindows == null ? dx : dwindows, dz, windows, rows, gemm, w);
            if (dx != null && dwindows != null) {
                Convolution.fold(dx, dwindows, window, height, width, batch, w);
                w.barrier();
            }
        }
    }

    /**
     * A bottleneck, with the memory of its gradients.
     *
     * @param shortcut null if the input itself is added
     * @param x        what is added
     * @param y        the output
     * @param pixels   of one output map
     * @param inputs   pixels of one input map
     * @param dz       as y: of the last convolution's output, or of the shortcut's
     * @param dmiddle  of the middle convolution's output
     * @param dfirst   of the first convolution's output
     * @param dbranch  of the input, by way of the convolutions
     * @param dshort   of the input, by way of the shortcut
     * @param dx       of the input
     */
    private record Block(Unit first, Unit middle, Unit last, Unit shortcut, Tensor x, Tensor y, int pixels, int inputs, Tensor dz, Tensor dmiddle,
            Tensor dfirst, Tensor dbranch, Tensor dshort, Tensor dx) {

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

        /** dx from dy, which is overwritten. A barrier is at the end. */
        void backward(Tensor dy, int batch, GemmWorkspace gemm, Worker w) {
            Relu.backward(dy, dy, y, batch * pixels, w);
            w.barrier();
            last.backward(dmiddle, dz, dy, batch, gemm, w);
            middle.backward(dfirst, dmiddle, dmiddle, batch, gemm, w);
            first.backward(dbranch, dfirst, dfirst, batch, gemm, w);
            if (shortcut != null) {
                shortcut.backward(dshort, dz, dy, batch, gemm, w);
            }
            Residual.add(dx, shortcut == null ? dy : dshort, dbranch, batch * inputs, w);
            w.barrier();
        }
    }

    TrainingBackbone(StemConfig stem, TrainingParameters parameters, Tensor images, Tensor dimages, int maxBatch, TensorArena arena) {
        this.stem = stem;
        this.images = images;
        this.dimages = dimages;
        BackboneConfig config = stem.backbone();
        int height = stem.imageHeight();
        int width = stem.imageWidth();
        pixels = arena.allocate(Math.multiplyExact(maxBatch, height * width), stem.channels());
        dpixels = dimages == null ? null : arena.allocate(pixels.shape().dimensions());
        cut = stem.patch() == 1 ? null : new Window(stem.patch(), stem.patch());
        Plan plan = new Plan(config, parameters, Memory.of(stem, maxBatch, arena), maxBatch, arena);
        Window window = new Window(BackboneConfig.ROOT_SIZE, 2);
        root = plan.unit(Parameters.ROOT, Parameters.ROOT_NORM, pixels, window, height, width, true);
        droot = plan.memory.dfirst.map(root.y.rows(), root.y.columns());
        height = pool.outputs(window.outputs(height));
        width = pool.outputs(window.outputs(width));
        pooled = arena.allocate(Math.multiplyExact(maxBatch, height * width), config.width());
        largest = arena.allocate(pooled.shape().dimensions());
        Tensor last = pooled;
        for (Bottleneck b : config.bottlenecks()) {
            blocks.add(plan.block(b, last, height, width, plan.memory.gradient(last, blocks.size())));
            height = new Window(1, b.stride()).outputs(height);
            width = new Window(1, b.stride()).outputs(width);
            last = blocks.getLast().y;
        }
        map = last;
        dmap = plan.memory.gradient(map, blocks.size());
        patches = cut == null ? map : arena.allocatePadded(Math.multiplyExact(maxBatch, stem.patches()), stem.patchElements());
        dpatches = cut == null ? dmap : arena.allocatePadded(Math.multiplyExact(maxBatch, stem.patches()), stem.patchElements());
    }

    /**
     * Memory that the units share. The gradients of the bottlenecks' maps take turns in two.
     *
     * @param dmaps what the gradients of the maps between bottlenecks take turns in
     */
    private record Memory(MapMemory[] dmaps, MapMemory dz, MapMemory dmiddle, MapMemory dfirst, MapMemory dbranch, MapMemory dshort, MapMemory windows,
            MapMemory dwindows, MapMemory scratch) {

        static Memory of(StemConfig stem, int batch, TensorArena arena) {
            BackboneSizes sizes = BackboneSizes.of(stem, batch);
            MapMemory[] dmaps = {new MapMemory(sizes.map(), arena), new MapMemory(sizes.map(), arena)};
            return new Memory(dmaps, new MapMemory(sizes.map(), arena), new MapMemory(sizes.map(), arena), new MapMemory(sizes.map(), arena),
                    new MapMemory(sizes.map(), arena), new MapMemory(sizes.map(), arena), new MapMemory(sizes.windows(), arena),
                    new MapMemory(sizes.windows(), arena), new MapMemory(sizes.scratch(), arena));
        }

        /** Memory for the gradient of map {@code i}, which is {@code like} this one. */
        Tensor gradient(Tensor like, int i) {
            return dmaps[i % 2].map(like.rows(), like.columns());
        }
    }

    /** Makes the units. */
    private record Plan(BackboneConfig config, TrainingParameters parameters, Memory memory, int maxBatch, TensorArena arena) {

        Unit unit(String name, String norm, Tensor x, Window window, int height, int width, boolean rectified) {
            TrainingConvolution convolution = parameters.convolution(name);
            int rows = Math.multiplyExact(maxBatch, window.outputs(height) * window.outputs(width));
            boolean plain = window.size() == 1 && window.stride() == 1;
            int outputs = convolution.outputs();
            int groups = Math.multiplyExact(maxBatch, config.groups());
            return new Unit(x, plain ? x : memory.windows.map(rows, convolution.inputs()), plain ? null : memory.dwindows.map(rows, convolution.inputs()),
                    arena.allocate(rows, outputs), arena.allocate(rows, outputs), arena.allocate(groups), arena.allocate(groups), convolution, window, height,
                    width, parameters.norm(norm), config.groups(), memory.scratch.all(), rectified);
        }

        Block block(Bottleneck b, Tensor x, int height, int width, Tensor dx) {
            String name = Parameters.BACKBONE + b.name();
            Window one = new Window(1, 1);
            Window step = new Window(1, b.stride());
            Window middle = new Window(BackboneConfig.MIDDLE_SIZE, b.stride());
            Unit shortcut = b.first() ? unit(name + Parameters.SHORTCUT, name + Parameters.SHORTCUT_NORM, x, step, height, width, false) : null;
            Unit first = unit(name + ".conv1", name + ".norm1", x, one, height, width, true);
            Unit second = unit(name + ".conv2", name + ".norm2", first.y, middle, height, width, true);
            int rows = middle.outputs(height);
            int columns = middle.outputs(width);
            Unit third = unit(name + ".conv3", name + ".norm3", second.y, one, rows, columns, false);
            Tensor y = arena.allocate(Math.multiplyExact(maxBatch, rows * columns), b.outputs());
            return new Block(first, second, third, shortcut, b.first() ? shortcut.y : x, y, rows * columns, height * width,
                    memory.dz.map(y.rows(), y.columns()), memory.dmiddle.map(second.y.rows(), second.y.columns()),
                    memory.dfirst.map(first.y.rows(), first.y.columns()), memory.dbranch.map(x.rows(), x.columns()),
                    memory.dshort.map(x.rows(), x.columns()), dx);
        }
    }

    /** Writes the patches of {@code batch} images. A barrier is at the end. */
    void forward(int batch, GemmWorkspace gemm, Worker w) {
        Convolution.channelsLast(pixels, images, batch, w);
        w.barrier();
        root.forward(batch, gemm, w);
        MaxPool.forward(pooled, largest, root.y, pool, root.window.outputs(root.height), root.window.outputs(root.width), batch, w);
        w.barrier();
        for (int i = 0; i < blocks.size(); i++) {
            blocks.get(i).forward(batch, gemm, w);
        }
        if (cut != null) {
            BackboneConfig config = stem.backbone();
            Convolution.unfold(patches, map, cut, config.side(stem.imageHeight()), config.side(stem.imageWidth()), batch, w);
            w.barrier();
        }
    }

    /** Adds to the gradients of the parameters, given the gradient of the patches in {@link #dpatches}. A barrier is at the end. */
    void backward(int batch, GemmWorkspace gemm, Worker w) {
        if (cut != null) {
            BackboneConfig config = stem.backbone();
            Convolution.fold(dmap, dpatches, cut, config.side(stem.imageHeight()), config.side(stem.imageWidth()), batch, w);
            w.barrier();
        }
        Tensor dy = dmap;
        for (int i = blocks.size() - 1; i >= 0; i--) {
            Block block = blocks.get(i);
            block.backward(dy, batch, gemm, w);
            dy = block.dx;
        }
        MaxPool.backward(droot, dy, largest, pool, root.window.outputs(root.height), root.window.outputs(root.width), batch, w);
        w.barrier();
        root.backward(dpixels, droot, droot, batch, gemm, w);
        if (dimages != null) {
            Convolution.channelsFirst(dimages, dpixels, batch, w);
            w.barrier();
        }
    }
}
