package vit.model;

import java.util.Objects;
import vit.kernels.gelu.GeluKind;
import vit.kernels.patchembed.PatchOrder;

/**
 * Everything in which Vision Transformers differ; none of it is a constant elsewhere. Immutable. Start from
 * {@link #builder()} or {@link VitVariants}.
 *
 * @param family        id of the weight family, for example {@code timm}; decides tensor names when saving
 * @param imageHeight   pixels, a multiple of {@code patch}
 * @param imageWidth    pixels, a multiple of {@code patch}
 * @param patch         side of the square patches, pixels
 * @param channels      input channels
 * @param width         C, the embedding width
 * @param depth         number of encoder blocks
 * @param heads         H, attention heads
 * @param headDim       D, width of a head; H·D need not be C
 * @param mlp           F, hidden width of the MLP
 * @param classes       outputs of the head; 0: no head, the model only embeds
 * @param layerNormEps  epsilon of every LayerNorm
 * @param gelu          which GELU the MLP uses
 * @param qkvBias       whether the query, key, value projection has a bias
 * @param outputBias    whether the attention output projection has a bias
 * @param pooling       what becomes of the tokens before the head
 * @param finalNorm     whether the final LayerNorm precedes or follows pooling
 * @param classToken    whether a class token is the first token
 * @param distillationToken whether a second prefix token carries DeiT's distillation head
 * @param registers     number of register tokens, after class and distillation token
 * @param positions     where position embeddings come from and which tokens get one
 * @param patchOrder    order of the elements inside a flattened patch
 * @param patchNorm     whether a LayerNorm stands before and another after the patch projection (vit-pytorch)
 * @param layerScale    whether each branch is scaled by a learned vector before the residual addition
 * @param preLogits     whether a square linear layer and tanh stand before the head
 * @param scores        what makes scores of the logits; the sigmoid where there is one class
 */
public record VitConfig(
        String family,
        int imageHeight,
        int imageWidth,
        int patch,
        int channels,
        int width,
        int depth,
        int heads,
        int headDim,
        int mlp,
        int classes,
        double layerNormEps,
        GeluKind gelu,
        boolean qkvBias,
        boolean outputBias,
        Pooling pooling,
        FinalNorm finalNorm,
        boolean classToken,
        boolean distillationToken,
        int registers,
        Positions positions,
        PatchOrder patchOrder,
        boolean patchNorm,
        boolean layerScale,
        boolean preLogits,
        Scores scores) {

    /** What becomes of the tokens before the head. */
    public enum Pooling {
        /** The class token. */
        TOKEN,
        /** The mean of the patch tokens, prefix tokens left out: timm's {@code avg}. */
        PATCH_MEAN,
        /** The mean of all tokens. */
        ALL_MEAN
    }

    /** Where the final LayerNorm stands. */
    public enum FinalNorm {
        BEFORE_POOLING,
        AFTER_POOLING
    }

    /** Position embeddings. */
    public enum Positions {
        /** Learned, one for every token. */
        LEARNED,
        /** Learned, for patch tokens only (timm's {@code no_embed_class}). */
        LEARNED_PATCHES,
        /** Fixed 2-D sine and cosine, for patch tokens only. */
        SINCOS_2D
    }

    /** Largest value of any dimension: keeps every product of three within a long. */
    private static final int MAX_DIMENSION = 1 << 20;

    /** Most tokens, elements of a token's MLP and such, that the kernels index by an int. */
    private static final long MAX_ELEMENTS = Integer.MAX_VALUE / Float.BYTES;

    public VitConfig {
        Objects.requireNonNull(family, "family");
        Objects.requireNonNull(gelu, "gelu");
        Objects.requireNonNull(pooling, "pooling");
        Objects.requireNonNull(finalNorm, "finalNorm");
        Objects.requireNonNull(positions, "positions");
        Objects.requireNonNull(patchOrder, "patchOrder");
        Objects.requireNonNull(scores, "scores");
        dimension("image height", imageHeight, 1);
        dimension("image width", imageWidth, 1);
        dimension("patch", patch, 1);
        dimension("channels", channels, 1);
        dimension("width", width, 1);
        dimension("depth", depth, 0);
        dimension("heads", heads, 1);
        dimension("head_dim", headDim, 1);
        dimension("mlp", mlp, 1);
        dimension("classes", classes, 0);
        dimension("registers", registers, 0);
        require(imageHeight % patch == 0 && imageWidth % patch == 0,
                "image " + imageHeight + "×" + imageWidth + " is not divisible by the patch " + patch);
        require(layerNormEps >= 0 && layerNormEps < 1, "layer_norm_eps " + layerNormEps + " is not in [0, 1)");
        require(classes != 1 || scores == Scores.SIGMOID, "one class has sigmoid scores: its softmax is 1 whatever the image");
        require(pooling != Pooling.TOKEN || classToken, "pooling by class token needs a class token");
        require(!distillationToken || classToken, "a distillation token needs a class token");
        require(!distillationToken || pooling == Pooling.TOKEN, "a distillation token has a head of its own: pooling must be by token");
        require(positions != Positions.SINCOS_2D || width % 4 == 0,
                "2-D sine and cosine positions need a width divisible by 4, not " + width);
        require(positions != Positions.SINCOS_2D || width > 4, "2-D sine and cosine positions need a width above 4");
        long inner = (long) heads * headDim;
        long patchElements = (long) patch * patch * channels;
        long tokens = (long) (imageHeight / patch) * (imageWidth / patch) + 2 + registers;
        long widest = Math.max(Math.max(3 * inner, mlp), Math.max(width, patchElements));
        require(widest <= MAX_DIMENSION * 4L, "a layer is " + widest + " wide");
        require(tokens * widest <= MAX_ELEMENTS, "one image needs " + tokens + " tokens of " + widest + " elements");
        require(widest * width <= MAX_ELEMENTS && (long) classes * width <= MAX_ELEMENTS,
                "a weight matrix has more than " + MAX_ELEMENTS + " elements");
    }

    private static void dimension(String name, int value, int least) {
        require(value >= least && value <= MAX_DIMENSION, name + " " + value + " is not in " + least + " … " + MAX_DIMENSION);
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException(message);
        }
    }

    /** Patches in a column of the image. */
    public int gridHeight() {
        return imageHeight / patch;
    }

    /** Patches in a row of the image. */
    public int gridWidth() {
        return imageWidth / patch;
    }

    /** Patches in the image. */
    public int patches() {
        return gridHeight() * gridWidth();
    }

    /** Tokens before the patches: class, distillation, registers. */
    public int prefixTokens() {
        return (classToken ? 1 : 0) + (distillationToken ? 1 : 0) + registers;
    }

    /** T: prefix tokens and patches. */
    public int tokens() {
        return prefixTokens() + patches();
    }

    /** U: how many of the first tokens the heads look at, or all of them where a mean is pooled. */
    public int pooledTokens() {
        if (pooling != Pooling.TOKEN) {
            return tokens();
        }
        return distillationToken ? 2 : 1;
    }

    /** H·D, the width inside attention. */
    public int inner() {
        return heads * headDim;
    }

    /** Elements of a flattened patch. */
    public int patchElements() {
        return patch * patch * channels;
    }

    /** A builder with timm's conventions and ViT-B/16's dimensions. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that starts from this configuration. */
    public Builder toBuilder() {
        return new Builder(this);
    }

    /** Builds a {@link VitConfig}; every setter returns the builder. Not for several threads. */
    public static final class Builder {
        private String family = "timm";
        private int imageHeight = 224;
        private int imageWidth = 224;
        private int patch = 16;
        private int channels = 3;
        private int width = 768;
        private int depth = 12;
        private int heads = 12;
        private int headDim; // 0: width / heads
        private int mlp; // 0: 4 · width
        private int classes = 1000;
        private double layerNormEps = 1e-6;
        private GeluKind gelu = GeluKind.ERF;
        private boolean qkvBias = true;
        private boolean outputBias = true;
        private Pooling pooling = Pooling.TOKEN;
        private FinalNorm finalNorm = FinalNorm.BEFORE_POOLING;
        private boolean classToken = true;
        private boolean distillationToken;
        private int registers;
        private Positions positions = Positions.LEARNED;
        private PatchOrder patchOrder = PatchOrder.CHANNEL_FIRST;
        private boolean patchNorm;
        private boolean layerScale;
        private boolean preLogits;
        private Scores scores; // null: by the number of classes

        private Builder() {}

        private Builder(VitConfig c) {
            family = c.family;
            imageHeight = c.imageHeight;
            imageWidth = c.imageWidth;
            patch = c.patch;
            channels = c.channels;
            width = c.width;
            depth = c.depth;
            heads = c.heads;
            headDim = c.headDim;
            mlp = c.mlp;
            classes = c.classes;
            layerNormEps = c.layerNormEps;
            gelu = c.gelu;
            qkvBias = c.qkvBias;
            outputBias = c.outputBias;
            pooling = c.pooling;
            finalNorm = c.finalNorm;
            classToken = c.classToken;
            distillationToken = c.distillationToken;
            registers = c.registers;
            positions = c.positions;
            patchOrder = c.patchOrder;
            patchNorm = c.patchNorm;
            layerScale = c.layerScale;
            preLogits = c.preLogits;
            scores = c.scores == byClasses(c.classes) ? null : c.scores;
        }

        public Builder family(String value) {
            family = value;
            return this;
        }

        /** Height and width in pixels. */
        public Builder image(int height, int width) {
            imageHeight = height;
            imageWidth = width;
            return this;
        }

        public Builder patch(int value) {
            patch = value;
            return this;
        }

        public Builder channels(int value) {
            channels = value;
            return this;
        }

        public Builder width(int value) {
            width = value;
            return this;
        }

        public Builder depth(int value) {
            depth = value;
            return this;
        }

        public Builder heads(int value) {
            heads = value;
            return this;
        }

        /** 0 (the default) stands for width / heads. */
        public Builder headDim(int value) {
            headDim = value;
            return this;
        }

        /** 0 (the default) stands for 4 · width. */
        public Builder mlp(int value) {
            mlp = value;
            return this;
        }

        public Builder classes(int value) {
            classes = value;
            return this;
        }

        public Builder layerNormEps(double value) {
            layerNormEps = value;
            return this;
        }

        public Builder gelu(GeluKind value) {
            gelu = value;
            return this;
        }

        public Builder qkvBias(boolean value) {
            qkvBias = value;
            return this;
        }

        public Builder outputBias(boolean value) {
            outputBias = value;
            return this;
        }

        public Builder pooling(Pooling value) {
            pooling = value;
            return this;
        }

        public Builder finalNorm(FinalNorm value) {
            finalNorm = value;
            return this;
        }

        public Builder classToken(boolean value) {
            classToken = value;
            return this;
        }

        public Builder distillationToken(boolean value) {
            distillationToken = value;
            return this;
        }

        public Builder registers(int value) {
            registers = value;
            return this;
        }

        public Builder positions(Positions value) {
            positions = value;
            return this;
        }

        public Builder patchOrder(PatchOrder value) {
            patchOrder = value;
            return this;
        }

        public Builder patchNorm(boolean value) {
            patchNorm = value;
            return this;
        }

        public Builder layerScale(boolean value) {
            layerScale = value;
            return this;
        }

        public Builder preLogits(boolean value) {
            preLogits = value;
            return this;
        }

        /** What makes scores of the logits; null (the default) stands for the sigmoid where there is one class, else the softmax. */
        public Builder scores(Scores value) {
            scores = value;
            return this;
        }

        private static Scores byClasses(int classes) {
            return classes == 1 ? Scores.SIGMOID : Scores.SOFTMAX;
        }

        /**
         * The configuration.
         *
         * @throws IllegalArgumentException with the field and the rule, if the values do not make a model
         */
        public VitConfig build() {
            if (headDim == 0 && (heads < 1 || width % heads != 0)) {
                throw new IllegalArgumentException("width " + width + " is not divisible by " + heads + " heads, and no head_dim is given");
            }
            long hidden = mlp == 0 ? 4L * width : mlp;
            if (hidden > MAX_DIMENSION) {
                throw new IllegalArgumentException("mlp " + hidden + " is not in 1 … " + MAX_DIMENSION);
            }
            return new VitConfig(family, imageHeight, imageWidth, patch, channels, width, depth, heads,
                    headDim == 0 ? width / heads : headDim, (int) hidden, classes, layerNormEps, gelu, qkvBias, outputBias,
                    pooling, finalNorm, classToken, distillationToken, registers, positions, patchOrder, patchNorm,
                    layerScale, preLogits, scores == null ? byClasses(classes) : scores);
        }
    }
}
