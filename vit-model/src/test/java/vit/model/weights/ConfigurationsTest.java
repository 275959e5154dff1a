package vit.model.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import vit.kernels.gelu.GeluKind;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;
import vit.model.config.VitConfigBuilder;
import vit.model.config.VitVariants;
import vit.model.image.PreprocessingFiles;
import vit.model.parameters.GeneratedWeights;
import vit.model.weights.config.Labels;
import vit.model.weights.family.WeightFamilies;

/** Configurations and what the tensors of a file tell, and which of them decides if they differ. */
class ConfigurationsTest {

    @TempDir
    private Path folder;

    private Path weights;

    @BeforeEach
    void name() {
        weights = folder.resolve("w.safetensors");
    }

    /** A small model of a family with heads of the usual width. */
    private static VitConfigBuilder small(String family) {
        return WeightFamilies.find(family).orElseThrow().defaults().image(24, 24).patch(8).width(128).heads(2).depth(2).mlp(40).classes(3);
    }

    private Weights open(VitConfig config, String json) throws IOException {
        WeightsWriter.write(weights, new GeneratedWeights(config, 0), Map.of());
        return Weights.open(weights, json == null ? null : Files.writeString(folder.resolve("c.json"), json));
    }

    private VitConfig resolved(VitConfig config, String json) throws IOException {
        try (Weights open = open(config, json)) {
            return open.config();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"timm", "huggingface", "huggingface-v5", "torchvision", "jax", "vit-pytorch"})
    void aFileAloneTellsItsConfiguration(String family) throws IOException {
        VitConfig config = small(family).build();
        try (Weights open = open(config, null)) {
            assertEquals(config, open.config());
            assertEquals(List.of(), open.report().notes());
            assertEquals(!family.equals("jax"), open.report().warnings().contains("2 heads assumed from the width 128; the weights do not tell"), () -> open.report().toString());
            assertEquals(!family.equals("jax"), open.report().warnings().contains("a square image of 24×24 pixels assumed; the weights do not tell"), () -> open.report().toString());
        }
    }

    @Test
    void conventionsAreTheFamilies() {
        assertEquals(Map.of("timm", 1e-6, "huggingface", 1e-12, "huggingface-v5", 1e-12, "torchvision", 1e-6, "jax", 1e-6, "vit-pytorch", 1e-5,
                "vit-pytorch-simple", 1e-5, "openclip", 1e-5, "dino", 1e-6, "dino-registers", 1e-6), WeightFamilies.all().stream().filter(f -> !f.id().startsWith("huggingface-") || f.id().endsWith("v5"))
                .collect(java.util.stream.Collectors.toMap(f -> f.id(), f -> f.defaults().build().layerNormEps())));
        assertEquals(Map.of("huggingface-clip", 1e-5, "huggingface-siglip", 1e-6, "huggingface-dinov2", 1e-6, "huggingface-dinov2-registers", 1e-6, "huggingface-dinov3", 1e-5,
                "huggingface-beit", 1e-12), WeightFamilies.all().stream().filter(f -> f.id().startsWith("huggingface-") && !f.id().endsWith("v5"))
                .collect(java.util.stream.Collectors.toMap(f -> f.id(), f -> f.defaults().build().layerNormEps())));
        Map<String, GeluKind> others = Map.of("jax", GeluKind.TANH, "huggingface-siglip", GeluKind.TANH, "huggingface-clip", GeluKind.QUICK);
        for (var family : WeightFamilies.all()) {
            assertEquals(others.getOrDefault(family.id(), GeluKind.ERF), family.defaults().build().gelu(), family.id());
        }
    }

    @ParameterizedTest
    @CsvSource({"vit-pytorch ViT,vit-pytorch", "vit-pytorch SimpleViT,vit-pytorch-simple", "jax npz,jax", "Hugging Face,huggingface", "TIMM,timm"})
    void aliasesNameFamilies(String alias, String id) {
        assertEquals(id, WeightFamilies.find(alias).orElseThrow().id());
    }

    @ParameterizedTest
    @CsvSource({"tiny,3", "small,6", "base,12", "large,16", "huge,16"})
    void publishedWidthsHaveThePublishedHeads(String size, int heads) throws IOException {
        VitConfig config = VitVariants.find("vit_" + size + "_patch32_224").orElseThrow().toBuilder().depth(1).mlp(8).classes(0).build();
        assertEquals(heads, resolved(config, null).heads());
    }

    @Test
    void rowsOfPositionsTellWhichTokensHaveOne() throws IOException {
        VitConfig config = small("timm").registers(3).positions(Positions.LEARNED_PATCHES).layerScale(true).build();
        assertEquals(config, resolved(config, null));
        assertEquals(config, resolved(config, "{\"image\":[24,24],\"heads\":2}"));
        VitConfig wide = small("timm").image(16, 40).build();
        assertEquals(wide, resolved(wide, "{\"family\":\"timm\",\"image\":[16,40],\"heads\":2}"));
        InputException e = assertThrows(InputException.class, () -> resolved(wide, null));
        assertTrue(e.getMessage().contains("\"pos_embed\": the image's size cannot be told"), e.getMessage());
        assertThrows(InputException.class, () -> resolved(config, "{\"image\":[24,24],\"heads\":2,\"positions\":\"learned\"}"));
    }

    @Test
    void aMeanOfPatchesIsToldByItsNorm() throws IOException {
        VitConfig after = small("timm").pooling(Pooling.PATCH_MEAN).finalNorm(FinalNorm.AFTER_POOLING).build();
        assertEquals(after, resolved(after, null));
        VitConfig before = small("timm").pooling(Pooling.PATCH_MEAN).classToken(false).build();
        assertEquals(before, resolved(before, null));
        assertEquals(FinalNorm.AFTER_POOLING, Weights.configuration(Files.writeString(folder.resolve("own.json"), "{\"family\":\"timm\",\"pool\":\"avg\"}")).vit().finalNorm());
    }

    @Test
    void distilledModelsOfBothFamiliesLoad() throws IOException {
        for (String family : List.of("timm", "huggingface", "huggingface-v5")) {
            VitConfig config = small(family).distillationToken(true).build();
            assertEquals(config, resolved(config, null));
        }
    }

    @Test
    void timmArchitecturesGiveSizesAndArgumentsOverrule() throws IOException {
        VitConfig config = timm("{\"architecture\":\"vit_small_patch32_384.augreg_in21k_ft_in1k\",\"num_classes\":10}");
        assertEquals(VitVariants.find("vit_small_patch32_224").orElseThrow().toBuilder().image(384, 384).classes(10).build(), config);
        assertEquals(16, timm("{\"architecture\":\"vit_base_patch16_gap_224\"}").heads());
        VitConfig custom = timm("{\"architecture\":\"vit_base_patch16_224\",\"model_args\":{\"img_size\":[64,32],\"embed_dim\":96,\"num_heads\":3,\"mlp_ratio\":1.5,"
                + "\"depth\":1,\"act_layer\":\"gelu_tanh\",\"qkv_bias\":false,\"reg_tokens\":2,\"no_embed_class\":true,\"drop_rate\":0.1},"
                + "\"pretrained_cfg\":{\"input_size\":[1,224,224]}}");
        assertEquals(VitConfig.builder().image(64, 32).width(96).heads(3).mlp(144).depth(1).gelu(GeluKind.TANH).qkvBias(false).registers(2)
                .positions(Positions.LEARNED_PATCHES).channels(1).build(), custom);
        VitConfig mean = timm("{\"architecture\":\"vit_base_patch16_224\",\"model_args\":{\"global_pool\":\"avg\",\"pool_include_prefix\":true}}");
        assertEquals(Pooling.ALL_MEAN, mean.pooling());
    }

    private VitConfig timm(String json) throws IOException {
        return Weights.configuration(Files.writeString(folder.resolve("timm.json"), json)).vit();
    }

    @Test
    void huggingFaceFieldsAreRead() throws IOException {
        VitConfig config = Weights.configuration(Files.writeString(folder.resolve("hf.json"), "{\"model_type\":\"vit\",\"architectures\":[\"ViTForImageClassification\"],"
                + "\"hidden_size\":96,\"num_hidden_layers\":3,\"num_attention_heads\":4,\"intermediate_size\":100,\"hidden_act\":\"gelu_new\",\"layer_norm_eps\":1e-5,"
                + "\"image_size\":[32,64],\"patch_size\":[16,16],\"num_channels\":1,\"qkv_bias\":false,\"id2label\":{\"1\":\"b\",\"0\":\"a\"}}")).vit();
        assertEquals(VitConfig.builder().family("huggingface").width(96).depth(3).heads(4).mlp(100).gelu(GeluKind.TANH).layerNormEps(1e-5).image(32, 64).channels(1)
                .qkvBias(false).classes(2).build(), config);
    }

    @Test
    void absurdSizesAreRefusedWithoutWeights() throws IOException {
        for (String json : List.of("{\"depth\":1000000}", "{\"width\":1000000000}", "{\"width\":65536,\"depth\":4000}", "{\"image\":[1048576,1048576],\"patch\":1}",
                "{\"width\":100,\"heads\":3}", "{\"mlp\":0}", "{\"classes\":-1}", "{\"heads\":2147483647}", "{\"width\":101}")) {
            Path file = Files.writeString(folder.resolve("own.json"), json);
            InputException e = assertThrows(InputException.class, () -> Weights.configuration(file), json);
            assertTrue(e.getMessage().startsWith(file.toString()) && e.getMessage().contains("; expected ") && e.getMessage().contains("; found "), e.getMessage());
        }
    }

    @Test
    void theConfigurationBesideTheWeightsIsTakenUnlessAnotherIsNamed() throws IOException {
        VitConfig config = small("timm").build();
        Files.writeString(folder.resolve("config.json"), "{\"family\":\"timm\",\"heads\":4,\"extra\":1}");
        try (Weights beside = open(config, null)) {
            assertEquals(4, beside.config().heads());
            assertEquals(List.of("field extra of the configuration is not a property of the model"), beside.report().notes());
        }
        assertEquals(8, resolved(config, "{\"family\":\"timm\",\"heads\":8}").heads());
    }

    @Test
    void labelsAreReadInEveryForm() throws IOException {
        List<String> expected = List.of("tench", "gold fish", "shark");
        for (String text : List.of("tench\ngold fish\r\nshark\n\n", "[\"tench\",\"gold fish\",\"shark\"]", "{\"0\":\"tench\",\"2\":\"shark\",\"1\":\"gold fish\"}",
                " {\"id2label\":{\"0\":\"tench\",\"1\":\"gold fish\",\"2\":\"shark\"},\"model_type\":\"vit\"}")) {
            assertEquals(expected, Labels.read(Files.writeString(folder.resolve("labels"), text)), text);
        }
        ModelConfig model = new ModelConfig(small("timm").build(), List.of());
        assertEquals("2", model.label(2));
        assertEquals("shark", model.withLabels(folder.resolve("labels")).label(2));
        Path two = Files.writeString(folder.resolve("two"), "a\nb");
        InputException e = assertThrows(InputException.class, () -> model.withLabels(two));
        assertEquals(two + ": the labels do not fit the model; expected 3 labels, one a class of the model; found 2", e.getMessage());
        assertThrows(InputException.class, () -> Labels.read(folder.resolve("nowhere")));
        assertThrows(InputException.class, () -> Labels.read(Files.write(folder.resolve("binary"), new byte[] {'a', (byte) 0xFF})));
        assertEquals(List.of("cat, domestic"), Weights.configuration(Files.writeString(folder.resolve("t.json"),
                "{\"architecture\":\"vit_tiny_patch16_224\",\"num_classes\":1,\"label_names\":[\"n1\"],\"label_descriptions\":{\"n1\":\"cat, domestic\"}}")).labels());
    }

    /** The forms of labels: Keras' class index, transformers' label2id, numbers for names, a byte order mark. */
    @Test
    void labelsAreReadAsOtherToolsWriteThem() throws IOException {
        for (String text : List.of("{\"0\":[\"n01440764\",\"tench\"],\"1\":[\"n01443537\",\"goldfish\"]}", "[[\"n01440764\",\"tench\"],[\"n01443537\",\"goldfish\"]]",
                "{\"tench\":0,\"goldfish\":1}", "{\"label2id\":{\"goldfish\":1,\"tench\":\"0\"}}".replace("\"0\"", "0"), "{\"label_names\":[\"tench\",\"goldfish\"]}",
                "\uFEFFtench\ngoldfish\n", "\uFEFF[\"tench\",\"goldfish\"]")) {
            assertEquals(List.of("tench", "goldfish"), Labels.read(Files.writeString(folder.resolve("labels"), text)), text);
        }
        assertEquals(List.of("8", "0", "3"), Labels.read(Files.writeString(folder.resolve("labels"), "{\"label2id\":{\"0\":1,\"3\":2,\"8\":0}}")), "digits are names here");
        assertEquals(List.of("7", "8"), Labels.read(Files.writeString(folder.resolve("labels"), "{\"0\":7,\"1\":8}")));
        assertEquals(List.of("0", "1"), Labels.read(Files.writeString(folder.resolve("labels"), "[0,1]")));
        for (String text : List.of("{\"tench\":0,\"goldfish\":0}", "{\"tench\":0,\"goldfish\":2}", "{\"0\":[\"a\",\"b\",\"c\"]}", "{\"0\":{}}")) {
            Path file = Files.writeString(folder.resolve("labels"), text);
            assertThrows(InputException.class, () -> Labels.read(file), text);
        }
    }

    /** As editors of Windows write them. */
    @Test
    void filesMayBeginWithAByteOrderMarkAndUtf16IsNamed() throws IOException {
        VitConfig config = small("timm").build();
        assertEquals(8, resolved(config, "\uFEFF{\"family\":\"timm\",\"heads\":8}").heads());
        Path processor = Files.writeString(folder.resolve("preprocessor_config.json"), "\uFEFF{\"size\":{\"height\":24,\"width\":24},\"image_processor_type\":\"ViTImageProcessor\"}");
        assertEquals(24, PreprocessingFiles.read(processor).orElseThrow().resizeHeight());
        for (String text : List.of("{\"0\":\"tench\"}", "tench\ngoldfish\n")) {
            Path labels = Files.write(folder.resolve("labels"), text.getBytes(StandardCharsets.UTF_16));
            InputException e = assertThrows(InputException.class, () -> Labels.read(labels));
            assertTrue(e.getMessage().contains("found UTF-16") && e.getMessage().contains("save the file as UTF-8"), e.getMessage());
        }
        Path utf16 = Files.write(folder.resolve("config.json"), "{\"family\":\"timm\"}".getBytes(StandardCharsets.UTF_16LE));
        InputException e = assertThrows(InputException.class, () -> Weights.open(weights, utf16));
        assertTrue(e.getMessage().startsWith(utf16.toString()) && e.getMessage().contains("found UTF-16"), e.getMessage());
    }

    @Test
    void imagenetHasAThousandNamesInTheOrderOfItsWordNetIds() {
        List<String> names = Labels.imagenet();
        assertEquals(1000, names.size());
        assertEquals(Map.of(0, "tench, Tinca tinca", 285, "Egyptian cat", 281, "tabby, tabby cat", 963, "pizza, pizza pie", 999, "toilet tissue, toilet paper, bathroom tissue"),
                Map.of(0, names.get(0), 285, names.get(285), 281, names.get(281), 963, names.get(963), 999, names.get(999)));
        assertEquals(List.of("crane", "crane"), List.of(names.get(134), names.get(517)), "a bird and a machine");
        assertTrue(names.stream().noneMatch(String::isBlank));
    }

    /** The values are numbers in strings and strings in numbers, floats for integers, lists for squares, nulls, and a string for a list of one. */
    @ParameterizedTest
    @ValueSource(strings = {
        "{\"model_type\":\"vit\",\"architectures\":\"ViTForImageClassification\",\"hidden_size\":\"96\",\"num_hidden_layers\":2.0,\"num_attention_heads\":\"4\",\"intermediate_size\":100,"
            + "\"layer_norm_eps\":\"1e-5\",\"image_size\":[32,32],\"patch_size\":[\"16\",16],\"qkv_bias\":0,\"num_labels\":\"2\",\"hidden_act\":null,\"id2label\":null}",
        "{\"architectures\":[\"ViTForImageClassification\"],\"hidden_size\":96,\"num_hidden_layers\":\"2\",\"num_attention_heads\":4,\"intermediate_size\":1e2,"
            + "\"layer_norm_eps\":0.00001,\"image_size\":\"32\",\"patch_size\":16,\"qkv_bias\":false,\"id2label\":{\"0\":5,\"1\":true},\"label2id\":null,\"num_channels\":null}"})
    void huggingFaceConfigurationsAreReadAsTheirToolReadsThem(String json) throws IOException {
        VitConfig config = Weights.configuration(Files.writeString(folder.resolve("hf.json"), json)).vit();
        assertEquals(VitConfig.builder().family("huggingface").width(96).depth(2).heads(4).mlp(100).layerNormEps(1e-5).image(32, 32).qkvBias(false).classes(2).build(), config);
    }

    @Test
    void timmConfigurationsAreReadAsTheirToolReadsThem() throws IOException {
        VitConfig config = timm("{\"architecture\":\"vit_tiny_patch16_224\",\"num_classes\":\"10\",\"global_pool\":null,\"label_names\":[0,1,2,3,4,5,6,7,8,9],"
                + "\"model_args\":{\"img_size\":\"64\",\"patch_size\":[8,8],\"num_heads\":3.0,\"qkv_bias\":1,\"init_values\":null,\"mlp_ratio\":\"2\",\"norm_layer\":\"LayerNorm\",\"act_layer\":null},"
                + "\"pretrained_cfg\":{\"input_size\":[3,224,224],\"num_classes\":1000,\"pool_size\":null,\"label_names\":null}}");
        assertEquals(VitConfig.builder().width(192).heads(3).mlp(384).image(64, 64).patch(8).classes(10).build(), config);
        assertEquals(VitVariants.find("vit_tiny_patch16_224").orElseThrow(), timm("{\"architecture\":\"vit_tiny_patch16_224\",\"model_args\":null,\"pretrained_cfg\":null}"));
    }

    @Property(tries = 300)
    void labelFilesOfAnyBytesGiveLabelsOrAnInputException(@ForAll byte[] bytes) throws IOException {
        Path file = Files.createTempFile("vit", ".labels");
        try {
            Labels.read(Files.write(file, bytes));
        } catch (InputException e) {
            assertTrue(e.getMessage().startsWith(file.toString()));
        } finally {
            Files.delete(file);
        }
    }

    @Test
    void aFamilyThatCannotNameAParameterRefusesToSave() {
        VitConfig config = small("torchvision").layerScale(true).build();
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> WeightsWriter.write(weights, new GeneratedWeights(config, 0), Map.of()));
        assertTrue(e.getMessage().contains("has names for"), e.getMessage());
        assertTrue(Files.notExists(weights));
    }

    @Test
    void readingAfterCloseIsRefused() throws IOException {
        Weights open = open(small("timm").build(), null);
        open.close();
        assertThrows(IOException.class, () -> open.read(vit.model.parameters.Parameters.of(open.config()).list().getFirst(), new float[10_000]));
    }
}
