package vit.model.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import vit.model.InputException;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.config.HeadConfig;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.Positions;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;
import vit.model.positions.PositionResampling;
import vit.model.weights.Weights;
import vit.model.weights.WeightsWriter;

/** Fine-tuning of trained weights for other classes and images of another size: what is kept, carried over, reset and dropped. */
class FineTuningTest {

    private static final VitConfig OLD =
            VitConfig.builder().image(32, 32).patch(8).width(24).depth(2).heads(3).mlp(40).classes(7).registers(2).build();

    @TempDir
    private Path folder;

    private static float[] read(ParameterSource source, String name) throws Exception {
        Parameter parameter = Parameters.of(source.config()).find(name);
        float[] values = new float[Math.toIntExact(parameter.shape().size())];
        source.read(parameter, values);
        return values;
    }

    @Test
    void headIsResetToZeroWhereClassesDifferOrItIsAsked() throws Exception {
        GeneratedWeights trained = new GeneratedWeights(OLD, 3);
        FineTuning other = FineTuning.of(trained, 5, 32, 32, true, PositionResampling.TIMM);
        assertTrue(other.hasNewHead());
        assertEquals(5, other.config().classes());
        assertArrayEquals(new float[5 * 24], read(other, "head.weight"));
        assertArrayEquals(new float[5], read(other, "head.bias"));
        assertArrayEquals(read(trained, "blocks.1.mlp.fc2.weight"), read(other, "blocks.1.mlp.fc2.weight"));
        assertArrayEquals(read(trained, "pos_embed"), read(other, "pos_embed"));
        FineTuning same = FineTuning.of(trained, 7, 32, 32, true, PositionResampling.TIMM);
        assertFalse(same.hasNewHead());
        assertArrayEquals(read(trained, "head.weight"), read(same, "head.weight"));
        assertArrayEquals(new float[7], read(FineTuning.of(trained, 7, 32, 32, false, PositionResampling.TIMM), "head.bias"));
    }

    @Test
    void distillationTokenAndPreLogitsAreDroppedWithTheirPositionsAndHeads() throws Exception {
        VitConfig distilled = OLD.toBuilder().distillationToken(true).preLogits(true).build();
        GeneratedWeights trained = new GeneratedWeights(distilled, 3);
        FineTuning plain = FineTuning.of(trained, 7, 32, 32, true, PositionResampling.TIMM);
        Parameters left = Parameters.of(plain.config());
        for (String dropped : new String[] {"dist_token", "head_dist.weight", "pre_logits.fc.weight"}) {
            assertEquals(null, left.find(dropped));
        }
        assertTrue(plain.hasNewHead(), "the old head stood on the pre-logits");
        float[] old = read(trained, "pos_embed");
        float[] kept = read(plain, "pos_embed");
        assertEquals(old.length - 24, kept.length);
        assertArrayEquals(Arrays.copyOf(old, 24), Arrays.copyOf(kept, 24), "the class token's");
        assertArrayEquals(Arrays.copyOfRange(old, 48, old.length), Arrays.copyOfRange(kept, 24, kept.length), "all after the distillation token's");
    }

    @ParameterizedTest
    @CsvSource({"48,32,LEARNED,TIMM", "16,64,LEARNED,JAX", "64,64,LEARNED_PATCHES,HUGGING_FACE"})
    void positionsAreCarriedOverByTheSourcesMethod(int height, int width, Positions positions, PositionResampling method) throws Exception {
        VitConfig old = OLD.toBuilder().positions(positions).build();
        GeneratedWeights trained = new GeneratedWeights(old, 3);
        int prefix = positions == Positions.LEARNED ? 3 : 0;
        float[] expected = method.resample(read(trained, "pos_embed"), prefix, 4, 4, height / 8, width / 8);
        assertArrayEquals(expected, read(FineTuning.of(trained, 5, height, width, true, method), "pos_embed"));
    }

    @ParameterizedTest
    @EnumSource(Positions.class)
    void resampledPositionsAreToldWhereThereAreSome(Positions positions) {
        VitConfig old = OLD.toBuilder().positions(positions).build();
        List<String> changes = FineTuning.of(new GeneratedWeights(old, 3), 7, 48, 32, true, PositionResampling.TIMM).changes();
        boolean learned = positions != Positions.NONE && positions != Positions.SINCOS_1D && positions != Positions.SINCOS_2D;
        assertEquals(learned ? List.of("positions of 4×4 patches are resampled to 6×4") : List.of(), changes);
    }

    @Test
    void whyTheHeadIsNewIsToldAsItIs() {
        assertEquals("the head starts from zero: the weights have 7 classes, the images 3", headChange(OLD, 3, true));
        assertEquals("the head starts from zero: the weights have 1 class, the images 3", headChange(OLD.toBuilder().classes(1).build(), 3, true));
        assertEquals("the head starts from zero: as asked for", headChange(OLD, 7, false));
        assertEquals("the head starts from zero: the weights have none", headChange(OLD.toBuilder().classes(0).build(), 3, true));
        VitConfig projection = OLD.toBuilder().classes(18).head(HeadConfig.Kind.PROJECTION).headBias(false).build();
        for (int classes : new int[] {3, 18}) {
            assertEquals("the head starts from zero: the weights have a projection in its place, which is left out", headChange(projection, classes, true));
        }
    }

    private static String headChange(VitConfig old, int classes, boolean keepHead) {
        return FineTuning.of(new GeneratedWeights(old, 3), classes, old.imageHeight(), old.imageWidth(), keepHead, PositionResampling.TIMM).changes().getFirst();
    }

    @Test
    void tablesByAxisAreCarriedOverEachOnItsOwn() throws Exception {
        VitConfig old = OLD.toBuilder().positions(Positions.LEARNED_AXES).build();
        GeneratedWeights trained = new GeneratedWeights(old, 3);
        FineTuning tuned = FineTuning.of(trained, 7, 48, 16, true, PositionResampling.JAX);
        assertArrayEquals(PositionResampling.JAX.resample(read(trained, "pos_embed_x"), 0, 1, 4, 1, 2), read(tuned, "pos_embed_x"));
        assertArrayEquals(PositionResampling.JAX.resample(read(trained, "pos_embed_y"), 0, 1, 4, 1, 6), read(tuned, "pos_embed_y"));
    }

    @Test
    void imagesThatThePatchesDoNotFitAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> FineTuning.of(new GeneratedWeights(OLD, 3), 5, 36, 32, true, PositionResampling.TIMM));
    }

    @ParameterizedTest
    @CsvSource({"timm,TIMM", "torchvision,TORCHVISION", "huggingface,HUGGING_FACE", "jax,JAX"})
    void aConfigurationNamedExplicitlyMayStateAnotherImage(String family, PositionResampling method) throws Exception {
        VitConfig old = OLD.toBuilder().registers(0).family(family).build();
        GeneratedWeights trained = new GeneratedWeights(old, 3);
        Path file = folder.resolve("weights.safetensors");
        WeightsWriter.write(file, trained, Map.of());
        Path stated = Files.writeString(folder.resolve("larger.json"), "{\"family\":\"" + family + "\",\"image\":[48,64],\"heads\":3}");
        float[] expected = method.resample(read(trained, "pos_embed"), 1, 4, 4, 6, 8);
        try (Weights weights = Weights.open(file, stated)) {
            assertEquals(48, weights.config().imageHeight());
            assertArrayEquals(expected, read(weights, "pos_embed"));
            assertArrayEquals(read(trained, "blocks.0.attn.qkv.weight"), read(weights, "blocks.0.attn.qkv.weight"));
            assertTrue(weights.report().notes().stream().anyMatch(note -> note.contains("4×4") && note.contains("48×64")), () -> weights.report().toString());
        }
        try (VitModel model = VitModel.load(file, stated); VitSession session = model.newSession(SessionOptions.threads(1))) {
            float[] logits = new float[7];
            session.logits(new float[3 * 48 * 64], 1, logits);
            assertTrue(Float.isFinite(logits[0]));
        }
    }

    @Test
    void aConfigurationBesideTheWeightsMustFitThem() throws Exception {
        Path file = folder.resolve("weights.safetensors");
        WeightsWriter.write(file, new GeneratedWeights(OLD, 3), Map.of());
        Path beside = Files.writeString(folder.resolve("config.json"), "{\"family\":\"timm\",\"image\":[48,64],\"heads\":3}");
        assertThrows(InputException.class, () -> Weights.open(file, null));
        Weights.open(file, beside).close();
        Files.writeString(beside, "{\"family\":\"timm\",\"image\":[80000,80000],\"heads\":3}");
        assertThrows(InputException.class, () -> Weights.open(file, beside), "a hundred million patches from a file of a few");
        Files.writeString(beside, "{\"family\":\"timm\",\"image\":[50,64],\"heads\":3}");
        assertThrows(InputException.class, () -> Weights.open(file, beside));
    }
}
