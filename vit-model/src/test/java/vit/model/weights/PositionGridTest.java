package vit.model.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import vit.model.InputException;
import vit.model.LoadOptions;
import vit.model.StoredAs;
import vit.model.VitModel;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.Positions;
import vit.model.config.VitConfigBuilder;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameters;
import vit.model.weights.family.WeightFamilies;

/** For images of which size a table of learned positions is, and how it is carried over to another size. */
class PositionGridTest {

    @TempDir
    private Path folder;

    private Path write(VitConfig config) throws IOException {
        Path file = folder.resolve("w.safetensors");
        WeightsWriter.write(file, new GeneratedWeights(config, 3), Map.of());
        return file;
    }

    private static VitConfigBuilder small(String family) {
        return WeightFamilies.find(family).orElseThrow().defaults().patch(8).width(64).heads(1).depth(1).mlp(16).classes(3);
    }

    /** 3×5 patches and a class token have 16 rows, as many as 4×4 patches without a class token. */
    @ParameterizedTest
    @CsvSource({"timm,24,40", "huggingface,24,40", "huggingface-v5,24,40", "torchvision,24,40", "vit-pytorch,24,40", "timm,24,32", "torchvision,24,32"})
    void gridsThatAreNotSquareAreNotGuessed(String family, int height, int width) throws IOException {
        VitConfig config = small(family).image(height, width).build();
        Path file = write(config);
        InputException e = assertThrows(InputException.class, () -> Weights.open(file, null));
        assertTrue(e.getMessage().contains("the image's size cannot be told from the position embeddings"), e.getMessage());
        try (Weights open = Weights.open(file, null, LoadOptions.DEFAULTS.withImage(height, width))) {
            assertEquals(config, open.config());
        }
        Path own = Files.writeString(folder.resolve("own.json"), "{\"family\":\"" + family + "\",\"heads\":1,\"image\":[" + height + "," + width + "]}");
        try (Weights open = Weights.open(file, own)) {
            assertEquals(config, open.config());
        }
    }

    @Test
    void tokensWithoutPositionsAreToldByTheConfigurationOnly() throws IOException {
        VitConfig config = small("timm").image(32, 32).positions(Positions.LEARNED_PATCHES).build();
        Path file = write(config);
        assertThrows(InputException.class, () -> Weights.open(file, null));
        Path own = Files.writeString(folder.resolve("own.json"), "{\"family\":\"timm\",\"heads\":1,\"positions\":\"learned_patches\"}");
        try (Weights open = Weights.open(file, own)) {
            assertEquals(config, open.config());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"timm", "huggingface", "torchvision", "jax", "vit-pytorch"})
    void anImageThatIsAskedForGetsPositionsByTheSourcesMethod(String family) throws IOException {
        VitConfig config = small(family).image(32, 32).build();
        Path file = write(config);
        VitConfig larger = config.toBuilder().image(40, 64).build();
        float[] table = new float[17 * 64];
        new GeneratedWeights(config, 3).read(Parameters.of(config).find(Parameters.POSITIONS), table);
        try (Weights open = Weights.open(file, null, LoadOptions.DEFAULTS.withImage(40, 64)); VitModel model = VitModel.load(file, null, LoadOptions.DEFAULTS.withImage(40, 64))) {
            assertEquals(larger, open.config());
            assertEquals(larger, model.config());
            float[] carried = new float[41 * 64];
            model.read(Parameters.of(larger).find(Parameters.POSITIONS), carried);
            assertArrayEquals(open.positionResampling().resample(table, 1, 4, 4, 5, 8), carried);
            assertTrue(open.report().notes().contains("positions of a grid of 4×4 patches carried over to 40×64 pixels"), open.report().toString());
        }
    }

    /** The configuration states the grid of the file. This holds even if another grid with as many patches is asked for. */
    @Test
    void theConfigurationTellsTheGridThatIsCarriedOver() throws IOException {
        VitConfig config = small("timm").image(16, 64).build();
        Path file = write(config);
        Files.writeString(folder.resolve("config.json"), "{\"family\":\"timm\",\"heads\":1,\"image\":[16,64]}");
        float[] table = new float[17 * 64];
        new GeneratedWeights(config, 3).read(Parameters.of(config).find(Parameters.POSITIONS), table);
        try (Weights open = Weights.open(file, null, LoadOptions.DEFAULTS.withImage(32, 32))) {
            float[] carried = new float[17 * 64];
            open.read(Parameters.of(open.config()).find(Parameters.POSITIONS), carried);
            assertArrayEquals(open.positionResampling().resample(table, 1, 2, 8, 4, 4), carried);
        }
    }

    /** timm carries positions over whenever the configuration has another image size. Hugging Face refuses, unless it is asked to. */
    @Test
    void timmsConfigurationBesideTheWeightsCarriesOver() throws IOException {
        Path file = write(small("timm").image(32, 32).build());
        Path beside = Files.writeString(folder.resolve("config.json"),
                "{\"architecture\":\"vit_own\",\"model_args\":{\"num_heads\":1,\"img_size\":48},\"pretrained_cfg\":{\"input_size\":[3,32,32]}}");
        try (Weights open = Weights.open(file, null)) {
            assertEquals(48, open.config().imageHeight());
            assertTrue(open.report().warnings().contains("positions of a grid of 4×4 patches carried over to 48×48 pixels"), open.report().toString());
        }
        write(small("huggingface").image(32, 32).build());
        Files.writeString(beside, "{\"model_type\":\"vit\",\"num_attention_heads\":1,\"image_size\":48}");
        InputException e = assertThrows(InputException.class, () -> Weights.open(file, null));
        assertTrue(e.getMessage().contains("do not fit the image"), e.getMessage());
        try (Weights open = Weights.open(file, null, LoadOptions.DEFAULTS.withImage(48, 48))) {
            assertEquals(48, open.config().imageWidth());
        }
    }

    @Test
    void weightsInMemoryTakeTheSameOptions() throws IOException {
        Path file = write(small("timm").image(32, 32).build());
        byte[] bytes = Files.readAllBytes(file);
        LoadOptions wide = LoadOptions.DEFAULTS.withImage(32, 48);
        try (VitModel fromFile = VitModel.load(file, null, wide); VitModel fromBytes = VitModel.load(bytes, null, wide);
                VitModel fromStream = VitModel.load(new ByteArrayInputStream(bytes), null, wide); Weights open = Weights.open(bytes, null, wide)) {
            for (VitModel model : List.of(fromBytes, fromStream)) {
                assertEquals(fromFile.config(), model.config());
                assertEquals(48, model.config().imageWidth());
                assertArrayEquals(positions(fromFile), positions(model));
            }
            assertEquals(fromFile.config(), open.config());
        }
    }

    private static float[] positions(VitModel model) {
        Parameter parameter = model.parameters().find(Parameters.POSITIONS);
        float[] values = new float[Math.toIntExact(parameter.shape().size())];
        model.read(parameter, values);
        return values;
    }

    @Test
    void imagesThatMakeNoGridAreRefused() throws IOException {
        Path file = write(small("timm").image(32, 32).build());
        InputException divided = assertThrows(InputException.class, () -> Weights.open(file, null, LoadOptions.DEFAULTS.withImage(36, 40)));
        assertTrue(divided.getMessage().contains("sides that the patch of 8 pixels divides; found 36×40"), divided.getMessage());
        assertThrows(InputException.class, () -> Weights.open(file, null, LoadOptions.DEFAULTS.withImage(80_000, 80_000)), "far more patches than the file has rows");
        assertThrows(IllegalArgumentException.class, () -> LoadOptions.DEFAULTS.withImage(0, 32));
        assertThrows(IllegalArgumentException.class, () -> new LoadOptions(32, 0, StoredAs.FLOAT32));
    }
}
