package vit.model.config;

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
        int width,
        int depth,
        BlockConfig block,
        PoolConfig pool,
        HeadConfig head) {

    /** Which tokens become the vector that the head is given. */
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
        /** Every token is normalised, then they are pooled. */
        BEFORE_POOLING,
        /** The pooled vector is normalised: timm's {@code fc_norm}. */
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
        Dimensions.require(pool.pooling() != Pooling.TOKEN || prefix.classToken(), "pooling by class token needs a class token");
        Dimensions.require(!prefix.distillationToken() || pool.pooling() == Pooling.TOKEN,
                "a distillation token has a head of its own: pooling must be by token");
        Dimensions.require(positions != Positions.SINCOS_2D || width % 4 == 0,
                "2-D sine and cosine positions need a width divisible by 4, not " + width);
        Dimensions.require(positions != Positions.SINCOS_2D || width > 4, "2-D sine and cosine positions need a width above 4");
        checkSizes(stem, prefix, width, block, head);
    }

    /** Checks that every buffer and every weight matrix can be indexed by an int. */
    private static void checkSizes(StemConfig stem, TokensConfig prefix, int width, BlockConfig block, HeadConfig head) {
        long inner = (long) block.attention().heads() * block.attention().headDim();
        long patchElements = (long) stem.patch() * stem.patch() * stem.channels();
        long tokens = (long) stem.gridHeight() * stem.gridWidth() + 2 + prefix.registers();
        long widest = Math.max(Math.max(3 * inner, block.mlp().hidden()), Math.max(width, patchElements));
        Dimensions.require(widest <= Dimensions.MOST * 4L, "a layer is " + widest + " wide");
        Dimensions.require(tokens * widest <= Dimensions.MOST_ELEMENTS, "one image needs " + tokens + " tokens of " + widest + " elements");
        Dimensions.require(widest * width <= Dimensions.MOST_ELEMENTS && (long) head.classes() * width <= Dimensions.MOST_ELEMENTS,
                "a weight matrix has more than " + Dimensions.MOST_ELEMENTS + " elements");
    }

    /** T: prefix tokens and patches. */
    public int tokens() {
        return prefix.count() + stem.patches();
    }

    /** U, how many of the first tokens the heads use: one or two with pooling by token, all tokens with pooling by a mean. */
    public int pooledTokens() {
        if (pool.pooling() != Pooling.TOKEN) {
            return tokens();
        }
        return prefix.distillationToken() ? 2 : 1;
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
