package vit.model.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import vit.model.config.VitConfig;
import vit.model.golden.Golden;
import vit.model.json.Json;
import vit.model.json.JsonKind;
import vit.model.json.JsonObject;
import vit.model.parameters.GeneratedWeights;
import vit.model.weights.Models.Content;
import vit.model.weights.config.ConfigField;
import vit.model.weights.family.WeightFamilies;
import vit.model.weights.family.WeightFamily;

/** A report names the architecture that a file was taken for, and the reasons it gives are those of the decision. */
class RecognitionTest {

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        timm-micro|vit_custom (timm), width 36, depth 2, heads 3, patch 8|architecture "vit_custom"
        torchvision-micro|ViT (torchvision), width 40, depth 2, heads 4, patch 8|family "torchvision"
        huggingface-micro|ViT (Hugging Face), width 32, depth 2, heads 4, patch 8|model_type "vit"
        jax-npz-micro|ViT (JAX), width 32, depth 2, heads 2, patch 8|family "jax npz"
        vit-pytorch-micro|ViT (vit-pytorch), width 44, depth 2, heads 4, patch 6|family "vit-pytorch ViT"
        vit-pytorch-simple-micro|SimpleViT (vit-pytorch), width 44, depth 2, heads 4, patch 6|family "vit-pytorch SimpleViT"
        families/clip-hf-micro|CLIP image tower (Hugging Face), width 36, depth 2, heads 3, patch 8|model_type "clip"
        families/clip-openclip-micro|CLIP image tower (OpenCLIP), width 36, depth 2, heads 3, patch 8|model_cfg
        families/clip-timm-micro|vit_base_patch16_clip_224 (timm), width 36, depth 2, heads 3, patch 8|architecture "vit_base_patch16_clip_224"
        families/dinov2-hf-micro|DINOv2 (Hugging Face), width 36, depth 2, heads 3, patch 8|model_type "dinov2"
        families/dinov2-registers-hf-micro|DINOv2 with registers (Hugging Face), width 36, depth 2, heads 3, patch 7|model_type "dinov2_with_registers"
        families/dinov2-fb-micro|DINOv2 (Facebook Research), width 36, depth 2, heads 3, patch 7|family "dinov2"
        families/dino-fb-micro|DINO (Facebook Research), width 36, depth 2, heads 3, patch 8|family "dino"
        families/siglip-hf-micro|SigLIP image tower (Hugging Face), width 36, depth 2, heads 3, patch 8|model_type "siglip"
        families/siglip-jax-npz-micro|SigLIP image tower (JAX), width 36, depth 2, heads 3, patch 8|family "jax npz"
        families/deit-distilled-hf-micro|DeiT (Hugging Face), width 36, depth 2, heads 3, patch 8|model_type "deit"
        families/mae-hf-micro|ViT-MAE (Hugging Face), width 36, depth 2, heads 3, patch 8|model_type "vit_mae"
        families/ijepa-hf-micro|I-JEPA (Hugging Face), width 36, depth 2, heads 3, patch 8|model_type "ijepa"
        families/beit-hf-micro|BEiT (Hugging Face), width 36, depth 2, heads 3, patch 8|model_type "beit"
        families/dinov3-hf-micro|DINOv3 (Hugging Face), width 36, depth 2, heads 3, patch 8|model_type "dinov3_vit"
        """)
    void theArchitectureAndWhatNamesItAreReported(String name, String architecture, String naming) throws IOException {
        try (Weights weights = Weights.open(weights(name), null)) {
            Recognition recognition = weights.report().recognition();
            assertEquals(architecture, recognition.architecture());
            assertEquals(naming + " in the configuration", recognition.reasons().get(1));
        }
    }

    private static Path weights(String name) {
        return Golden.weights(Golden.folder(name));
    }

    static List<String> cases() throws IOException {
        return Golden.cases();
    }

    /** A tensor that is named as a sign is one: without it, or with one that must be absent, the file is not taken for the same family. */
    @ParameterizedTest
    @MethodSource("cases")
    void withoutOneOfItsSignsAFileIsNotRecognised(String name) throws IOException {
        Path path = weights(name);
        String signs;
        String family;
        boolean own; // and not only because the configuration names the family
        try (Weights weights = Weights.open(path, null)) {
            signs = weights.report().recognition().reasons().getFirst();
            family = weights.report().family();
        }
        Map<String, Content> tensors = Models.read(path);
        own = family.equals(recognised(tensors));
        Matcher matcher = Pattern.compile("tensors? (.+?)(?:, and no (.+))?").matcher(signs);
        assertTrue(matcher.matches(), signs);
        for (String present : matcher.group(1).split(" and ")) {
            assertTrue(tensors.containsKey(present), () -> signs + " for " + name);
            Map<String, Content> fewer = Models.rename(tensors, tensor -> tensor.equals(present) ? null : tensor);
            assertFalse(family.equals(recognised(fewer)), () -> name + " is still " + family + " without " + present);
        }
        for (String absent : matcher.group(2) == null ? new String[0] : matcher.group(2).split(" or ")) {
            assertFalse(tensors.containsKey(absent), () -> signs + " for " + name);
            Map<String, Content> more = new TreeMap<>(tensors);
            more.put(absent, tensors.values().iterator().next());
            assertFalse(own && family.equals(recognised(more)), () -> name + " is still " + family + " with " + absent);
        }
    }

    /** The family of a file with these tensors and no configuration, or null. */
    private static String recognised(Map<String, Content> tensors) {
        return WeightFamilies.recognise(new vit.model.weights.family.TensorDirectory("file", tensors.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, entry -> entry.getValue().shape())))).map(WeightFamily::id).orElse(null);
    }

    /** A value comes from a tensor that the file has, from the absence of one that it has not, from a field, from the preprocessing, or from what is usual. */
    @ParameterizedTest
    @MethodSource("cases")
    void everyValueHasAnOriginThatExists(String name) throws IOException {
        Path path = weights(name);
        Path config = WeightFolder.configuration(path);
        JsonObject document = Json.read(config);
        try (Weights weights = Weights.open(path, null)) {
            Map<String, String> origins = weights.report().recognition().origins();
            assertEquals(ConfigField.ALL.stream().map(ConfigField::name).toList(), List.copyOf(origins.keySet()));
            Set<String> kinds = origins.values().stream().map(origin -> origin.replaceFirst(" [^ ]+$", "")).collect(Collectors.toSet());
            assertTrue(Set.of("tensor", "no tensor", "field", "no field", "usual for", "the").containsAll(kinds), () -> name + ": " + kinds);
            for (String origin : origins.values()) {
                String of = origin.substring(origin.lastIndexOf(' ') + 1);
                if (origin.startsWith("tensor ") && !of.endsWith("*")) {
                    assertNotNull(weights.file().find(of), () -> name + ": " + origin);
                } else if (origin.startsWith("no tensor ")) {
                    assertNull(weights.file().find(of), () -> name + ": " + origin);
                } else if (origin.contains("field ")) {
                    assertEquals(origin.startsWith("field "), has(document, of), () -> name + ": " + origin);
                }
            }
        }
    }

    private static boolean has(JsonObject document, String path) throws IOException {
        JsonObject inside = document;
        String[] steps = path.split("\\.");
        for (int i = 0; i + 1 < steps.length; i++) {
            inside = inside.object(steps[i]);
        }
        return inside.get(steps[steps.length - 1]).kind() != JsonKind.ABSENT;
    }

    /** Every family's file is recognised without a configuration, unless its tensors are named like those of another; what is guessed is called so. */
    @Test
    void withoutAConfigurationTheGuessesAreNamed() throws IOException {
        for (WeightFamily family : WeightFamilies.all()) {
            if (family.id().equals("dino-registers")) {
                continue; // without its mask token a file of Facebook's looks like timm's, whose registers go with other positions
            }
            VitConfig config = family.defaults().image(32, 32).patch(16).width(64).depth(1).heads(1).mlp(128).build();
            Path file = folder.resolve(family.id() + ".safetensors");
            WeightsWriter.write(file, new GeneratedWeights(config, 1), Map.of());
            try (Weights weights = Weights.open(file, null)) {
                Recognition recognition = weights.report().recognition();
                assertEquals("no configuration", recognition.reasons().get(1));
                assertTrue(recognition.architecture().endsWith("(" + family.library() + "), width 64, depth 1, heads 1, patch 16")
                        || family.id().startsWith("dino"), () -> family.id() + ": " + recognition.architecture());
                String heads = recognition.origins().get("heads");
                assertTrue(heads.equals("assumed from the width") || family.id().equals("jax") && heads.startsWith("tensor")
                        || family.id().contains("beit") && heads.endsWith("table"), () -> family.id() + ": " + heads);
                assertEquals(Recognition.USUAL + weights.report().family(), recognition.origins().get("layer_norm_eps"));
            }
        }
    }

    @Test
    void publishedSizesHaveTheirLetters() throws IOException {
        Path config = Files.writeString(folder.resolve("config.json"), "{\"family\":\"timm\",\"width\":384,\"depth\":12,\"heads\":6,\"mlp\":1536,\"patch\":16,\"image\":32}");
        Path file = folder.resolve("model.safetensors");
        WeightsWriter.write(file, new GeneratedWeights(Weights.configuration(config).vit(), 1), Map.of());
        try (Weights weights = Weights.open(file, null)) {
            assertEquals("ViT (timm), ViT-S/16", weights.report().recognition().architecture());
        }
    }
}
