package vit.model.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import vit.model.InputException;
import vit.model.json.Json;

/** Preprocessing that configuration files state means what the tools that wrote the files make of it, and which of several sources decides. */
class PreprocessingFilesTest {

    private static final String VIT = """
            {"do_normalize": true, "do_resize": true, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
             "resample": 2, "size": %s, "%s": "%s"}""";

    @Test
    void olderAndNewerHuggingFaceFormsMeanTheSame() throws Exception {
        Preprocessing old = read(VIT.formatted("224", "feature_extractor_type", "ViTFeatureExtractor"));
        Preprocessing current = read(VIT.formatted("{\"height\": 224, \"width\": 224}", "image_processor_type", "ViTImageProcessor"));
        assertEquals(old, current);
        RgbImage image = ResampleTest.noise(50, 70, 3);
        assertArrayEquals(Preprocessing.named("huggingface-vit").apply(image, 224, 224), current.apply(image, 224, 224));
    }

    @Test
    void clipAndDeitProcessorsDifferInWhatANumberMeans() throws Exception {
        Preprocessing clip = read("""
                {"feature_extractor_type": "CLIPFeatureExtractor", "size": 224, "resample": 3, "do_center_crop": true, "crop_size": 224,
                 "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711]}""");
        assertEquals(Fit.SHORT_SIDE, clip.fit());
        assertEquals(Normalization.CLIP, clip.normalization());
        Preprocessing deit = read("""
                {"feature_extractor_type": "DeiTFeatureExtractor", "size": 256, "resample": 3, "do_center_crop": true, "crop_size": 224,
                 "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}""");
        assertEquals(Fit.SQUASH, deit.fit());
        assertEquals(new Placement(256, 256, 16, 16), Placement.of(deit, ResampleTest.noise(30, 60, 1), 224, 224));
    }

    /** What each class of processors does when its file says nothing, from the classes' own definitions. */
    @ParameterizedTest
    @CsvSource({
        "CLIPImageProcessor, SHORT_SIDE, 224, 224, BICUBIC, HUGGING_FACE, 0.48145466",
        "BitImageProcessor, SHORT_SIDE, 224, 224, BICUBIC, HUGGING_FACE, 0.48145466",
        "DeiTImageProcessor, SQUASH, 256, 224, BICUBIC, HUGGING_FACE, 0.5",
        "BeitImageProcessor, SQUASH, 256, 224, BICUBIC, HUGGING_FACE, 0.5",
        "SiglipImageProcessor, SQUASH, 224, 0, BICUBIC, HUGGING_FACE, 0.5",
        "ViTHybridImageProcessor, SHORT_SIDE, 224, 224, BICUBIC, HUGGING_FACE, 0.48145466",
        "ViTImageProcessor, SQUASH, 224, 0, BILINEAR, HUGGING_FACE, 0.5",
        "DINOv3ViTImageProcessorFast, SQUASH, 224, 0, BILINEAR, HUGGING_FACE_FLOAT, 0.485",
    })
    void processorsHaveTheirDefaults(String processor, Fit fit, int resize, int output, Filter filter, Convention convention, double red) throws Exception {
        Preprocessing found = read("{\"image_processor_type\": \"" + processor + "\"}");
        assertEquals(List.of(fit, resize, output, filter, convention, red),
                List.of(found.fit(), found.resizeHeight(), found.outputHeight(), found.filter(), found.convention(), found.normalization().mean().getFirst()));
    }

    @Test
    void openClipsFieldsAreRead() throws Exception {
        Preprocessing usual = read("{\"model_cfg\": {}, \"preprocess_cfg\": {}}");
        assertEquals(Preprocessing.named("clip"), usual.withName("clip"));
        Preprocessing clipa = read("""
                {"preprocess_cfg": {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "interpolation": "bilinear", "resize_mode": "squash"}}""");
        assertEquals(Preprocessing.named("clipa"), clipa.withName("clipa"));
    }

    @Test
    void openClipsFileDecidesForItsWeightsAndTheModelAmongHuggingFaces(@TempDir Path folder) throws Exception {
        Path weights = folder.resolve("open_clip_model.safetensors");
        assertEquals("clip", PreprocessingFiles.choose(null, weights, null, "openclip").name());
        Path processor = write(folder, "preprocessor_config.json", VIT.formatted("384", "image_processor_type", "ViTImageProcessor"));
        Path openClip = write(folder, "open_clip_config.json", "{\"preprocess_cfg\": {\"resize_mode\": \"squash\"}}");
        assertEquals(openClip.toString(), PreprocessingFiles.choose(null, weights, null, "openclip").name());
        assertEquals(processor.toString(), PreprocessingFiles.choose(null, weights, null, "huggingface-clip").name());
        Files.delete(processor);
        write(folder, "config.json", "{\"model_type\": \"vit_mae\"}");
        assertEquals("huggingface-mae", PreprocessingFiles.choose(null, folder.resolve("model.safetensors"), null, "huggingface").name());
        assertEquals("huggingface-mae", PreprocessingFiles.inMemory("{\"model_type\": \"vit_mae\"}".getBytes(StandardCharsets.UTF_8), "huggingface").name());
    }

    /** The model's kind alone tells the preprocessing exactly where all its published checkpoints have the same. */
    @ParameterizedTest
    @CsvSource({
        "huggingface, deit, huggingface-deit, false",
        "huggingface, vit_mae, huggingface-mae, false",
        "huggingface, ijepa, ijepa, false",
        "huggingface, vit-hybrid, huggingface-hybrid, false",
        "huggingface-dinov2, dinov2, huggingface-dinov2, false",
        "huggingface-dinov2-registers, dinov2_with_registers, huggingface-dinov2, false",
        "huggingface-beit, beit, beit, false",
        "dino, '', dinov2, false",
        "dino-registers, '', dinov2, false",
        "huggingface, vit, huggingface-vit, true",
        "huggingface, '', huggingface-vit, true",
        "huggingface-clip, clip_vision_model, huggingface-clip, true",
        "huggingface-siglip, siglip_vision_model, siglip, true",
        "huggingface-dinov3, dinov3_vit, dinov3, true",
        "timm, deit, timm-augreg, true",
        "openclip, '', clip, true",
        "torchvision, '', torchvision-b16-v1, true",
        "jax, '', jax, true",
        "vit-pytorch, '', timm-augreg, true",
    })
    void whatNoFileStatesIsAGuessUnlessTheModelsKindFixesIt(String family, String modelType, String preset, boolean guess, @TempDir Path folder) throws Exception {
        Path weights = folder.resolve("model.safetensors");
        String config = modelType.isEmpty() ? "{}" : "{\"model_type\": \"" + modelType + "\"}";
        write(folder, "config.json", config);
        String warning = "preprocessing " + preset + " assumed, as is usual for " + family
                + "; no file states it (--preprocess NAME or \"preprocess\" in config.json does)";
        PreprocessingChoice expected = new PreprocessingChoice(Preprocessing.named(preset), guess ? Optional.of(warning) : Optional.empty());
        assertEquals(expected, PreprocessingFiles.decide(null, weights, null, family));
        assertEquals(expected, PreprocessingFiles.decide(config.getBytes(StandardCharsets.UTF_8), family));
        write(folder, "config.json", "{\"preprocess\": \"clipa\"}");
        assertEquals(Optional.empty(), PreprocessingFiles.decide(null, weights, null, family).warning());
        assertEquals(new PreprocessingChoice(Preprocessing.named("mae"), Optional.empty()), PreprocessingFiles.decide("mae", weights, null, family));
    }

    /** OpenCLIP itself preprocesses as for OpenAI's models if its file says nothing else. */
    @Test
    void openClipsOwnFileFixesIt(@TempDir Path folder) throws Exception {
        write(folder, "open_clip_config.json", "{\"model_cfg\": {}}");
        assertEquals(new PreprocessingChoice(Preprocessing.named("clip"), Optional.empty()),
                PreprocessingFiles.decide(null, folder.resolve("open_clip_model.safetensors"), null, "openclip"));
    }

    @Test
    void huggingFaceSwitchesAreObeyed() throws Exception {
        Preprocessing plain = read("""
                {"image_processor_type": "ViTImageProcessor", "do_resize": false, "do_rescale": false, "do_normalize": false}""");
        RgbImage image = ResampleTest.noise(4, 6, 9);
        float[] out = plain.apply(image, 4, 6);
        assertEquals(image.sample(3, 5, 2), out[out.length - 1]);
        Preprocessing shortest = read("""
                {"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224},
                 "resample": 3, "rescale_factor": 0.00392156862745098}""");
        assertEquals(new Placement(256, 512, 16, 144), Placement.of(shortest, ResampleTest.noise(30, 60, 1), 224, 224));
    }

    @Test
    void cropFractionOfHuggingFaceFollowsConvNext() throws Exception {
        Preprocessing small = read("{\"do_resize\": true, \"size\": {\"shortest_edge\": 224}, \"crop_pct\": 0.875}");
        assertEquals(new Placement(256, 512, 16, 144), Placement.of(small, ResampleTest.noise(30, 60, 1), 224, 224));
        Preprocessing large = read("{\"do_resize\": true, \"size\": {\"shortest_edge\": 384}, \"crop_pct\": 0.875}");
        assertEquals(new Placement(384, 384, 0, 0), Placement.of(large, ResampleTest.noise(30, 60, 1), 384, 384));
    }

    @Test
    void huggingFaceSizeMustBeTheModels() throws Exception {
        Preprocessing vit = read(VIT.formatted("224", "feature_extractor_type", "ViTFeatureExtractor"));
        InputException e = assertThrows(InputException.class, () -> vit.apply(ResampleTest.noise(4, 4, 1), 384, 384));
        assertTrue(e.getMessage().contains("384×384") && e.getMessage().contains("224×224"), e.getMessage());
    }

    @Test
    void timmFormsAreRead() throws Exception {
        String fields = """
                "input_size": [3, 224, 224], "interpolation": "bicubic", "crop_pct": 0.9, "crop_mode": "center",
                "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]""";
        Preprocessing nested = read("{\"architecture\": \"vit\", \"pretrained_cfg\": {" + fields + "}}");
        Preprocessing flat = read("{\"architecture\": \"vit\", " + fields + "}");
        assertEquals(nested, flat);
        RgbImage image = ResampleTest.noise(50, 70, 3);
        assertArrayEquals(Preprocessing.named("timm-augreg").apply(image, 224, 224), nested.apply(image, 224, 224));
        assertEquals(224, nested.outputHeight());
        Preprocessing defaults = read("{\"pretrained_cfg\": {\"crop_pct\": null}}");
        assertEquals(0.875, defaults.cropFraction());
        assertEquals(Normalization.IMAGENET, defaults.normalization());
        assertEquals(Fit.SQUASH, read("{\"pretrained_cfg\": {\"crop_mode\": \"squash\"}}").fit());
        assertEquals(Fit.INSIDE, read("{\"pretrained_cfg\": {\"crop_mode\": \"border\"}}").fit());
    }

    @Test
    void timmNeedsNoSquareAndThenResizesBilinearly() throws Exception {
        Preprocessing bicubic = read("{\"pretrained_cfg\": {\"crop_pct\": 0.9, \"interpolation\": \"bicubic\"}}");
        Preprocessing bilinear = read("{\"pretrained_cfg\": {\"crop_pct\": 0.9, \"interpolation\": \"bilinear\"}}");
        RgbImage image = ResampleTest.noise(50, 70, 3);
        assertEquals(new Placement(26, 36, 1, 2), Placement.of(bicubic, image, 24, 32));
        assertEquals(new Placement(50, 35, 13, 2), Placement.of(bicubic, ResampleTest.noise(71, 50, 3), 24, 32)); // 49.7 rows
        assertArrayEquals(bilinear.apply(image, 24, 32), bicubic.apply(image, 24, 32));
    }

    @Test
    void modelConfigurationsSayNothing() throws Exception {
        assertEquals(Optional.empty(), parse("{\"model_type\": \"vit\", \"image_size\": 224, \"hidden_size\": 32}"));
        assertEquals(Optional.empty(), parse("{\"family\": \"timm\", \"image\": [224, 224], \"patch\": 16}"));
        assertEquals("jax", read("{\"family\": \"timm\", \"preprocess\": \"jax\"}").name());
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{\"do_resize\": true, \"size\": {\"longest_edge\": 224}}",
        "{\"do_resize\": true, \"size\": 0}",
        "{\"do_resize\": true, \"size\": 100000000}",
        "{\"do_resize\": true, \"resample\": 6}",
        "{\"do_resize\": true, \"image_mean\": [0.5, 0.5]}",
        "{\"do_resize\": true, \"image_std\": [0.5, 0, 0.5]}",
        "{\"do_resize\": true, \"image_std\": [1e-60, 1, 1]}",
        "{\"do_resize\": 2}",
        "{\"do_resize\": \"false\"}",
        "{\"do_resize\": true, \"size\": \"large\"}",
        "{\"do_resize\": true, \"size\": [224]}",
        "{\"do_resize\": true, \"resample\": \"sharp\"}",
        "{\"pretrained_cfg\": {\"interpolation\": \"random\"}}",
        "{\"do_resize\": true, \"rescale_factor\": -1}",
        "{\"do_resize\": true, \"size\": {\"shortest_edge\": 224}, \"crop_pct\": 0}",
        "{\"pretrained_cfg\": {\"crop_mode\": \"zoom\"}}",
        "{\"pretrained_cfg\": {\"crop_pct\": 0}}",
        "{\"pretrained_cfg\": {\"crop_pct\": 1e300}}",
        "{\"pretrained_cfg\": {\"input_size\": [1, 28, 28]}}",
        "{\"preprocess\": \"unknown\"}",
        "{\"preprocess_cfg\": {\"resize_mode\": \"longest\"}}",
        "{\"preprocess_cfg\": {\"interpolation\": \"nearest\"}}",
        "{\"image_processor_type\": \"DINOv3ViTImageProcessorFast\", \"resample\": 1}",
        "{\"image_processor_type\": \"Siglip2ImageProcessor\", \"do_resize\": true, \"max_num_patches\": 256, \"patch_size\": 16}",
    })
    void unusableConfigurationsAreRefusedByField(String json) {
        InputException e = assertThrows(InputException.class, () -> parse(json));
        assertTrue(e.getMessage().contains("; found "), e.getMessage());
    }

    /**
     * Files are read as transformers and timm read them: sizes in a list are height and width, one number stands for three, and 0 is Pillow's
     * NEAREST.
     */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{\"do_resize\":1,\"size\":[224,224],\"resample\":2}|{\"do_resize\":true,\"size\":{\"height\":224,\"width\":224}}",
        "{\"do_resize\":true,\"size\":\"224\",\"resample\":\"3\"}|{\"do_resize\":true,\"size\":224,\"resample\":3}",
        "{\"do_resize\":true,\"resample\":\"PILImageResampling.BICUBIC\",\"size\":null}|{\"do_resize\":true,\"resample\":3}",
        "{\"do_resize\":true,\"image_mean\":0.25,\"image_std\":\"0.5\"}|{\"do_resize\":true,\"image_mean\":[0.25,0.25,0.25],\"image_std\":[0.5,0.5,0.5]}",
        "{\"do_resize\":true,\"do_center_crop\":1,\"crop_size\":[200,200]}|{\"do_resize\":true,\"do_center_crop\":true,\"crop_size\":{\"height\":200,\"width\":200}}",
        "{\"pretrained_cfg\":{\"interpolation\":3,\"crop_pct\":\"0.9\",\"mean\":0.5,\"std\":0.5}}|{\"pretrained_cfg\":{\"interpolation\":\"bicubic\",\"crop_pct\":0.9,\"mean\":[0.5,0.5,0.5],\"std\":[0.5,0.5,0.5]}}",
        "{\"pretrained_cfg\":{\"interpolation\":\"nearest\",\"mean\":null,\"input_size\":[3.0,32,\"32\"]}}|{\"pretrained_cfg\":{\"interpolation\":0,\"input_size\":[3,32,32]}}"})
    void filesAreReadAsTheirOwnToolsReadThem(String loose, String usual) throws Exception {
        assertEquals(read(usual), read(loose));
    }

    @Test
    void listsAreHeightAndWidth() throws Exception {
        Preprocessing list = parse("{\"do_resize\": true, \"size\": [20, 30], \"resample\": 0}").orElseThrow();
        assertEquals(List.of(20, 30, Fit.SQUASH, Filter.NEAREST), List.of(list.resizeHeight(), list.resizeWidth(), list.fit(), list.filter()));
    }

    @Test
    void aFilesSizesFollowTheImageThatIsAskedFor() throws Exception {
        Preprocessing squash = parse(VIT.formatted("224", "feature_extractor_type", "ViTFeatureExtractor")).orElseThrow().forImage(384, 256);
        assertEquals(3 * 384 * 256, squash.apply(ResampleTest.noise(4, 4, 1), 384, 256).length);
        Preprocessing cut = read("{\"do_resize\": true, \"size\": {\"shortest_edge\": 256}, \"do_center_crop\": true, \"crop_size\": 224}").forImage(448, 336);
        assertEquals(List.of(512, 512, 448, 336), List.of(cut.resizeHeight(), cut.resizeWidth(), cut.outputHeight(), cut.outputWidth()));
        assertEquals(3 * 448 * 336, cut.apply(ResampleTest.noise(9, 30, 1), 448, 336).length);
        Preprocessing preset = Preprocessing.named("timm-augreg");
        assertEquals(preset, preset.forImage(100, 200));
    }

    @Test
    void theMostExplicitSourceDecides(@TempDir Path folder) throws Exception {
        Path weights = folder.resolve("model.safetensors");
        assertEquals("jax", PreprocessingFiles.choose("jax", weights, null, "timm").name());
        assertEquals("huggingface-vit", PreprocessingFiles.choose(null, weights, null, "huggingface").name());
        assertEquals("timm-augreg", PreprocessingFiles.choose(null, null, null, null).name());

        write(folder, "config.json", "{\"preprocess\": \"deit\"}");
        assertEquals("deit", PreprocessingFiles.choose(null, weights, null, "timm").name());
        Path processor = write(folder, "preprocessor_config.json", VIT.formatted("384", "image_processor_type", "ViTImageProcessor"));
        assertEquals(processor.toString(), PreprocessingFiles.choose(null, weights, null, "timm").name());

        Path config = write(folder, "other.json", "{\"preprocess\": \"clip\"}");
        assertEquals("clip", PreprocessingFiles.choose(null, weights, config, "timm").name());
        assertEquals("jax", PreprocessingFiles.choose("jax", weights, config, "timm").name());
        Path silent = write(folder, "silent.json", "{\"family\": \"timm\"}");
        assertEquals(processor.toString(), PreprocessingFiles.choose(null, null, silent, "timm").name());
    }

    @Test
    void brokenNeighbourIsAnErrorAndNotADefault(@TempDir Path folder) throws Exception {
        write(folder, "preprocessor_config.json", "{\"size\": ");
        assertThrows(InputException.class, () -> PreprocessingFiles.choose(null, folder.resolve("model.safetensors"), null, "timm"));
        assertThrows(InputException.class, () -> PreprocessingFiles.read(folder.resolve("absent.json")));
    }

    private static Path write(Path folder, String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    private static Optional<Preprocessing> parse(String json) throws InputException {
        return PreprocessingFiles.of(Json.parse("preprocessor_config.json", json.getBytes(StandardCharsets.UTF_8)));
    }

    private static Preprocessing read(String json) throws InputException {
        Preprocessing read = parse(json).orElseThrow();
        assertEquals(List.of(0, 0), List.of(read.outputHeight() - read.outputWidth(), read.resizeHeight() - read.resizeWidth()));
        return read;
    }
}
