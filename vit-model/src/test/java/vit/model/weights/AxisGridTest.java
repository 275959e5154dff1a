package vit.model.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import vit.kernels.tensor.Shape;
import vit.model.InputException;
import vit.model.LoadOptions;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.Positions;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;
import vit.model.positions.PositionResampling;

/** Files with positions by axis, or with none because positions are computed: what they tell, and what a configuration must state. */
class AxisGridTest {

    @TempDir
    private Path folder;

    private static VitConfig config(Positions positions) {
        return VitConfig.builder().image(16, 40).patch(8).width(24).heads(2).depth(1).mlp(20).classes(3).positions(positions).build();
    }

    private Path write(VitConfig config) throws IOException {
        Path file = folder.resolve("w.safetensors");
        WeightsWriter.write(file, new GeneratedWeights(config, 3), Map.of());
        return file;
    }

    private Path stating(String json) throws IOException {
        return Files.writeString(folder.resolve("c.json"), json);
    }

    private static float[] read(ParameterSource source, String name) throws IOException {
        float[] values = new float[Math.toIntExact(Parameters.of(source.config()).find(name).shape().size())];
        source.read(Parameters.of(source.config()).find(name), values);
        return values;
    }

    @ParameterizedTest
    @EnumSource(value = Positions.class, names = {"LEARNED_AXES", "SINCOS_1D", "SINCOS_2D", "NONE"})
    void whatIsSavedWithItsConfigurationLoadsWithTheSameConfiguration(Positions positions) throws IOException {
        VitConfig config = config(positions);
        Path file = write(config);
        Files.writeString(folder.resolve("config.json"), new ModelConfig(config, List.of()).toJson(Map.of()), StandardCharsets.UTF_8);
        try (Weights open = Weights.open(file, null)) {
            assertEquals(config, open.config());
            assertEquals(List.of(), open.report().warnings());
            assertEquals(Parameters.of(config).list().size(), open.file().entries().size());
        }
    }

    @Test
    void tablesTellAGridThatIsNotSquare() throws IOException {
        try (Weights open = Weights.open(write(config(Positions.LEARNED_AXES)), stating("{\"heads\":2}"))) {
            assertEquals(config(Positions.LEARNED_AXES), open.config());
            assertEquals(Shape.of(1, 5, 12), open.file().find("pos_embed_x").shape());
            assertEquals(Shape.of(1, 2, 12), open.file().find("pos_embed_y").shape());
        }
    }

    /** Patches of 8 pixels do not cover the last pixels of these images, but the grid is that of the tables. */
    @ParameterizedTest
    @CsvSource({"16,40", "23,47"})
    void anImageWithTheGridOfTheTablesNeedsNoResampling(int height, int width) throws IOException {
        Path file = write(config(Positions.LEARNED_AXES));
        try (Weights open = Weights.open(file, stating("{\"heads\":2,\"image\":[" + height + "," + width + "]}"))) {
            assertEquals(height, open.config().imageHeight());
            assertEquals(width, open.config().imageWidth());
            assertArrayEquals(read(new GeneratedWeights(config(Positions.LEARNED_AXES), 3), "pos_embed_x"), read(open, "pos_embed_x"));
        }
    }

    @Test
    void eachTableIsResampledAlongItsAxis() throws IOException {
        VitConfig config = config(Positions.LEARNED_AXES);
        GeneratedWeights weights = new GeneratedWeights(config, 3);
        Path file = write(config);
        try (Weights open = Weights.open(file, stating("{\"heads\":2}"), LoadOptions.DEFAULTS.withImage(48, 24))) {
            assertEquals(48, open.config().imageHeight());
            assertArrayEquals(PositionResampling.TIMM.resample(read(weights, "pos_embed_x"), 0, 1, 5, 1, 3), read(open, "pos_embed_x"));
            assertArrayEquals(PositionResampling.TIMM.resample(read(weights, "pos_embed_y"), 0, 1, 2, 1, 6), read(open, "pos_embed_y"));
            assertTrue(open.report().notes().contains("positions of a grid of 2×5 patches carried over to 48×24 pixels"), open.report().toString());
        }
        try (Weights open = Weights.open(file, stating("{\"heads\":2,\"image\":[48,24]}"))) {
            assertEquals(24, open.config().imageWidth());
        }
    }

    @Test
    void anImageThatTheTablesAreNotForIsRefusedUnlessItIsAskedFor() throws IOException {
        Path file = write(config(Positions.LEARNED_AXES));
        Files.writeString(folder.resolve("config.json"), "{\"family\":\"timm\",\"heads\":2,\"image\":[24,40]}");
        InputException e = assertThrows(InputException.class, () -> Weights.open(file, null));
        assertTrue(e.getMessage().contains("\"pos_embed_x\": the positions by axis do not fit the image; expected a table of 3 rows and one of 5 columns for 24×40 pixels"
                + " and patch 8; found 2×5"), e.getMessage());
        InputException sides = assertThrows(InputException.class, () -> Weights.open(file, null, LoadOptions.DEFAULTS.withImage(28, 40)));
        assertTrue(sides.getMessage().contains("sides that the patch of 8 pixels divides; found 28×40 pixels"), sides.getMessage());
        InputException large = assertThrows(InputException.class, () -> Weights.open(file, null, LoadOptions.DEFAULTS.withImage(8000, 8000)));
        assertTrue(large.getMessage().contains("at most 640 patches"), large.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"LEARNED_AXES,learned", "LEARNED_AXES,sincos1d", "LEARNED_AXES,none", "LEARNED,axes", "LEARNED,sincos1d", "LEARNED,sincos2d", "LEARNED,none",
        "SINCOS_1D,axes", "SINCOS_1D,learned"})
    void aConfigurationThatContradictsTheTablesIsRefused(Positions saved, String stated) throws IOException {
        Path file = write(config(saved));
        Path json = stating("{\"family\":\"timm\",\"heads\":2,\"image\":[16,40],\"positions\":\"" + stated + "\"}");
        String message = assertThrows(InputException.class, () -> Weights.open(file, json)).getMessage();
        String missing = stated.equals("axes") ? "pos_embed_x" : "pos_embed";
        assertTrue(saved == Positions.SINCOS_1D ? message.contains("\"" + missing + "\"") : message.contains("\"positions\"") || message.contains("pos_embed_x"), message);
    }

    @Test
    void aFileWithoutPositionsNeedsAConfigurationThatSaysWhy() throws IOException {
        Path file = write(config(Positions.SINCOS_1D));
        assertThrows(InputException.class, () -> Weights.open(file, null));
        try (Weights open = Weights.open(file, stating("{\"family\":\"timm\",\"heads\":2,\"image\":[32,40],\"positions\":\"sincos1d\"}"))) {
            assertEquals(config(Positions.SINCOS_1D).toBuilder().image(32, 40).build(), open.config());
        }
    }

    @ParameterizedTest
    @CsvSource({"axis,value is not supported", "3,value is not supported", "[],"})
    void aWordThatIsNoKindOfPositionsIsRefusedWithTheWordsThatAre(String value, String reason) throws IOException {
        String quoted = value.startsWith("[") ? value : "\"" + value + "\"";
        String message = assertThrows(InputException.class, () -> Weights.configuration(stating("{\"positions\":" + quoted + "}"))).getMessage();
        assertTrue(message.contains("positions"), message);
        assertTrue(reason == null || message.contains(reason)
                && message.contains("one of axes, learned, learned_class_and_patches, learned_patches, none, sincos1d, sincos2d"), message);
        String odd = assertThrows(InputException.class, () -> Weights.configuration(stating("{\"width\":21,\"heads\":3,\"positions\":\"axes\"}"))).getMessage();
        assertTrue(odd.contains("positions by axis need an even width, not 21"), odd);
    }
}
