package vit.model.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vit.model.InputException;
import vit.model.LoadOptions;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameters;
import vit.model.positions.RelativeResampling;
import vit.model.train.FineTuning;
import vit.model.weights.Models.Content;

/** Tables of relative positions on loading with another image: which image they are for, and that each family's method makes the new ones. */
class RelativeTablesTest {

    @ParameterizedTest
    @CsvSource({"beit-hf-micro, BILINEAR, 3, 3, encoder.layer.1.attention.attention.relative_position_bias.relative_position_bias_table",
        "beit-timm-micro, GEOMETRIC, 3, 4, blocks.1.attn.relative_position_bias_table"})
    void anotherImageResamplesEveryTable(String name, RelativeResampling method, int height, int width, String tensor) throws IOException {
        Path weights = Models.golden("families/" + name).resolve("weights.safetensors");
        Content table = Models.read(weights).entrySet().stream().filter(entry -> entry.getKey().endsWith(tensor)).findFirst().orElseThrow().getValue();
        try (Weights opened = Weights.open(weights, null, LoadOptions.DEFAULTS.withImage(40, 24))) {
            assertEquals(List.of(5, 3), List.of(opened.config().gridHeight(), opened.config().gridWidth()));
            Parameter parameter = Parameters.of(opened.config()).find(Parameters.block(1, Parameters.RELATIVE_POSITIONS));
            float[] found = new float[Math.toIntExact(parameter.shape().size())];
            opened.read(parameter, found);
            assertArrayEquals(method.resample(table.values(), height, width, 5, 3), found);
            assertEquals(List.of(), opened.report().warnings());
            assertTrue(opened.report().notes().toString().contains("positions of a grid of " + height + "×" + width + " patches carried over to 40×24 pixels"),
                    opened.report().notes().toString());
        }
        try (Weights opened = Weights.open(weights, null)) { // fine-tuning carries them over by the same method
            FineTuning tuned = FineTuning.of(opened, 5, 40, 24, true);
            Parameter parameter = Parameters.of(tuned.config()).find(Parameters.block(1, Parameters.RELATIVE_POSITIONS));
            float[] found = new float[Math.toIntExact(parameter.shape().size())];
            tuned.read(parameter, found);
            assertArrayEquals(method.resample(table.values(), height, width, 5, 3), found);
        }
        try (VitModel model = VitModel.load(weights, null, LoadOptions.DEFAULTS.withImage(40, 24));
                VitSession session = model.newSession(SessionOptions.threads(1))) {
            float[] embedding = new float[model.config().embeddingWidth()];
            session.embed(new float[3 * 40 * 24], 1, embedding);
            for (float value : embedding) {
                assertTrue(Float.isFinite(value));
            }
        }
    }

    /** A configuration beside Hugging Face's weights must fit them; one that is named may state another image. */
    @Test
    void onlyANamedConfigurationStatesAnotherImage(@TempDir Path folder) throws IOException {
        Path golden = Models.golden("families/beit-hf-micro");
        Path weights = Files.copy(golden.resolve("weights.safetensors"), folder.resolve("model.safetensors"));
        String config = Files.readString(golden.resolve("config.json")).replace("\"image_size\": 24", "\"image_size\": 32");
        Path beside = Files.writeString(folder.resolve("config.json"), config);
        InputException e = assertThrows(InputException.class, () -> Weights.open(weights, null));
        assertTrue(e.getMessage().contains("the relative positions do not fit the image; expected 52 rows for 32×32 pixels and patch 8; found 28"), e.getMessage());
        try (Weights opened = Weights.open(weights, beside)) {
            assertEquals(32, opened.config().imageHeight());
        }
    }

    /** The rows of a square grid tell the image; those of another do not, and no image may be far larger than the table. */
    @Test
    void theRowsOrAFileTellTheImage(@TempDir Path folder) throws IOException {
        Map<String, Content> timm = Models.read(Models.golden("families/beit-timm-micro").resolve("weights.safetensors"));
        Path oblong = Models.write(folder.resolve("oblong.safetensors"), timm);
        assertTrue(assertThrows(InputException.class, () -> Weights.open(oblong, null)).getMessage().contains("cannot be told from the relative positions; expected"));
        Map<String, Content> hub = Models.read(Models.golden("families/beit-hf-micro").resolve("weights.safetensors"));
        Path square = Models.write(folder.resolve("square.safetensors"), hub);
        try (Weights opened = Weights.open(square, null)) {
            assertEquals(24, opened.config().imageWidth());
            assertTrue(opened.report().warnings().toString().contains("a square image of 24×24 pixels assumed"), opened.report().warnings().toString());
        }
        for (int[] image : new int[][] {{1024, 1024}, {33, 24}}) {
            InputException e = assertThrows(InputException.class, () -> Weights.open(square, null, LoadOptions.DEFAULTS.withImage(image[0], image[1])));
            assertTrue(e.getMessage().contains("the relative positions do not fit the image"), e.getMessage());
        }
    }
}
