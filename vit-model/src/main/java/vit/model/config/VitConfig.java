package vit.model.config;

import java.io.Serializable;
import java.util.Objects;
import vit.kernels.gelu.GeluKind;
import vit.kernels.patchembed.PatchOrder;

/**
 * Everything in which Vision Transformers differ, as a small tree of records in the order of the forward pass. No other class has a constant for any
 * of it. Immutable. Start from {@link #builder()} or {@link VitVariants}.
 *
 * <pre>{@code
 * VitConfig config = VitConfig.builder().image(64, 64).patch(8).width(192).depth(6).heads(3).classes(12).build();
 * }</pre>
 *
 * <p>Besides the components there is a method for every leaf of the tree, for example {@link #heads()}, so that code need not spell out the path to it.
 *
 * @param family    id of the weight family, for example {@code timm}; decides the names of tensors when the model is saved
 * @param stem      how an image becomes patch tokens
 * @param prefix    the learned tokens before the patch tokens
 * @param positions where position embeddings come from and which tokens get one
 * @param preNorm   whether a norm stands between the tokens and the first block (CLIP)
 * @param width     C, the embedding width
 * @param depth     number of encoder blocks
 * @param block     the encoder block; all blocks are alike
 * @param pool      how the tokens of the last block become one vector
 * @param head      what turns that vector into logits
 */
public record VitConfig(
        String family,
        StemConfig stem,
        TokensConfig prefix,
        Positions positions,
        boolean preNorm,
        int width,
        int depth,
        BlockConfig block,
        PoolConfig pool,
        HeadConfig head) implements Serializable {

    /** How the tokens become the vector that the head is given. */
    public enum Pooling {
        /** The class token. */
        TOKEN(1),
        /** The mean of the patch tokens, prefix tokens left out: timm's {@code avg}. */
        PATCH_MEAN(1),
        /** The mean of all tokens. */
        ALL_MEAN(1),
        /** The class token, then the mean of the patch tokens: DINOv2's classifiers. */
        TOKEN_AND_PATCH_MEAN(2),
        /** The maximum of the patch tokens, element by element: timm's {@code max}. */
        PATCH_MAX(1),
        /** The maximum of all tokens. */
        ALL_MAX(1),
        /** Half the sum of the maximum and the mean of the patch tokens: timm's {@code avgmax}. */
        PATCH_MEAN_MAX(1),
        /** The same over all tokens. */
        ALL_MEAN_MAX(1),
        /** Attention of one learned query to the patch tokens, then an MLP: SigLIP's MAP head (Zhai et al. 2022), timm's {@code map}. */
        PATCH_ATTENTION(1),
        /** The same over all tokens. */
        ALL_ATTENTION(1);

        private final int width;

        Pooling(int width) {
            this.width = width;
        }

        /** The width of the pooled vector, in widths of a token. */
        public int width() {
            return width;
        }

        /** Whether the class token is used. */
        public boolean needsClassToken() {
            return this == TOKEN || this == TOKEN_AND_PATCH_MEAN;
        }

        /** Whether the prefix tokens are pooled like patches. */
        public boolean includesPrefix() {
            return this == ALL_MEAN || this == ALL_MAX || this == ALL_MEAN_MAX || this == ALL_ATTENTION;
        }

        /** Whether a learned query pools. */
        public boolean isAttention() {
            return this == PATCH_ATTENTION || this == ALL_ATTENTION;
        }
    }

    /** Where the final norm stands. */
    public enum FinalNorm {
        /** Every token is normalised, then they are pooled. */
        BEFORE_POOLING,
        /** The pooled vector is normalised: timm's {@code fc_norm}. */
        AFTER_POOLING,
        /** There is none. */
        NONE
    }

    /** Position embeddings, which are added to the tokens before the first block. */
    public enum Positions {
        /** None: blocks have relative or rotary positions, or the model sees a set of patches. */
        NONE,
        /** Learned, one for every token. */
        LEARNED,
        /** Learned, for the class token and the patches; registers have none (DINOv2). */
        LEARNED_CLASS_AND_PATCHES,
        /** Learned, for patch tokens only (timm's {@code no_embed_class}). */
        LEARNED_PATCHES,
        /**
         * Learned, a table for the columns of the grid and one for its rows, each with half of the channels; a patch gets the row of its column, then that of
         * its row (Dosovitskiy et al. 2020, appendix D.4). For patch tokens only: a row of the class token would only add to a token that is learned itself.
         */
        LEARNED_AXES,
        /** Fixed 2-D sine and cosine, for patch tokens only. */
        SINCOS_2D,
        /**
         * Fixed sine and cosine of the token's number in the sequence (Vaswani et al. 2017, section 3.5): the class token is number 0 if there is one, then
         * the distillation token, then the patches in row order; registers have none.
         */
        SINCOS_1D;

        /** Whether positions are learned, in one table or in two. */
        public boolean isLearned() {
            return isTable() || this == LEARNED_AXES;
        }

        /** Whether there is one learned table with a row for every token that has a position. */
        public boolean isTable() {
            return this == LEARNED || this == LEARNED_CLASS_AND_PATCHES || this == LEARNED_PATCHES;
        }

        /** Whether positions are computed from the grid, so that there is nothing to learn or to store. */
        public boolean isFixed() {
            return this == SINCOS_2D || this == SINCOS_1D;
        }

        /** How many of the first prefix tokens have a position. */
        public int prefixRows(TokensConfig prefix) {
            return switch (this) {
                case LEARNED -> prefix.count();
                case LEARNED_CLASS_AND_PATCHES, SINCOS_1D -> prefix.count() - prefix.registers();
                case NONE, LEARNED_PATCHES, LEARNED_AXES, SINCOS_2D -> 0;
            };
        }
    }

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if the parts contradict one another, or the model is too large to be indexed; the message names the rule
     */
    public VitConfig {
        Objects.requireNonNull(family, "family");
        Objects.requireNonNull(positions, "positions");
        Dimensions.check("width", width, 1);
        Dimensions.check("depth", depth, 0);
        Dimensions.require(!pool.pooling().needsClassToken() || prefix.classToken(), "pooling by class token needs a class token");
        Dimensions.require(!prefix.distillationToken() || pool.pooling() == Pooling.TOKEN,
                "a distillation token has a head of its own: pooling must be by token");
        Dimensions.require(positions != Positions.SINCOS_2D || width % 4 == 0,
                "2-D sine and cosine positions need a width divisible by 4, not " + width);
        Dimensions.require(positions != Positions.SINCOS_2D || width > 4, "2-D sine and cosine positions need a width above 4");
        Dimensions.require(positions != Positions.LEARNED_AXES && positions != Positions.SINCOS_1D || width % 2 == 0,
                (positions == Positions.LEARNED_AXES ? "positions by axis" : "1-D sine and cosine positions") + " need an even width, not " + width);
        Dimensions.require(block.attention().relative() == AttentionConfig.RelativePositions.NONE || prefix.classToken() && prefix.count() == 1,
                "relative positions need a class token and no other token before the patches");
        Dimensions.require(!pool.pooling().isAttention() || block.attention().inner() == width, "pooling by attention needs heads · head_dim = width");
        Dimensions.require(!head.preLogits() || pool.pooling().width() == 1, "a pre-logits layer needs a pooled vector of the model's width");
        checkSizes(stem, prefix, width, block, pool, head);
    }

    /** Checks that every buffer and every weight matrix can be indexed by an int. */
    private static void checkSizes(StemConfig stem, TokensConfig prefix, int width, BlockConfig block, PoolConfig pool,
            HeadConfig head) {
        long inner = (long) block.attention().heads() * block.attention().headDim();
        long patchElements = (long) stem.patch() * stem.patch() * stem.patchChannels();
        long tokens = (long) stem.gridHeight() * stem.gridWidth() + 2 + prefix.registers();
        long widest = Math.max(Math.max(3 * inner, block.mlp().expanded()), Math.max(width, patchElements));
        Dimensions.require(widest <= Dimensions.MOST * 4L, "a layer is " + widest + " wide");
        Dimensions.require(tokens * widest <= Dimensions.MOST_ELEMENTS, "one image needs " + tokens + " tokens of " + widest + " elements");
        long backbone = BackboneConfig.mostElements(stem.convolutions());
        Dimensions.require(backbone <= Dimensions.MOST_ELEMENTS, "a step of the backbone needs " + backbone + " elements");
        Dimensions.require(widest * width <= Dimensions.MOST_ELEMENTS && (long) head.classes() * pool.pooling().width() * width <= Dimensions.MOST_ELEMENTS,
                "a weight matrix has more than " + Dimensions.MOST_ELEMENTS + " elements");
    }

    /** T: prefix tokens and patches. */
    public int tokens() {
        return prefix.count() + stem.patches();
    }

    /** Rows of the one table of learned positions; 0 if there is none. */
    public int positionRows() {
        return positions.isTable() ? positionedPrefix() + patches() : 0;
    }

    /** How many of the first prefix tokens have a position. */
    public int positionedPrefix() {
        return positions.prefixRows(prefix);
    }

    /** The number of elements that the head is given: the width, or twice the width. */
    public int pooledWidth() {
        return pool.pooling().width() * width;
    }

    /** The number of elements of the image's embedding: the outputs of the projection if there is one, else those of the pooling. */
    public int embeddingWidth() {
        return isProjection() ? classes() : pooledWidth();
    }

    /** Whether the head gives embeddings rather than logits. */
    public boolean isProjection() {
        return head.kind() == HeadConfig.Kind.PROJECTION;
    }

    /** U, how many of the first tokens the heads use: one or two with pooling by token, all tokens otherwise. */
    public int pooledTokens() {
        if (pool.pooling() != Pooling.TOKEN) {
            return tokens();
        }
        return prefix.distillationToken() ? 2 : 1;
    }

    /** The largest number of elements that any step of the backbone reads or writes for one image; 0 without a backbone. */
    public long backboneElements() {
        return BackboneConfig.mostElements(stem.convolutions());
    }

    /** {@link StemConfig#imageHeight}. */
    public int imageHeight() {
        return stem.imageHeight();
    }

    /** {@link StemConfig#imageWidth}. */
    public int imageWidth() {
        return stem.imageWidth();
    }

    /** {@link StemConfig#channels}. */
    public int channels() {
        return stem.channels();
    }

    /** {@link StemConfig#patch}. */
    public int patch() {
        return stem.patch();
    }

    /** {@link StemConfig#patchPixels}. */
    public int patchPixels() {
        return stem.patchPixels();
    }

    /** {@link StemConfig#patchOrder}. */
    public PatchOrder patchOrder() {
        return stem.patchOrder();
    }

    /** {@link StemConfig#patchNorm}. */
    public boolean patchNorm() {
        return stem.patchNorm();
    }

    /** {@link StemConfig#gridHeight}. */
    public int gridHeight() {
        return stem.gridHeight();
    }

    /** {@link StemConfig#gridWidth}. */
    public int gridWidth() {
        return stem.gridWidth();
    }

    /** {@link StemConfig#patches}. */
    public int patches() {
        return stem.patches();
    }

    /** {@link StemConfig#patchElements}. */
    public int patchElements() {
        return stem.patchElements();
    }

    /** {@link TokensConfig#classToken}. */
    public boolean classToken() {
        return prefix.classToken();
    }

    /** {@link TokensConfig#distillationToken}. */
    public boolean distillationToken() {
        return prefix.distillationToken();
    }

    /** {@link TokensConfig#registers}. */
    public int registers() {
        return prefix.registers();
    }

    /** {@link TokensConfig#count}: tokens before the patches. */
    public int prefixTokens() {
        return prefix.count();
    }

    /** {@link BlockConfig#layerNormEps}. */
    public double layerNormEps() {
        return block.layerNormEps();
    }

    /** {@link BlockConfig#layerScale}. */
    public boolean layerScale() {
        return block.layerScale();
    }

    /** H, {@link AttentionConfig#heads}. */
    public int heads() {
        return block.attention().heads();
    }

    /** D, {@link AttentionConfig#headDim}. */
    public int headDim() {
        return block.attention().headDim();
    }

    /** {@link AttentionConfig#qkvBias}. */
    public boolean qkvBias() {
        return block.attention().qkvBias();
    }

    /** {@link AttentionConfig#outputBias}. */
    public boolean outputBias() {
        return block.attention().outputBias();
    }

    /** H·D, {@link AttentionConfig#inner}. */
    public int inner() {
        return block.attention().inner();
    }

    /** F, {@link MlpConfig#hidden}. */
    public int mlp() {
        return block.mlp().hidden();
    }

    /** {@link MlpConfig#gelu}. */
    public GeluKind gelu() {
        return block.mlp().gelu();
    }

    /** {@link PoolConfig#pooling}. */
    public Pooling pooling() {
        return pool.pooling();
    }

    /** {@link PoolConfig#finalNorm}. */
    public FinalNorm finalNorm() {
        return pool.finalNorm();
    }

    /** {@link MlpConfig#expanded}. */
    public int mlpExpanded() {
        return block.mlp().expanded();
    }

    /** {@link HeadConfig#preLogits}. */
    public boolean preLogits() {
        return head.preLogits();
    }

    /** {@link HeadConfig#classes}. */
    public int classes() {
        return head.classes();
    }

    /** {@link HeadConfig#scores}. */
    public Scores scores() {
        return head.scores();
    }

    /** A builder with timm's conventions and ViT-B/16's dimensions. */
    public static VitConfigBuilder builder() {
        return new VitConfigBuilder();
    }

    /** A builder that starts from this configuration. */
    public VitConfigBuilder toBuilder() {
        return new VitConfigBuilder(this);
    }
}
