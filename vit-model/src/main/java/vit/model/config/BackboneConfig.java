package vit.model.config;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * The convolutional network in front of a hybrid ViT, whose feature map is cut into patches instead of the image (Dosovitskiy et al. 2020, section 3.1):
 * BiT's ResNetV2 (Kolesnikov et al. 2020). A 7×7 convolution of stride 2, GroupNorm, ReLU and a 3×3 maximum of stride 2 come first, then stages of
 * bottlenecks. The first stage has stride 1; every later stage halves the map in its first bottleneck. Weights of convolutions are standardised
 * (Qiao et al. 2019). Padding is TensorFlow's {@code SAME}, so each stride of 2 rounds up. Immutable.
 *
 * @param width  channels of the first convolution
 * @param stages the stages; empty for a backbone of the first convolution and the maximum alone
 * @param groups groups of every GroupNorm; divides every number of channels that is normalised
 */
public record BackboneConfig(int width, List<Stage> stages, int groups) implements Serializable {

    /** Side of the first convolution. */
    public static final int ROOT_SIZE = 7;

    /** Side of the maximum's window. */
    public static final int POOL_SIZE = 3;

    /** Side of the middle convolution of a bottleneck. */
    public static final int MIDDLE_SIZE = 3;

    /** Added to a variance before the root, in every GroupNorm. */
    public static final double GROUP_NORM_EPS = 1e-5;

    /** Added to the variance of a filter's weights before the root. */
    public static final double STANDARDIZATION_EPS = 1e-8;

    private static final int ROOT_STRIDE = 4; // of the convolution and the maximum together
    /** More stages or bottlenecks than these are a mistake or an attack. */
    public static final int MOST_STAGES = 8;
    public static final int MOST_BLOCKS = 1024;

    private static final int MIDDLE_MULTIPLE = 8;

    /**
     * A stage of bottlenecks.
     *
     * @param blocks   number of bottlenecks
     * @param channels channels of its output
     */
    public record Stage(int blocks, int channels) implements Serializable {

        /** Checks the values. */
        public Stage {
            Dimensions.check("bottlenecks of a stage", blocks, 1);
            Dimensions.check("channels of a stage", channels, 1);
            Dimensions.require(blocks <= MOST_BLOCKS, "a stage of " + blocks + " bottlenecks is too deep");
        }

        /** Channels between the two outer convolutions of a bottleneck: a quarter, rounded to a multiple of 8, but by no more than a tenth down. */
        public int middle() {
            double quarter = channels * 0.25;
            int rounded = Math.max(MIDDLE_MULTIPLE, (int) (quarter + MIDDLE_MULTIPLE / 2) / MIDDLE_MULTIPLE * MIDDLE_MULTIPLE);
            return rounded < 0.9 * quarter ? rounded + MIDDLE_MULTIPLE : rounded;
        }
    }

    /**
     * One bottleneck: 1×1, 3×3 and 1×1 convolutions, each with a GroupNorm, added to a shortcut.
     *
     * @param stage   number of its stage, from 0
     * @param block   its number in the stage, from 0
     * @param inputs  channels of its input
     * @param middle  channels of the 3×3 convolution
     * @param outputs channels of its output
     * @param stride  stride of the 3×3 convolution
     */
    public record Bottleneck(int stage, int block, int inputs, int middle, int outputs, int stride) {

        /** The name of its tensors after that of the backbone, for example {@code stages.1.blocks.0}. */
        public String name() {
            return "stages." + stage + ".blocks." + block;
        }

        /** Whether it is the first of its stage, so that its shortcut is a 1×1 convolution of the same stride and a GroupNorm. */
        public boolean first() {
            return block == 0;
        }
    }

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if a number is below 1 or too large, or the groups do not divide a number of channels
     */
    public BackboneConfig {
        stages = List.copyOf(stages);
        Dimensions.check("backbone width", width, 1);
        Dimensions.check("backbone groups", groups, 1);
        Dimensions.require(stages.size() <= MOST_STAGES, "a backbone of " + stages.size() + " stages is too deep");
        divides(groups, width);
        for (Stage stage : stages) {
            divides(groups, stage.middle());
            divides(groups, stage.channels());
        }
    }

    private static void divides(int groups, int channels) {
        Dimensions.require(channels % groups == 0, "backbone channels " + channels + " are not divisible by " + groups + " groups");
    }

    /**
     * A convolution with the size of its input.
     *
     * @param size    side of its window
     * @param stride  step of its window
     * @param inputs  channels of its input
     * @param outputs channels of its output
     * @param height  rows of its input
     * @param width   columns of its input
     */
    public record Convolution(int size, int stride, int inputs, int outputs, int height, int width) {

        /** Pixels of its output. */
        public int pixels() {
            return Math.ceilDiv(height, stride) * Math.ceilDiv(width, stride);
        }

        /** Elements that one output pixel is computed from. */
        public int window() {
            return size * size * inputs;
        }

        /** Multiply-adds for one image. */
        public long cost() {
            return (long) pixels() * window() * outputs;
        }
    }

    /** Channels of the feature map. */
    public int outputs() {
        return stages.isEmpty() ? width : stages.getLast().channels();
    }

    /** Pixels of the image's side for one of the feature map's. */
    public int stride() {
        return stride(stages.size());
    }

    /** {@link #stride} of a backbone of this many stages. */
    public static int stride(int stages) {
        return ROOT_STRIDE << Math.max(stages - 1, 0);
    }

    /** The side of the feature map of an image whose side is {@code pixels}. */
    public int side(int pixels) {
        int stride = stride();
        return pixels / stride + (pixels % stride == 0 ? 0 : 1); // rounding up at every stage is rounding up once
    }

    /**
     * All convolutions, in the order of the forward pass; the shortcut's stands before the others of its bottleneck.
     *
     * @param channels    channels of the image
     * @param imageHeight height of the image
     * @param imageWidth  width of the image
     */
    public List<Convolution> convolutions(int channels, int imageHeight, int imageWidth) {
        List<Convolution> all = new ArrayList<>();
        all.add(new Convolution(ROOT_SIZE, 2, channels, width, imageHeight, imageWidth));
        int rows = Math.ceilDiv(imageHeight, ROOT_STRIDE);
        int columns = Math.ceilDiv(imageWidth, ROOT_STRIDE);
        for (Bottleneck b : bottlenecks()) {
            if (b.first()) {
                all.add(new Convolution(1, b.stride(), b.inputs(), b.outputs(), rows, columns));
            }
            all.add(new Convolution(1, 1, b.inputs(), b.middle(), rows, columns));
            all.add(new Convolution(MIDDLE_SIZE, b.stride(), b.middle(), b.middle(), rows, columns));
            rows = Math.ceilDiv(rows, b.stride());
            columns = Math.ceilDiv(columns, b.stride());
            all.add(new Convolution(1, 1, b.middle(), b.outputs(), rows, columns));
        }
        return all;
    }

    /** The largest number of elements that any of these convolutions reads or writes for one image: its input, its windows, its output or its weights. */
    static long mostElements(List<Convolution> convolutions) {
        long most = 0;
        for (Convolution c : convolutions) {
            long inputs = (long) c.height() * c.width() * c.inputs();
            long windows = (long) Math.ceilDiv(c.height(), c.stride()) * Math.ceilDiv(c.width(), c.stride()) * Math.max(c.window(), c.outputs());
            most = Math.max(most, Math.max(Math.max(inputs, windows), (long) c.window() * c.outputs()));
        }
        return most;
    }

    /** All bottlenecks, in the order of the forward pass. */
    public List<Bottleneck> bottlenecks() {
        List<Bottleneck> all = new ArrayList<>();
        int inputs = width;
        for (int s = 0; s < stages.size(); s++) {
            Stage stage = stages.get(s);
            for (int b = 0; b < stage.blocks(); b++) {
                all.add(new Bottleneck(s, b, inputs, stage.middle(), stage.channels(), b == 0 && s > 0 ? 2 : 1));
                inputs = stage.channels();
            }
        }
        return all;
    }
}
