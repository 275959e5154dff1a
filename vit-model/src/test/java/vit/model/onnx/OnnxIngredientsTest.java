package vit.model.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.kernels.gelu.GeluKind;
import vit.model.config.AttentionConfig.RelativePositions;
import vit.model.config.HeadConfig;
import vit.model.config.MlpConfig;
import vit.model.config.NormKind;
import vit.model.config.RotaryConfig;
import vit.model.config.RotaryConfig.Scheme;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;
import vit.model.parameters.GeneratedWeights;
import vit.model.positions.RelativeIndex;
import vit.model.positions.RotaryTables;

/** How each part in which models differ is written in operators. Whether the graph computes the right thing is tested with ONNX Runtime. */
class OnnxIngredientsTest {

    private static final int PATCHES = 6;

    private static final VitConfig PLAIN =
            VitConfig.builder().image(24, 16).patch(8).width(24).depth(2).heads(3).headDim(8).mlp(40).classes(7).build();

    @TempDir
    private Path folder;

    private OnnxFile standard(VitConfig config) throws IOException {
        return export(config, OnnxOperators.STANDARD);
    }

    private OnnxFile fused(VitConfig config) throws IOException {
        return export(config, OnnxOperators.ONNX_RUNTIME);
    }

    private OnnxFile export(VitConfig config, OnnxOperators operators) throws IOException {
        Path file = folder.resolve("model.onnx");
        OnnxExport.write(new GeneratedWeights(config, 5), file, operators);
        return OnnxFile.read(file);
    }

    @Test
    void aPatchProjectionMayHaveNoBias() throws IOException {
        assertEquals(List.of("images", "patch_embed.proj.weight"), standard(PLAIN.toBuilder().patchBias(false).build()).node("patch_embed.conv").inputs());
    }

    @Test
    void theNormBeforeTheBlocksReadsThePositionedTokens() throws IOException {
        OnnxFile file = standard(PLAIN.toBuilder().preNorm(true).build());
        assertEquals("tokens.positioned", file.node("norm_pre").inputs().getFirst());
        assertEquals("norm_pre", file.node("blocks.0.norm1").inputs().getFirst());
    }

    @Test
    void registersHaveNoPositionsBesideThoseOfClassTokenAndPatches() throws IOException {
        OnnxFile file = standard(PLAIN.toBuilder().registers(2).positions(Positions.LEARNED_CLASS_AND_PATCHES).build());
        assertArrayEquals(new long[] {1, PATCHES}, file.constants().get("positions.rows").integers());
        assertEquals(List.of("cls_token", "positions.prefix"), file.node("prefix.positioned").inputs());
        assertEquals(List.of("prefix.positioned", "reg_token"), file.node("prefix").inputs());
        assertEquals(List.of("patches", "positions.patches"), file.node("patches.positioned").inputs());
    }

    @Test
    void aModelMayHaveNoPositions() throws IOException {
        OnnxFile file = standard(PLAIN.toBuilder().positions(Positions.NONE).build());
        assertEquals("tokens", file.node("blocks.0.norm1").inputs().getFirst());
    }

    @Test
    void rmsNormIsComposedOrTheRuntimesOwn() throws IOException {
        VitConfig config = PLAIN.toBuilder().norm(NormKind.RMS).layerNormEps(1e-5).build();
        OnnxFile composed = standard(config);
        assertEquals(0, composed.count("LayerNormalization"));
        assertEquals(1 + 2 * 2, composed.count("Sqrt"));
        assertArrayEquals(new float[] {1e-5f}, composed.constants().get("norm.epsilon").floats());
        OnnxFile fused = fused(config);
        assertEquals(3, fused.count("SkipSimplifiedLayerNormalization"));
        assertEquals(2, fused.count("SimplifiedLayerNormalization"), "the first norm and the last follow no addition of two branches");
        assertEquals(1e-5f, fused.node("norm").attributes().get("epsilon"));
        assertEquals(List.of("blocks.0.attn.proj.product", "tokens.positioned", "blocks.0.norm2.weight", "blocks.0.attn.proj.bias"),
                fused.node("blocks.0.norm2").inputs());
    }

    @Test
    void layerScalePrecedesTheAdditionInBothForms() throws IOException {
        VitConfig config = PLAIN.toBuilder().layerScale(true).build();
        assertEquals(List.of("blocks.0.attn.proj", "blocks.0.ls1.gamma"), standard(config).node("blocks.0.residual1.scaled").inputs());
        OnnxFile.Node skip = fused(config).node("blocks.0.norm2");
        assertEquals("SkipLayerNormalization", skip.operator());
        assertEquals(List.of("blocks.0.residual1.scaled", "tokens.positioned", "blocks.0.norm2.weight", "blocks.0.norm2.bias"), skip.inputs());
    }

    @Test
    void quickGeluIsComposedOrTheRuntimesOwn() throws IOException {
        VitConfig config = PLAIN.toBuilder().gelu(GeluKind.QUICK).build();
        assertArrayEquals(new float[] {1.702f}, standard(config).constants().get("mlp.gelu.slope").floats());
        assertEquals(1.702f, fused(config).node("blocks.0.mlp.gelu").attributes().get("alpha"));
    }

    @Test
    void swiGluGatesTheSecondHalfByTheFirst() throws IOException {
        VitConfig config = PLAIN.toBuilder().mlpKind(MlpConfig.Kind.SWIGLU).mlpNorm(true).mlpBias(false).build();
        OnnxFile file = standard(config);
        assertEquals(List.of("blocks.1.mlp.a", "blocks.1.mlp.b"), file.node("blocks.1.mlp.split").outputs());
        assertEquals(List.of("blocks.1.mlp.a", "blocks.1.mlp.silu.sigmoid"), file.node("blocks.1.mlp.silu").inputs());
        assertEquals(List.of("blocks.1.mlp.silu", "blocks.1.mlp.b"), file.node("blocks.1.mlp.gated").inputs());
        assertEquals("blocks.1.mlp.gated", file.node("blocks.1.mlp.norm").inputs().getFirst());
        assertEquals("MatMul", file.node("blocks.1.mlp.fc2").operator(), "a layer without a bias is the product");
        assertEquals(1f, fused(config).node("blocks.1.mlp.silu").attributes().get("alpha"));
    }

    @Test
    void keysWithoutBiasHaveZeros() throws IOException {
        OnnxFile file = standard(PLAIN.toBuilder().keyBias(false).build());
        assertEquals(List.of("blocks.0.attn.q_bias", "attn.no_key_bias", "blocks.0.attn.v_bias"), file.node("blocks.0.attn.qkv.bias").inputs());
        assertArrayEquals(new float[24], file.constants().get("attn.no_key_bias").floats());
    }

    @Test
    void queriesAndKeysAreNormedHeadByHead() throws IOException {
        VitConfig config = PLAIN.toBuilder().queryKeyNorm(true).attentionNorm(true).build();
        OnnxFile file = standard(config);
        assertEquals("blocks.0.attn.q.split", file.node("blocks.0.attn.q_norm").inputs().getFirst());
        assertEquals(List.of("blocks.0.attn.k_norm"), file.node("blocks.0.attn.k.heads").inputs());
        assertEquals(List.of("blocks.0.attn.v.split"), file.node("blocks.0.attn.v.heads").inputs());
        assertEquals("blocks.0.attn.tokens", file.node("blocks.0.attn.norm").inputs().getFirst());
        assertEquals(List.of("blocks.0.attn.q.normed", "blocks.0.attn.k.normed", "blocks.0.attn.v"), fused(config).node("blocks.0.attn.tokens").inputs());
    }

    @Test
    void rotationLeavesThePrefixAsItIs() throws IOException {
        int prefix = 1 + 2;
        for (Scheme scheme : Scheme.values()) {
            RotaryConfig rotary = new RotaryConfig(scheme, 100, 5, 4);
            VitConfig config = PLAIN.toBuilder().rotary(rotary).registers(2).build();
            RotaryTables tables = RotaryTables.of(rotary, 3, 2, 8);
            OnnxFile file = standard(config);
            OnnxFile.Constant cos = file.constants().get("rotary.cos");
            assertEquals(List.of((long) prefix + PATCHES, 1L, 8L), cos.dimensions());
            float[] ones = new float[prefix * 8];
            Arrays.fill(ones, 1);
            assertArrayEquals(ones, Arrays.copyOf(cos.floats(), ones.length));
            assertArrayEquals(new float[ones.length], Arrays.copyOf(file.constants().get("rotary.sin").floats(), ones.length), 0f);
            assertArrayEquals(tables.cos(), Arrays.copyOfRange(cos.floats(), ones.length, cos.floats().length));
            assertArrayEquals(scheme == Scheme.DINOV3 ? new long[] {4, 5, 6, 7, 0, 1, 2, 3} : new long[] {1, 0, 3, 2, 5, 4, 7, 6},
                    file.constants().get("rotary.partners").integers());
            OnnxFile.Node own = fused(config).node("blocks.0.attn.q.rotated");
            assertEquals(scheme == Scheme.EVA ? 1L : 0L, own.attributes().get("interleaved"));
            assertEquals(List.of((long) prefix + PATCHES, 4L), fused(config).constants().get("rotary.sin").dimensions());
        }
    }

    @Test
    void relativePositionsAreGatheredByBlockOrOnce() throws IOException {
        VitConfig config = PLAIN.toBuilder().relative(RelativePositions.BY_BLOCK).build();
        OnnxFile byBlock = standard(config);
        int[] index = RelativeIndex.of(3, 2);
        OnnxFile.Constant constant = byBlock.constants().get("relative.index");
        assertEquals(List.of(1L + PATCHES, 1L + PATCHES), constant.dimensions());
        assertArrayEquals(Arrays.stream(index).asLongStream().toArray(), constant.integers());
        assertEquals("blocks.1.attn.relative", byBlock.node("blocks.1.attn.biased").inputs().getLast());
        OnnxFile shared = fused(PLAIN.toBuilder().relative(RelativePositions.SHARED).build());
        assertEquals(1, shared.count("Unsqueeze"));
        assertEquals(List.of("blocks.1.attn.q", "blocks.1.attn.k", "blocks.1.attn.v", "", "", "relative"), shared.node("blocks.1.attn.tokens").inputs());
    }

    @Test
    void theFinalNormStandsBeforeOrAfterThePoolingOrNowhere() throws IOException {
        VitConfig config = PLAIN.toBuilder().pooling(Pooling.PATCH_MEAN_MAX).build();
        assertEquals("norm", standard(config).node("pool.patches").inputs().getFirst());
        assertEquals("pool.half", standard(config.toBuilder().finalNorm(FinalNorm.AFTER_POOLING).build()).node("fc_norm").inputs().getFirst());
        OnnxFile none = standard(config.toBuilder().finalNorm(FinalNorm.NONE).build());
        assertEquals("blocks.1.residual2", none.node("pool.patches").inputs().getFirst());
        assertEquals("pool.half", none.node("logits").inputs().getFirst());
    }

    @Test
    void classTokenAndPatchMeanStandSideBySide() throws IOException {
        OnnxFile file = standard(PLAIN.toBuilder().pooling(Pooling.TOKEN_AND_PATCH_MEAN).classes(0).build());
        assertEquals(List.of("class.token", "pool.mean"), file.node("pool.joined").inputs());
        assertEquals(List.of(new OnnxFile.Value("embeddings", List.of("batch", 48L))), file.outputs());
    }

    @Test
    void poolingByAttentionDividesOneProjection() throws IOException {
        OnnxFile file = standard(PLAIN.toBuilder().pooling(Pooling.PATCH_ATTENTION).build());
        assertEquals(1L, file.node("attn_pool.split.kernel").attributes().get("axis"));
        assertEquals(List.of("attn_pool.latent", "attn_pool.q.kernel"), file.node("attn_pool.q.product").inputs());
        assertEquals(List.of("norm", "attn_pool.v.kernel"), file.node("attn_pool.v.product").inputs());
        assertEquals(List.of("attn_pool.proj", "attn_pool.mlp.fc2"), file.node("attn_pool.pooled").inputs());
    }

    @Test
    void aProjectionGivesEmbeddings() throws IOException {
        OnnxFile file = standard(PLAIN.toBuilder().head(HeadConfig.Kind.PROJECTION).headBias(false).build());
        assertEquals(List.of(new OnnxFile.Value("embeddings", List.of("batch", 7L))), file.outputs());
        assertEquals(List.of("norm", "head.weight"), file.node("embeddings").inputs());
        assertNull(file.constants().get("head.bias"));
    }

    @Test
    void aDistilledEmbeddingIsTheMeanOfBothTokens() throws IOException {
        OnnxFile file = standard(PLAIN.toBuilder().distillationToken(true).classes(0).build());
        assertEquals(List.of("norm", "distilled.norm"), file.node("embeddings.sum").inputs());
        assertFalse(file.constants().containsKey("head_dist.weight"));
        assertTrue(file.constants().containsKey("half"));
    }
}
