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
