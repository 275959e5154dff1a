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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import vit.kernels.patchembed.PatchOrder;
import vit.kernels.tensor.Shape;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;
import vit.model.config.VitConfigBuilder;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameters;
import vit.model.positions.PositionResampling;
import vit.model.weights.Models.Content;

/** Names that checkpoints have instead of a family's own names: prefixes of wrappers, replaced heads, older versions. */
class CheckpointNamesTest {

    @TempDir
    private Path folder;

    private Path config;

    @BeforeEach
    void noConfiguration() {
        config = null;
    }

    private static VitConfigBuilder small() {
        return VitConfig.builder().image(16, 16).patch(8).width(64).depth(2).heads(1).mlp(12).classes(3);
    }

    private static VitConfigBuilder vitPytorch() {
        return small().family("vit-pytorch").layerNormEps(1e-5).qkvBias(false).patchOrder(PatchOrder.CHANNEL_LAST).patchNorm(true);
    }

    /** The tensors of a generated model under its family's names. */
    private Map<String, Content> tensors(VitConfig model) throws IOException {
        Path path = folder.resolve("original.safetensors");
        WeightsWriter.write(path, new GeneratedWeights(model, 7), Map.of());
        return Models.read(path);
    }

    /** Facebook's DINOv2 with registers: their own name, and positions that are resampled by the method of the models with registers. */
    @Test
    void facebooksRegistersAreRead() throws IOException {
        VitConfig model = small().classes(0).family("dino-registers").registers(4).positions(Positions.LEARNED_CLASS_AND_PATCHES).layerScale(true).build();
        Map<String, Content> tensors = tensors(model);
        assertEquals(Shape.of(1, 4, 64), tensors.get("register_tokens").shape());
        tensors.put("mask_token", new Content(Shape.of(1, 64), new float[64]));
        for (Path with : new Path[] {null, Files.writeString(folder.resolve("dinov2.json"), "{\"family\": \"dinov2\", \"heads\": 1}")}) {
            try (Weights weights = Weights.open(write(tensors), with)) {
                assertEquals(model, weights.config());
                assertEquals(PositionResampling.TIMM, weights.positionResampling());
                assertEquals(List.of("mask_token"), weights.report().ignored());
            }
        }
        tensors.remove("register_tokens");
        try (Weights weights = Weights.open(write(tensors), null)) {
            assertEquals(PositionResampling.DINO, weights.positionResampling());
        }
    }

    private Path write(Map<String, Content> tensors) throws IOException {
        return Models.write(folder.resolve("w.safetensors"), tensors);
    }

    private static void assertParametersOf(VitConfig model, Path file, Path config) throws IOException {
        GeneratedWeights expected = new GeneratedWeights(model, 7);
        Map<String, float[]> parameters = GoldenFamiliesTest.parameters(file, config);
        assertEquals(Parameters.of(model).list().stream().map(p -> p.name()).toList(), List.copyOf(parameters.keySet()));
        for (var parameter : Parameters.of(model).list()) {
            float[] values = new float[Math.toIntExact(parameter.shape().size())];
            expected.read(parameter, values);
            assertArrayEquals(values, parameters.get(parameter.name()), parameter.name());
        }
    }

    private InputException refused(Map<String, Content> tensors) throws IOException {
        Path file = write(tensors);
        return assertThrows(InputException.class, () -> Weights.open(file, config).close());
    }

    private static Map<String, Content> prefixed(String prefix, Map<String, Content> tensors) {
        return Models.rename(tensors, name -> prefix + name);
    }

    @ParameterizedTest
    @CsvSource({"timm", "huggingface", "huggingface-v5", "torchvision", "jax", "vit-pytorch", "vit-pytorch-simple"})
    void anyPrefixBeforeAllNamesOfAnyFamilyIsTakenOff(String family) throws IOException {
        VitConfig model = switch (family) {
            case "vit-pytorch" -> vitPytorch().heads(2).headDim(64).build();
            case "vit-pytorch-simple" -> vitPytorch().family(family).classToken(false).outputBias(false).positions(Positions.SINCOS_2D).pooling(Pooling.ALL_MEAN).build();
            case "jax" -> small().family(family).gelu(vit.kernels.gelu.GeluKind.TANH).build();
            default -> small().family(family).build();
        };
        Map<String, Content> tensors = tensors(model);
        config = Files.writeString(folder.resolve("c.json"), "{\"image\":16,\"heads\":" + model.heads() + "}");
        for (String prefix : List.of("", "module.", "_orig_mod.", "module._orig_mod.", "timm_model.", "model.", "backbone.", "encoder.", "net.", "model.module.",
                "state_dict.model.vit.", "_forward_module.model.", "visual.trunk.", "my_network.", "0.", "params/")) {
            Path file = write(prefixed(prefix, tensors));
            assertParametersOf(model, file, config);
            try (Weights weights = Weights.open(file, config)) {
                assertEquals(family, weights.report().family());
                assertEquals(List.of(), weights.report().ignored());
            }
        }
    }

    @Test
    void countersAndLossesOutsideThePrefixAreIgnoredWithAReport() throws IOException {
        VitConfig model = small().build();
        Map<String, Content> averaged = prefixed("module.", tensors(model));
        averaged.put("n_averaged", new Content(Shape.of(), new float[1]));
        averaged.put("criterion.weight", new Content(Shape.of(3), new float[3]));
        Path file = write(averaged);
        assertParametersOf(model, file, null);
        try (Weights weights = Weights.open(file, null)) {
            assertEquals(List.of("n_averaged", "criterion.weight"), weights.report().ignored());
            assertTrue(weights.report().notes().contains("all names of the network begin with module."), weights.report().notes().toString());
        }
    }

    @Test
    void severalNetworksAndHeadsBesideTheNetworkAreNamedAndRefused() throws IOException {
        Map<String, Content> tensors = tensors(small().build());
        Map<String, Content> two = prefixed("teacher.backbone.", tensors);
        two.putAll(prefixed("student.backbone.", tensors));
        String message = refused(two).getMessage();
        assertTrue(message.contains("several networks") && message.contains("networks under teacher.backbone., student.backbone."), message);
        Map<String, Content> beside = Models.rename(tensors, name -> name.startsWith("head.") ? "classifier" + name.substring(4) : "backbone." + name);
        message = refused(beside).getMessage();
        assertTrue(message.contains("tensors beside the network") && message.contains("a network under backbone.; outside it classifier.weight, classifier.bias"), message);
    }

    @Test
    void faultsNameTheTensorAsTheFileDoes() throws IOException {
        Map<String, Content> tensors = prefixed("module.", tensors(small().build()));
        tensors.remove("module.blocks.1.norm2.bias");
        assertTrue(refused(tensors).getMessage().contains("\"module.blocks.1.norm2.bias\""));
        tensors = prefixed("module.", tensors(small().build()));
        tensors.put("module.extra", new Content(Shape.of(2), new float[2]));
        assertTrue(refused(tensors).getMessage().contains("\"module.extra\""));
        tensors = prefixed("module.", tensors(small().build()));
        tensors.remove("module.pos_embed");
        assertTrue(refused(tensors).getMessage().contains("\"module.pos_embed\""));
    }

    @ParameterizedTest
    @CsvSource({"timm, head, head.1", "timm, head, head.0", "timm, head, head.fc", "torchvision, heads.head, heads", "torchvision, heads.head, heads.0",
            "torchvision, heads.head, heads.1", "torchvision, heads.head, heads.head.1", "huggingface, classifier, classifier.1", "huggingface, classifier, classifier.0",
            "huggingface-v5, classifier, classifier.2"})
    void aReplacedHeadIsFound(String family, String own, String replaced) throws IOException {
        VitConfig model = small().family(family).build();
        for (String prefix : List.of("", "module.")) {
            Map<String, Content> tensors = Models.rename(tensors(model), name -> prefix + (name.startsWith(own + ".") ? replaced + name.substring(own.length()) : name));
            Path file = write(tensors);
            config = Files.writeString(folder.resolve("c.json"), "{\"image\":16,\"heads\":1}");
            assertParametersOf(model, file, config);
            try (Weights weights = Weights.open(file, config)) {
                assertEquals(replaced.equals("heads") ? 0 : 1, weights.report().warnings().stream().filter(note -> note.startsWith("the head is " + prefix + replaced)).count());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"timm", "torchvision", "huggingface"})
    void aHeadOfSeveralLayersIsRefusedByName(String family) throws IOException {
        String own = family.equals("torchvision") ? "heads.head" : family.equals("timm") ? "head" : "classifier";
        Map<String, Content> tensors = Models.rename(tensors(small().family(family).build()), name -> name.startsWith(own + ".") ? own + ".3" + name.substring(own.length()) : name);
        tensors.put(own + ".0.weight", new Content(Shape.of(64, 64), new float[64 * 64]));
        tensors.put(own + ".0.bias", new Content(Shape.of(64), new float[64]));
        assertTrue(refused(tensors).getMessage().contains("unexpected"));
        Map<String, Content> norm = Models.rename(tensors, name -> name.equals(own + ".0.weight") ? null : name);
        norm.put(own + ".0.weight", new Content(Shape.of(64), new float[64]));
        assertTrue(refused(norm).getMessage().contains("unexpected"));
    }

    @Test
    void withOneHeadDeitsDistillationTokenIsARegister() throws IOException {
        VitConfig model = small().family("huggingface").layerNormEps(1e-12).registers(1).build();
        Map<String, Content> tensors = tensors(model);
        assertTrue(tensors.containsKey("deit.embeddings.distillation_token") && tensors.containsKey("classifier.weight"), tensors.keySet().toString());
        Path file = write(tensors);
        assertParametersOf(model, file, null);
        try (Weights weights = Weights.open(file, null)) {
            assertEquals(model, weights.config());
        }
        tensors.put("distillation_classifier.weight", tensors.get("classifier.weight"));
        tensors.put("distillation_classifier.bias", tensors.get("classifier.bias"));
        try (Weights weights = Weights.open(write(Models.rename(tensors, name -> name.replaceFirst("^classifier", "cls_classifier"))), null)) {
            assertTrue(weights.config().distillationToken());
            assertEquals(0, weights.config().registers());
        }
        // A file of the base model has no prefix and no head.
        Map<String, Content> base = Models.rename(tensors, name -> name.contains("classifier") ? null : name.replaceFirst("^deit\\.", ""));
        try (Weights weights = Weights.open(write(base), null)) {
            assertEquals(1, weights.config().registers());
            assertEquals(0, weights.config().classes());
        }
    }

    @Test
    void vitPytorchWithMeanPoolingHasATokenWithoutRows() throws IOException {
        VitConfig model = vitPytorch().heads(2).headDim(64).classToken(false).pooling(Pooling.ALL_MEAN).build();
        for (boolean batchAxis : new boolean[] {false, true}) {
            Map<String, Content> tensors = tensors(model);
            tensors.put("cls_token", new Content(batchAxis ? Shape.of(1, 0, 64) : Shape.of(0, 64), new float[0]));
            if (batchAxis) {
                tensors.put("pos_embedding", new Content(Shape.of(1, 4, 64), tensors.get("pos_embedding").values()));
            }
            for (String json : new String[] {null, "{\"family\":\"vit-pytorch\",\"heads\":2,\"pool\":\"mean\"}"}) {
                config = json == null ? null : Files.writeString(folder.resolve("c.json"), json);
                Path file = write(tensors);
                assertParametersOf(model, file, config);
                try (Weights weights = Weights.open(file, config)) {
                    assertEquals(model, weights.config());
                    assertEquals(List.of("cls_token"), weights.report().ignored());
                }
            }
        }
    }

    @Test
    void vitPytorchLeavesTheOutputProjectionOfOneFullHeadOut() throws IOException {
        VitConfig model = vitPytorch().outputBias(false).build();
        Map<String, Content> tensors = Models.rename(tensors(model), name -> name.contains("to_out") ? null : name);
        Path file = write(tensors);
        Map<String, float[]> parameters = GoldenFamiliesTest.parameters(file, null);
        float[] projection = parameters.get("blocks.1.attn.proj.weight");
        for (int i = 0; i < projection.length; i++) {
            assertEquals(i / 64 == i % 64 ? 1 : 0, projection[i]);
        }
        try (Weights weights = Weights.open(file, null)) {
            assertEquals(model, weights.config());
        }
        config = Files.writeString(folder.resolve("c.json"), "{\"heads\":2}");
        assertTrue(refused(tensors).getMessage().contains("contradicts the weights"));
    }

    /** The names of the blocks in the versions before 2023, with one wrapper or two around each part. */
    private static String wrapped(String name, String wrapper) {
        String norm = wrapper.equals("fn.fn.") ? "fn.norm" : "norm";
        return name.replaceFirst("(layers\\.\\d+)\\.0\\.norm", "$1.0." + norm).replaceFirst("(layers\\.\\d+)\\.0\\.to_", "$1.0." + wrapper + "to_")
                .replaceFirst("(layers\\.\\d+)\\.1\\.net\\.0", "$1.1." + norm).replaceFirst("(layers\\.\\d+)\\.1\\.net\\.1", "$1.1." + wrapper + "net.0")
                .replaceFirst("(layers\\.\\d+)\\.1\\.net\\.4", "$1.1." + wrapper + "net.3");
    }

    @ParameterizedTest
    @CsvSource({"fn., false", "fn., true", "fn.fn., false"})
    void namesOfOlderVitPytorchAreRead(String wrapper, boolean patchNorm) throws IOException {
        VitConfig model = vitPytorch().heads(2).headDim(64).patchNorm(patchNorm).finalNorm(FinalNorm.AFTER_POOLING).build();
        Map<String, Content> tensors = Models.rename(tensors(model), name -> wrapped(name, wrapper).replace("mlp_head.", "mlp_head.1.")
                .replace("transformer.norm.", "mlp_head.0.").replace("to_patch_embedding.2.", patchNorm ? "to_patch_embedding.2." : "to_patch_embedding.1."));
        tensors.put("cls_token", new Content(Shape.of(1, 1, 64), tensors.get("cls_token").values()));
        tensors.put("pos_embedding", new Content(Shape.of(1, 5, 64), tensors.get("pos_embedding").values()));
        assertTrue(tensors.containsKey("transformer.layers.1.1." + wrapper + "net.3.bias") && tensors.containsKey("mlp_head.0.bias"), tensors.keySet().toString());
        Path file = write(tensors);
        assertParametersOf(model, file, null);
        try (Weights weights = Weights.open(file, null)) {
            assertEquals(model, weights.config());
        }
    }

    @Test
    void theOldestVitPytorchIsRefusedSinceItDoesNotTellItsScale() throws IOException {
        Map<String, Content> tensors = Models.rename(tensors(vitPytorch().heads(2).headDim(64).patchNorm(false).build()),
                name -> wrapped(name, "fn.fn.").replace("to_patch_embedding.2.", "patch_to_embedding."));
        String message = refused(tensors).getMessage();
        assertTrue(message.contains("how attention is scaled") && message.contains("0.8 or newer"), message);
    }
}
