package vit.model.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The counted multiply-adds of a forward pass against published figures. */
class ForwardCostTest {

    /** Published figures in 10⁹ multiply-adds (timm, torchvision; Touvron et al. 2020 for Ti and S). */
    @ParameterizedTest
    @CsvSource({"tiny_patch16, 1.25", "small_patch16, 4.60", "base_patch16, 17.56", "base_patch32, 4.41", "base_patch8, 78.2",
        "large_patch16, 61.6", "huge_patch14, 167.3"})
    void costIsThePublishedOne(String variant, double gmacs) {
        ForwardCost cost = ForwardCost.of(VitVariants.find("vit_" + variant + "_224").orElseThrow());
        assertEquals(gmacs, (cost.linear() + cost.attention()) / 1e9, gmacs * 0.003);
        assertEquals(2.0 * (cost.linear() + cost.attention()), cost.flops());
    }

    /** SwiGLU has three matrices of width times hidden width where GELU has two, in the blocks and in the tokens that the last block skips. */
    @Test
    void swiGluCostsThreeMatrices() {
        VitConfig two = VitConfig.builder().width(384).depth(12).heads(6).mlp(1024).build();
        VitConfig three = two.toBuilder().mlpKind(MlpConfig.Kind.SWIGLU).build();
        assertEquals(12L * 197 * 384 * 1024, ForwardCost.of(three).linear() - ForwardCost.of(two).linear());
        assertEquals((11L * 197 + 1) * 384 * 1024, ForwardCost.ofPooledTokens(three).linear() - ForwardCost.ofPooledTokens(two).linear());
    }

    /** Pooling by attention projects keys and values of every token: 1.3 % of SigLIP B/16. */
    @Test
    void poolingByAttentionCounts() {
        VitConfig mean = VitConfig.builder().classToken(false).pooling(VitConfig.Pooling.PATCH_MEAN).classes(0).build();
        ForwardCost cost = ForwardCost.of(mean.toBuilder().pooling(VitConfig.Pooling.PATCH_ATTENTION).build());
        assertEquals(ForwardCost.of(mean).linear() + (2L * 196 + 2) * 768 * 768 + 2L * 768 * 3072, cost.linear());
        assertEquals(ForwardCost.of(mean).attention() + 2L * 196 * 768, cost.attention());
    }

    /** A classifier over class token and mean patch is given two vectors. */
    @Test
    void headIsAsWideAsWhatItIsGiven() {
        VitConfig config = VitConfig.builder().pooling(VitConfig.Pooling.TOKEN_AND_PATCH_MEAN).build();
        assertEquals(2L * 768 * 1000, ForwardCost.of(config).linear() - ForwardCost.of(config.toBuilder().classes(0).build()).linear());
    }

    /** If the head uses one token, the last block of ViT-B/16 skips query, output projection and MLP of the other 196 tokens. */
    @Test
    void pooledTokensSaveTheRestOfTheLastBlock() {
        VitConfig config = VitVariants.find("vit_base_patch16_224").orElseThrow();
        assertEquals(196L * (2 * 768 * 768 + 2 * 768 * 3072) + 2L * 196 * 197 * 768,
                (ForwardCost.of(config).flops() - ForwardCost.ofPooledTokens(config).flops()) / 2);
        VitConfig mean = config.toBuilder().pooling(VitConfig.Pooling.PATCH_MEAN).build();
        assertEquals(ForwardCost.of(mean), ForwardCost.ofPooledTokens(mean));
    }
}
