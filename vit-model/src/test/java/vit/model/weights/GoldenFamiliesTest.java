package vit.model.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import vit.kernels.gelu.GeluKind;
import vit.kernels.tensor.Shape;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;
import vit.model.golden.Golden;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameters;
import vit.model.weights.Models.Content;
import vit.model.weights.family.TensorView;
import vit.model.weights.format.AtomicFile;
import vit.model.weights.format.TensorEntry;

/**
 * Weight files of every family, from {@code ../shared/golden}: other projects' code wrote them, and every element must become the right
 * parameter.
 */
class GoldenFamiliesTest {

    @ParameterizedTest
    @CsvSource({"timm-micro,timm", "timm-gap,timm", "torchvision-micro,torchvision", "huggingface-micro,huggingface", "jax-npz-micro,jax",
        "vit-pytorch-micro,vit-pytorch", "vit-pytorch-simple-micro,vit-pytorch-simple"})
    void everyTensorIsUsedOnceAndEveryParameterIsCovered(String name, String family) throws IOException {
        try (Weights weights = Weights.open(Models.goldenWeights(name), null)) {
            assertEquals(family, weights.config().family());
            assertEquals(List.of(), weights.report().ignored());
            assertEquals(List.of(), weights.report().notes());
            assertBijective(weights);
        }
    }

    /** Checks that every element of every tensor becomes exactly one element of one parameter, and that no element of a parameter is left out. */
    private static void assertBijective(Weights weights) {
        Parameters parameters = Parameters.of(weights.config());
        Map<String, int[]> uses = new HashMap<>();
        Map<String, Long> tensorElements = new HashMap<>();
        for (Parameter parameter : parameters.list()) {
            uses.put(parameter.name(), new int[Math.toIntExact(parameter.shape().size())]);
        }
        for (TensorView view : weights.views()) {
            for (long i = 0; i < view.shape().size(); i++) {
                uses.get(view.parameter())[view.parameterIndex(i)]++;
            }
            tensorElements.merge(view.fileName(), view.shape().size(), Long::sum);
        }
        uses.forEach((name, counts) -> {
            for (int i = 0; i < counts.length; i++) {
                assertEquals(1, counts[i], name + " element " + i);
            }
        });
        for (TensorEntry entry : weights.file().entries()) {
            assertEquals(entry.shape().size(), tensorElements.get(entry.name()), entry.name());
        }
    }

    @Test
    void configurationsAreWhatTheFilesSay() throws IOException {
        assertEquals(VitConfig.builder().image(24, 24).patch(8).width(36).depth(2).heads(3).mlp(54).classes(7).build(), config("timm-micro"));
        assertEquals(VitConfig.builder().image(24, 32).patch(8).width(30).depth(3).heads(5).mlp(45).classes(11).pooling(Pooling.PATCH_MEAN)
                .finalNorm(FinalNorm.AFTER_POOLING).build(), config("timm-gap"));
        assertEquals(VitConfig.builder().family("torchvision").image(32, 32).patch(8).width(40).depth(2).heads(4).mlp(72).classes(9).build(), config("torchvision-micro"));
        assertEquals(VitConfig.builder().family("huggingface").image(24, 24).patch(8).width(32).depth(2).heads(4).mlp(64).classes(6).layerNormEps(1e-12).build(),
                config("huggingface-micro"));
        assertEquals(VitConfig.builder().family("jax").image(24, 24).patch(8).width(32).depth(2).heads(2).mlp(64).classes(5).gelu(GeluKind.ERF).build(), config("jax-npz-micro"));
        VitConfig vitPytorch = config("vit-pytorch-micro");
        assertEquals(48, vitPytorch.inner());
        assertFalse(vitPytorch.qkvBias());
        assertTrue(vitPytorch.outputBias());
        VitConfig simple = config("vit-pytorch-simple-micro");
        assertEquals(Positions.SINCOS_2D, simple.positions());
        assertFalse(simple.outputBias());
        assertEquals(0, simple.prefixTokens());
    }

    private static VitConfig config(String name) throws IOException {
        try (Weights weights = Weights.open(Models.goldenWeights(name), null)) {
            return weights.config();
        }
    }

    @Test
    void labelsComeFromTheConfiguration() throws IOException {
        try (Weights weights = Weights.open(Models.goldenWeights("huggingface-micro"), null)) {
            assertEquals(List.of("class 0", "class 1", "class 2", "class 3", "class 4", "class 5"), weights.labels());
        }
    }

    /** The layouts are compared element by element, in the terms of the family's own code. */
    @Test
    void jaxKernelsAreTransposedAndSplitByHeads() throws IOException {
        Path path = Models.goldenWeights("jax-npz-micro");
        Map<String, Content> file = Models.read(path);
        Map<String, float[]> parameters = parameters(path);
        String attention = "Transformer/encoderblock_1/MultiHeadDotProductAttention_1/";
        float[] qkv = parameters.get("blocks.1.attn.qkv.weight"); // (3·32, 32)
        float[] qkvBias = parameters.get("blocks.1.attn.qkv.bias");
        float[] proj = parameters.get("blocks.1.attn.proj.weight"); // (32, 32)
        float[] fc1 = parameters.get("blocks.1.mlp.fc1.weight"); // (64, 32)
        float[] patch = parameters.get("patch_embed.proj.weight"); // (32, 3, 8, 8)
        int width = 32;
        int heads = 2;
        int headDim = 16;
        String[] parts = {"query", "key", "value"};
        for (int c = 0; c < width; c++) {
            for (int h = 0; h < heads; h++) {
                for (int d = 0; d < headDim; d++) {
                    for (int part = 0; part < 3; part++) {
                        float[] kernel = file.get(attention + parts[part] + "/kernel").values(); // (C, H, D)
                        int row = part * width + h * headDim + d;
                        assertEquals(kernel[(c * heads + h) * headDim + d], qkv[row * width + c]);
                        assertEquals(file.get(attention + parts[part] + "/bias").values()[h * headDim + d], qkvBias[row]);
                    }
                    float[] out = file.get(attention + "out/kernel").values(); // (H, D, C)
                    assertEquals(out[(h * headDim + d) * width + c], proj[c * width + h * headDim + d]);
                }
            }
            for (int f = 0; f < 64; f++) {
                assertEquals(file.get("Transformer/encoderblock_1/MlpBlock_3/Dense_0/kernel").values()[c * 64 + f], fc1[f * width + c]);
            }
            for (int y = 0; y < 8; y++) {
                for (int x = 0; x < 8; x++) {
                    for (int channel = 0; channel < 3; channel++) {
                        assertEquals(file.get("embedding/kernel").values()[((y * 8 + x) * 3 + channel) * width + c], patch[((c * 3 + channel) * 8 + y) * 8 + x]);
                    }
                }
            }
        }
    }

    @Test
    void huggingFaceQueryKeyAndValueAreStacked() throws IOException {
        Path path = Models.goldenWeights("huggingface-micro");
        Map<String, Content> file = Models.read(path);
        float[] qkv = parameters(path).get("blocks.1.attn.qkv.weight");
        String[] parts = {"query", "key", "value"};
        for (int part = 0; part < 3; part++) {
            float[] expected = file.get("vit.encoder.layer.1.attention.attention." + parts[part] + ".weight").values();
            assertArrayEquals(expected, java.util.Arrays.copyOfRange(qkv, part * 32 * 32, (part + 1) * 32 * 32));
        }
    }

    /** All parameters of a file. */
    static Map<String, float[]> parameters(Path path) throws IOException {
        return parameters(path, null);
    }

    static Map<String, float[]> parameters(Path path, Path config) throws IOException {
        Map<String, float[]> values = new LinkedHashMap<>();
        try (Weights weights = Weights.open(path, config)) {
            for (Parameter parameter : Parameters.of(weights.config()).list()) {
                float[] target = new float[Math.toIntExact(parameter.shape().size())];
                weights.read(parameter, target);
                values.put(parameter.name(), target);
            }
        }
        return values;
    }

    private static void assertSameParameters(Path expected, Path actual) throws IOException {
        assertSameParameters(parameters(expected), parameters(actual, expected.resolveSibling("config.json")));
    }

    private static void assertSameParameters(Map<String, float[]> expected, Map<String, float[]> actual) {
        assertEquals(expected.keySet(), actual.keySet());
        expected.forEach((name, values) -> assertArrayEquals(values, actual.get(name), name));
    }

    @Test
    void huggingFaceVersion5NamesAreRead(@TempDir Path folder) throws IOException {
        Path hub = Models.goldenWeights("huggingface-micro");
        Path renamed = Models.write(folder.resolve("v5.safetensors"), Models.rename(Models.read(hub), GoldenFamiliesTest::version5));
        assertSameParameters(hub, renamed);
        try (Weights weights = Weights.open(renamed, hub.resolveSibling("config.json"))) {
            assertEquals("huggingface-v5", weights.config().family());
            assertBijective(weights);
        }
    }

    private static String version5(String name) {
        return name.replace("vit.encoder.layer.", "vit.layers.").replace("attention.attention.query", "attention.q_proj")
                .replace("attention.attention.key", "attention.k_proj").replace("attention.attention.value", "attention.v_proj")
                .replace("attention.output.dense", "attention.o_proj").replace("intermediate.dense", "mlp.fc1").replace("output.dense", "mlp.fc2");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void huggingFaceBaseModelsHaveNoPrefixNoHeadAndAnUnusedPooler(boolean version5, @TempDir Path folder) throws IOException {
        Path hub = Models.goldenWeights("huggingface-micro");
        Map<String, Content> base = Models.rename(Models.read(hub), name -> name.startsWith("classifier") ? null
                : (version5 ? version5(name) : name).substring("vit.".length()));
        base.put("pooler.dense.weight", new Content(Shape.of(32, 32), new float[32 * 32]));
        base.put("pooler.dense.bias", new Content(Shape.of(32), new float[32]));
        Path path = Models.write(folder.resolve("base.safetensors"), base);
        Path config = Files.writeString(folder.resolve("base.json"),
                Files.readString(hub.resolveSibling("config.json")).replace("ViTForImageClassification", "ViTModel"));
        try (Weights weights = Weights.open(path, config)) {
            assertEquals(0, weights.config().classes());
            assertEquals(List.of(), weights.labels());
            assertEquals(List.of("pooler.dense.weight", "pooler.dense.bias"), weights.report().ignored());
        }
        // A classifier that lacks its head is refused, and not taken for a base model.
        InputException e = assertThrows(InputException.class, () -> Weights.open(path, hub.resolveSibling("config.json")));
        assertTrue(e.getMessage().contains("\"classifier.weight\": tensors are missing"), e.getMessage());
    }

    @Test
    void oldTorchvisionNamesAreRead(@TempDir Path folder) throws IOException {
        Path current = Models.goldenWeights("torchvision-micro");
        assertSameParameters(current, Models.write(folder.resolve("old.safetensors"),
                Models.rename(Models.read(current), name -> name.replace("mlp.0.", "mlp.linear_1.").replace("mlp.3.", "mlp.linear_2."))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"opt/target/", "params/", "params/img/"})
    void jaxPrefixesAndBigVisionNamesAreRead(String prefix, @TempDir Path folder) throws IOException {
        Path original = Models.goldenWeights("jax-npz-micro");
        Map<String, Content> prefixed = Models.rename(Models.read(original), name -> prefix + bigVision(name));
        prefixed.put("opt/state/step", new Content(Shape.of(), new float[1]));
        Path path = Models.write(folder.resolve("prefixed.safetensors"), prefixed);
        assertSameParameters(original, path);
        try (Weights weights = Weights.open(path, original.resolveSibling("config.json"))) {
            assertEquals(List.of("opt/state/step"), weights.report().ignored());
        }
    }

    private static String bigVision(String name) {
        return name.replace("MultiHeadDotProductAttention_1", "MultiHeadDotProductAttention_0").replace("LayerNorm_2", "LayerNorm_1")
                .replace("MlpBlock_3", "MlpBlock_0").replace("Transformer/posembed_input/pos_embedding", "pos_embedding");
    }

    @Test
    void stackedBlocksAreRead(@TempDir Path folder) throws IOException {
        Path original = Models.goldenWeights("jax-npz-micro");
        Map<String, Content> stacked = new LinkedHashMap<>();
        Models.read(original).forEach((name, content) -> {
            String other = "params/img/" + bigVision(name);
            if (other.contains("encoderblock_")) {
                boolean first = other.contains("encoderblock_0");
                Content lower = first ? null : stacked.get(other.replace("encoderblock_1", "encoderblock"));
                stacked.put(other.replaceFirst("encoderblock_\\d", "encoderblock"), first ? content : stack(lower, content));
            } else {
                stacked.put(other, content);
            }
        });
        Path path = Models.write(folder.resolve("stacked.safetensors"), stacked);
        assertSameParameters(original, path);
        try (Weights weights = Weights.open(path, original.resolveSibling("config.json"))) {
            assertBijective(weights);
        }
    }

    private static Content stack(Content a, Content b) {
        int[] shape = new int[a.shape().rank() + 1];
        shape[0] = 2;
        System.arraycopy(a.shape().dimensions(), 0, shape, 1, shape.length - 1);
        float[] values = java.util.Arrays.copyOf(a.values(), a.values().length * 2);
        System.arraycopy(b.values(), 0, values, a.values().length, a.values().length);
        return new Content(Shape.of(shape), values);
    }

    @ParameterizedTest
    @ValueSource(strings = {"timm-micro", "timm-gap", "torchvision-micro", "huggingface-micro", "jax-npz-micro", "vit-pytorch-micro", "vit-pytorch-simple-micro"})
    void savingAndLoadingGivesTheSameParameters(String name, @TempDir Path folder) throws IOException {
        Path original = Models.goldenWeights(name);
        Path saved = folder.resolve("saved.safetensors");
        try (Weights weights = Weights.open(original, null)) {
            WeightsWriter.write(saved, weights, Map.of());
            AtomicFile.write(folder.resolve("config.json"), weights.model().toJson(Map.of("comment", "x")).getBytes(java.nio.charset.StandardCharsets.UTF_8));
            try (Weights again = Weights.open(saved, null)) {
                assertEquals(weights.config(), again.config());
                assertEquals(weights.labels(), again.labels());
            }
        }
        assertSameParameters(parameters(original), parameters(saved));
        Map<String, Content> before = Models.read(original);
        Map<String, Content> after = Models.read(saved);
        assertEquals(before.keySet(), after.keySet().stream().collect(java.util.stream.Collectors.toSet()));
        before.forEach((tensor, content) -> {
            assertEquals(content.shape(), after.get(tensor).shape(), tensor);
            assertArrayEquals(content.values(), after.get(tensor).values(), tensor);
        });
    }

    /** Google's files of SigLIP are told from those of its other models by what pools and by what does not follow. */
    @ParameterizedTest
    @CsvSource({"families/siglip-jax-npz-micro,big_vision-siglip", "jax-npz-micro,jax"})
    void siglipInGooglesFilesHasAPreprocessingOfItsOwn(String name, String preset) throws IOException {
        try (Weights weights = Weights.open(Golden.folder(name).resolve("weights.npz"), null)) {
            assertEquals(preset, weights.preprocessing().name());
        }
    }
}
