package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vit.model.LoadOptions;
import vit.model.VitModel;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.Positions;
import vit.model.golden.Golden;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameters;
import vit.model.weights.Weights;

/** {@code vit train}: the files that it leaves, the same bytes at any number of threads, resuming, fine-tuning, and what it refuses. */
class TrainTest {

    private static final String CONFIG = "{\"family\":\"timm\",\"image\":[8,8],\"patch\":4,\"width\":24,\"depth\":2,\"heads\":3,\"mlp\":40}";

    @TempDir
    private Path folder;

    private Path data;
    private Path config;

    @BeforeEach
    void drawImages() throws IOException {
        data = stripes(folder.resolve("data"), 40);
        config = Files.writeString(folder.resolve("model.json"), CONFIG);
    }

    /** Class folders of lying and standing stripes. */
    static Path stripes(Path root, int each) throws IOException {
        Random random = new Random(4);
        for (String name : List.of("lying", "standing")) {
            Path folder = Files.createDirectories(root.resolve(name));
            for (int i = 0; i < each; i++) {
                BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
                int phase = random.nextInt(4);
                for (int y = 0; y < 8; y++) {
                    for (int x = 0; x < 8; x++) {
                        int light = (((name.equals("lying") ? y : x) + phase) % 4 < 2 ? 60 : 190) + random.nextInt(40);
                        image.setRGB(x, y, light * 0x010101);
                    }
                }
                ImageIO.write(image, "png", folder.resolve(i + ".png").toFile());
            }
        }
        return root;
    }

    private Ran train(Path output, Object... more) {
        List<Object> arguments = new ArrayList<>(List.of("train", "--data", data, "--output", output, "--config", config, "--recipe", "plain",
                "--validation", "0.25", "--threads", "1"));
        arguments.addAll(List.of(more));
        return Ran.vit(arguments.toArray());
    }

    @Test
    void trainsPrintsTheTableAndLeavesAModelThatClassifies() throws Exception {
        Path output = folder.resolve("made/by/train");
        Ran ran = train(output, "--epochs", 12, "--batch", 6, "--lr", "5e-3", "--optimizer", "adamw", "--seed", 1).isDone();
        int header = ran.lines().indexOf("epoch   loss    acc   val loss  val acc   lr        images/s");
        assertTrue(header > 0, ran::out);
        for (int epoch = 1; epoch <= 12; epoch++) {
            String line = ran.lines().get(header + epoch);
            assertTrue(line.matches(String.format(" {3,4}%d   \\d\\.\\d{3}   \\d\\.\\d{3}   \\d\\.\\d{3}    \\d\\.\\d{3}    5\\.0e-03 +\\d+", epoch)), line);
        }
        for (String file : List.of("best.safetensors", "last.safetensors", "config.json", "labels.txt", "state.safetensors", "metrics.csv", "loss.png",
                "confusion.png")) {
            assertTrue(Files.size(output.resolve(file)) > 0, file);
        }
        assertEquals("lying\nstanding\n", Files.readString(output.resolve("labels.txt")));
        assertEquals(13, Files.readAllLines(output.resolve("metrics.csv")).size());
        assertTrue(ImageIO.read(output.resolve("loss.png").toFile()).getWidth() > 500);
        Ran classified = Ran.vit("classify", "--weights", output.resolve("best.safetensors"), "--top", 1, data.resolve("lying/3.png"),
                data.resolve("standing/5.png")).isDone();
        assertTrue(classified.lines().get(1).endsWith("lying"), classified::out);
        assertTrue(classified.lines().get(3).endsWith("standing"), classified::out);
        assertTrue(ran.out().contains("validation accuracy 1.0000"), ran::out);
    }

    @Test
    void sameSeedSameFilesAtAnyThreadCountAndInAnyPasses() throws Exception {
        Path first = folder.resolve("first");
        Path second = folder.resolve("second");
        Object[] settings = {"--epochs", 2, "--batch", 8, "--augment", "randaugment", "--mixup", "0.8", "--cutmix", "1", "--erasing", "0.2", "--ema", "0.9",
            "--clip", "1", "--warmup", "1", "--weight-decay", "0.1", "--layer-decay", "0.8", "--label-smoothing", "0.1", "--schedule", "cosine", "--seed", "5"};
        train(first, settings).isDone();
        List<Object> more = new ArrayList<>(List.of(settings));
        more.addAll(List.of("--threads", "3", "--loaders", "3", "--accumulate", "2", "--checkpointing"));
        List<Object> arguments = new ArrayList<>(List.of("train", "--data", data, "--output", second, "--config", config, "--recipe", "plain", "--validation",
                "0.25"));
        arguments.addAll(more);
        Ran.vit(arguments.toArray()).isDone();
        assertSameFiles(first, second);
        Path other = folder.resolve("other");
        settings[settings.length - 1] = "6";
        train(other, settings).isDone();
        assertFalse(java.util.Arrays.equals(Files.readAllBytes(first.resolve("last.safetensors")), Files.readAllBytes(other.resolve("last.safetensors"))));
    }

    static void assertSameFiles(Path first, Path second) throws IOException {
        for (String file : List.of("best.safetensors", "last.safetensors", "state.safetensors", "config.json", "labels.txt", "metrics.csv", "loss.png",
                "confusion.png")) {
            assertArrayEquals(Files.readAllBytes(first.resolve(file)), Files.readAllBytes(second.resolve(file)), file);
        }
    }

    @Test
    void resumeOfAFinishedTrainingChangesNothing() throws Exception {
        Path output = folder.resolve("out");
        train(output, "--epochs", 2, "--resume").isDone(); // there is nothing to resume, so training starts from the beginning
        byte[] state = Files.readAllBytes(output.resolve("state.safetensors"));
        Ran again = train(output, "--epochs", 2, "--resume").isDone();
        assertTrue(again.out().contains("resumed after epoch 2"), again::out);
        assertArrayEquals(state, Files.readAllBytes(output.resolve("state.safetensors")));
    }

    @Test
    void aTrainingThatIsThereIsNotLostByAccident() {
        Path output = folder.resolve("out");
        train(output, "--epochs", 1).isDone();
        train(output, "--epochs", 1).isRefused("there is a training already");
        train(output, "--epochs", 1, "--batch", 9, "--resume").isRefused("another one", "--batch 64, not 9");
        train(output, "--epochs", 1, "--overwrite").isDone();
    }

    @Test
    void aTrainingWithoutItsStateIsNotBegunAnew() throws Exception {
        Path output = folder.resolve("out");
        train(output, "--epochs", 1).isDone();
        byte[] best = Files.readAllBytes(output.resolve("best.safetensors"));
        Files.delete(output.resolve("state.safetensors"));
        train(output, "--epochs", 1).isRefused("there is a training already");
        train(output, "--epochs", 1, "--resume").isRefused("state.safetensors: the state to resume from is missing");
        train(output, "--epochs", 1, "--resume", "--overwrite").isRefused("only one of them");
        assertArrayEquals(best, Files.readAllBytes(output.resolve("best.safetensors")));
        Path foreign = Files.createDirectories(folder.resolve("foreign"));
        Files.writeString(foreign.resolve("config.json"), "{\"model_type\":\"vit\"}");
        train(foreign, "--epochs", 1).isRefused("config.json");
        assertEquals("{\"model_type\":\"vit\"}", Files.readString(foreign.resolve("config.json")), "another model's configuration");
    }

    @Test
    void theOutputFolderMayLieInTheData() throws Exception {
        Path output = data.resolve("out");
        train(output, "--epochs", 1).isDone();
        byte[] state = Files.readAllBytes(output.resolve("state.safetensors"));
        assertTrue(train(output, "--epochs", 1, "--resume").isDone().out().contains("left out: " + output + ", the output folder"));
        assertArrayEquals(state, Files.readAllBytes(output.resolve("state.safetensors")));
        train(folder.resolve("second"), "--epochs", 1).isDone();
        assertEquals("lying\nstanding\n", Files.readString(folder.resolve("second/labels.txt")));
    }

    @Test
    void theValidationPartOfASplitIsValidatedWith() throws Exception {
        Path split = folder.resolve("split");
        stripes(split.resolve("train"), 6);
        stripes(split.resolve("val"), 3);
        Path output = folder.resolve("out");
        Ran ran = Ran.vit("train", "--data", split, "--output", output, "--config", config, "--epochs", 1, "--threads", 1).isDone();
        assertEquals("2 classes, 12 images to train on, 6 to validate", ran.lines().getFirst());
        assertTrue(ran.out().contains("a batch is all 12 images, as there are fewer than 64"), ran::out);
        assertEquals("lying\nstanding\n", Files.readString(output.resolve("labels.txt")));
        Ran.vit("train", "--data", split, "--output", folder.resolve("no"), "--validation", 0.2).isRefused("--validation", "a part for validation");
        Ran classes = Ran.vit("train", "--data", split, "--output", folder.resolve("classes"), "--config", config, "--epochs", 1, "--threads", 1, "--no-split").isDone();
        assertTrue(classes.out().startsWith("2 classes, 16 images"), classes::out);
        assertEquals("train\nval\n", Files.readString(folder.resolve("classes/labels.txt")));
    }

    @Test
    void theImageOptionIsObeyedOrRefusedWithWhatFits() {
        for (int side : new int[] {4, 6, 8, 9, 40, 42, 64, 96, 100, 112, 224, 384, 1000}) {
            VitConfig made = StartOptions.ofSize(side, side, 3).orElseThrow();
            assertEquals(side, made.imageHeight());
            assertEquals(side, made.imageWidth());
            assertTrue(made.gridWidth() >= 2 && made.gridWidth() <= 14, made::toString);
        }
        assertEquals(16, StartOptions.ofSize(224, 224, 3).orElseThrow().patch());
        assertEquals(8, StartOptions.ofSize(64, 64, 3).orElseThrow().patch());
        Path output = folder.resolve("out");
        for (int side : new int[] {17, 1, 997, 99_991}) {
            Ran.vit("train", "--data", data, "--output", output, "--image", side).isRefused("--image", "found " + side, "for example");
        }
        for (int side : new int[] {0, -8, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            Ran.vit("train", "--data", data, "--output", output, "--image", side).isRefused("--image", "as 224x320", "found " + side);
        }
        Ran.vit("train", "--data", data, "--output", output, "--image", 17).isRefused("16 or 18");
        train(output, "--image", 10).isRefused("a multiple of the patch, 4, for example 8 or 12");
        train(output, "--image", 3).isRefused("for example 4, found 3");
        train(output, "--image", 12, "--epochs", 1).isDone();
    }

    @Test
    void imagesNeedNotBeSquare() throws Exception {
        for (int[] size : new int[][] {{8, 12}, {64, 32}, {96, 128}, {224, 320}, {6, 42}}) {
            VitConfig made = StartOptions.ofSize(size[0], size[1], 3).orElseThrow();
            assertEquals(size[0] + "×" + size[1], made.imageHeight() + "×" + made.imageWidth());
            assertTrue(Math.min(made.gridHeight(), made.gridWidth()) >= 2 && Math.max(made.gridHeight(), made.gridWidth()) <= 14, made::toString);
        }
        Path own = folder.resolve("own");
        Ran.vit("train", "--data", data, "--output", own, "--image", "8x12", "--epochs", 1, "--threads", 1).isDone();
        assertImage(own, 8, 12);
        Path configured = folder.resolve("configured");
        train(configured, "--image", "12x8", "--epochs", 1).isDone();
        assertImage(configured, 12, 8);
        Path tuned = folder.resolve("tuned");
        Ran ran = Ran.vit("train", "--data", data, "--output", tuned, "--weights", configured.resolve("best.safetensors"), "--image", "8x20", "--epochs", 1, "--threads",
                1).isDone();
        assertTrue(ran.lines().contains("positions of 3×2 patches are resampled to 2×5"), ran::out);
        assertImage(tuned, 8, 20);
        Path output = folder.resolve("out");
        train(output, "--image", "10x8").isRefused("multiples of the patch, 4, for example 8 or 12x8, found 10x8");
        train(output, "--image", "8*8").isRefused("--image", "found 8*8");
        Ran.vit("train", "--data", data, "--output", output, "--image", "97x16").isRefused("--image", "for example 96x16, found 97x16");
        Ran.vit("train", "--data", data, "--output", output, "--image", "8x400").isRefused("--image", "for example ", "found 8x400");
        train(configured, "--image", "8x12", "--epochs", 1, "--resume").isRefused("--image (height) 12, not 8; --image (width) 8, not 12");
    }

    private static void assertImage(Path trained, int height, int width) throws IOException {
        try (VitModel model = VitModel.load(trained.resolve("last.safetensors"))) {
            assertEquals(height + "×" + width, model.config().imageHeight() + "×" + model.config().imageWidth());
        }
    }

    @Test
    void fineTuningAtAnotherSizeScalesThePreprocessingOfTheWeights() throws Exception {
        Path first = folder.resolve("first");
        train(first, "--epochs", 1).isDone();
        Files.writeString(first.resolve("config.json"), Files.readString(first.resolve("config.json")).replace(",\"preprocess\":\"huggingface-vit\"", ""));
        Files.writeString(first.resolve("preprocessor_config.json"), "{\"image_processor_type\":\"ViTImageProcessor\",\"size\":{\"height\":8,\"width\":8},"
                + "\"do_resize\":true,\"image_mean\":[0.5,0.5,0.5],\"image_std\":[0.5,0.5,0.5],\"resample\":2}");
        Path tuned = folder.resolve("tuned");
        Ran.vit("train", "--data", data, "--output", tuned, "--weights", first.resolve("best.safetensors"), "--image", "16x12", "--epochs", 1, "--threads", 1).isDone();
        try (VitModel model = VitModel.load(tuned.resolve("last.safetensors"))) {
            assertEquals(16, model.preprocessing().resizeHeight());
            assertEquals(12, model.preprocessing().resizeWidth());
        }
    }

    /** DINOv3's processor makes images of 24×40 pixels, while its configuration says 32. */
    @Test
    void thePreprocessingDecidesTheImageWhereTheLibraryTakesAny() throws Exception {
        Path weights = Golden.folder("families/dinov3-hf-micro").resolve("weights.safetensors");
        Path tuned = folder.resolve("tuned");
        Ran.vit("train", "--data", data, "--output", tuned, "--weights", weights, "--epochs", 1, "--threads", 1).isDone();
        assertImage(tuned, 24, 40);
        try (VitModel model = VitModel.load(weights)) {
            assertEquals(40, model.config().imageWidth(), "loading follows the same rule");
        }
    }

    @Test
    void positionsAreNotResampledOnTheWayToTheImageThatIsAskedFor() throws Exception {
        Path weights = Golden.folder("families/dinov2-hf-resampled-micro").resolve("weights.safetensors");
        Path tuned = folder.resolve("tuned");
        Ran.vit("train", "--data", data, "--output", tuned, "--weights", weights, "--image", 42, "--recipe", "linear-probe", "--epochs", 1, "--threads", 1).isDone();
        assertArrayEquals(positions(weights, 42), positions(tuned.resolve("last.safetensors"), 42), "those of the file, as the probe leaves them alone");
    }

    private static float[] positions(Path file, int side) throws IOException {
        try (Weights weights = Weights.open(file, null, LoadOptions.DEFAULTS.withImage(side, side))) {
            Parameter positions = Parameters.of(weights.config()).find(Parameters.POSITIONS);
            float[] values = new float[Math.toIntExact(positions.shape().size())];
            weights.read(positions, values);
            return values;
        }
    }

    @Test
    void optionsWithoutEffectAreRefused() {
        Path output = folder.resolve("out");
        train(output, "--momentum", 0.5).isRefused("--momentum", "AdamW");
        train(output, "--reset-head").isRefused("--reset-head");
        train(output, "--head-only", "--layer-decay", 0.5).isRefused("--layer-decay");
        train(output, "--freeze", 3).isRefused("'--freeze': expected 0 to 2, the blocks of the model, found 3");
        train(output, "--freeze", -1).isRefused("'--freeze': expected 0 to 2");
        train(output, "--freeze", 1, "--head-only").isRefused("--freeze", "--head-only", "only one of them");
        train(output, "--accumulate", 65).isRefused("--accumulate", "1 to 64");
        Ran.vit("train", "--data", data, "--output", output, "--validation", 0.001).isRefused("--validation", "one image");
        Ran.vit("train", "--data", data, "--output", output, "--validation", -1).isRefused("--validation", "expected 0 to below 1, found -1");
        train(output, "--lr", "1e30").isRefused("learning rate 1.0E30; expected above 0 and below 1000000");
        train(output, "--lr", "Infinity").isRefused("below 1000000");
        train(output, "--lr", "NaN").isRefused("below 1000000");
        train(output, "--clip", "Infinity").isRefused("clip");
        for (String option : List.of("--epochs", "--batch", "--loaders", "--warmup", "--weight-decay", "--ema", "--label-smoothing", "--mixup",
                "--cutmix", "--dropout", "--drop-path", "--erasing", "--clip", "--layer-decay")) {
            train(output, option, -1).isRefused("-1", "expected");
        }
        assertFalse(Files.exists(output));
    }

    @Test
    void aConfigurationWithSigmoidScoresIsTrainedWithSoftmaxAndSaysSo() throws Exception {
        Path sigmoid = Files.writeString(folder.resolve("sigmoid.json"), CONFIG.replace("\"family\"", "\"scores\":\"sigmoid\",\"family\""));
        Path output = folder.resolve("out");
        Ran ran = Ran.vit("train", "--data", data, "--output", output, "--config", sigmoid, "--epochs", 1, "--threads", 1).isDone();
        assertTrue(ran.out().contains("the scores become those of a softmax"), ran::out);
        try (VitModel model = VitModel.load(output.resolve("best.safetensors"))) {
            assertEquals(vit.model.config.Scores.SOFTMAX, model.scores());
        }
        Path grey = Files.writeString(folder.resolve("grey.json"), CONFIG.replace("\"family\"", "\"channels\":1,\"family\""));
        Ran.vit("train", "--data", data, "--output", folder.resolve("grey"), "--config", grey).isRefused("channels");
    }

    @Test
    void tiffAndPpmAreImages() throws Exception {
        for (String name : List.of("lying", "standing")) {
            for (int i = 0; i < 4; i++) {
                byte[] pixels = ("P6\n8 8\n255\n" + "abc".repeat(64)).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
                Files.write(data.resolve(name).resolve("more" + i + ".ppm"), pixels);
                BufferedImage image = ImageIO.read(data.resolve(name).resolve(i + ".png").toFile());
                assertTrue(ImageIO.write(image, "tiff", data.resolve(name).resolve("more" + i + ".TIF").toFile()));
            }
        }
        Ran ran = train(folder.resolve("out"), "--epochs", 1).isDone();
        assertEquals("2 classes, 72 images to train on, 24 to validate", ran.lines().getFirst());
    }

    @Test
    void anOutputThatIsAFileIsNamedAsOne() throws Exception {
        Path file = Files.writeString(folder.resolve("afile"), "x");
        train(file).isRefused("--output " + file, "afile is a file, not a folder");
        train(file.resolve("below")).isRefused("afile");
    }

    @Test
    void withoutConfigurationASmallModelSuitsTheImages() throws Exception {
        Path output = folder.resolve("out");
        Ran.vit("train", "--data", data, "--output", output, "--epochs", 1).isDone();
        try (VitModel model = VitModel.load(output.resolve("last.safetensors"))) {
            assertEquals(8, model.config().imageHeight());
            assertEquals(4, model.config().patch());
            assertEquals(List.of("lying", "standing"), model.labels());
        }
        for (int side : new int[] {1, 8, 16, 28, 32, 33, 64, 100, 500, 4000}) {
            VitConfig chosen = StartOptions.suiting(side, 10);
            assertTrue(chosen.patches() >= 4 && chosen.patches() <= 64, () -> side + ": " + chosen);
        }
        assertEquals(16, StartOptions.suiting(16, 10).imageHeight());
        assertEquals(32, StartOptions.suiting(32, 10).imageHeight());
        assertEquals(64, StartOptions.suiting(224, 10).imageHeight());
    }

    @Test
    void fineTuningStartsFromTrainedWeightsAtAnotherSize() throws Exception {
        Path output = folder.resolve("first");
        train(output, "--epochs", 1).isDone();
        Path tuned = folder.resolve("tuned");
        Ran ran = Ran.vit("train", "--data", data, "--output", tuned, "--weights", output.resolve("best.safetensors"), "--image", 16, "--epochs", 2,
                "--batch", 10, "--threads", 1, "--validation", 0).isDone();
        assertTrue(ran.out().contains("recipe vit-finetune") && ran.out().contains("SGD") && ran.out().contains("image 16×16"), ran::out);
        assertTrue(ran.lines().stream().anyMatch(line -> line.matches(" {4}1   .*   -        -  .*")), ran::out);
        try (VitModel model = VitModel.load(tuned.resolve("last.safetensors"))) {
            assertEquals(16, model.config().imageWidth());
            assertEquals("huggingface-vit", model.preprocessing().name());
        }
        Ran probe = Ran.vit("train", "--data", data, "--output", folder.resolve("probe"), "--weights", output.resolve("best.safetensors"), "--recipe",
                "linear-probe", "--epochs", 1, "--threads", 1).isDone();
        assertTrue(probe.out().contains("recipe linear-probe"), probe::out);
    }

    @Test
    void brokenImagesAreCountedNamedAndLeftOut() throws Exception {
        for (String name : List.of("standing/7.png", "lying/3.png")) {
            Path broken = data.resolve(name);
            Files.write(broken, java.util.Arrays.copyOf(Files.readAllBytes(broken), 60));
        }
        Ran ran = train(folder.resolve("out"), "--epochs", 2);
        assertEquals(0, ran.code(), ran::toString);
        List<String> warnings = ran.err().lines().filter(line -> line.startsWith("warning: 2 images cannot be read and are left out: ")).toList();
        assertEquals(1, warnings.size(), ran::toString);
        assertTrue(warnings.getFirst().contains("standing/7.png") && warnings.getFirst().contains("lying/3.png"), ran::toString);
        train(folder.resolve("strict"), "--epochs", 1, "--max-unreadable", 0).isRefused(".png");
        train(folder.resolve("share"), "--epochs", 1, "--max-unreadable", 0.02).isRefused("too many images cannot be read", "found 2");
        train(folder.resolve("range"), "--epochs", 1, "--max-unreadable", 1.5).isRefused("1.5; expected 0 to 1");
        Ran unsized = Ran.vit("train", "--data", data, "--output", folder.resolve("unsized"), "--epochs", 1, "--threads", 1);
        assertEquals(0, unsized.code(), unsized::toString);
    }

    @Test
    void aRefusedResumeSaysWhichOptionsDiffer() throws Exception {
        Path output = folder.resolve("out");
        train(output, "--epochs", 1, "--lr", "1e-3").isDone();
        Ran.vit("train", "--data", data, "--output", output, "--config", config, "--recipe", "plain", "--validation", "0.25", "--epochs", 1, "--resume", "--lr", "2e-3",
                "--seed", 4, "--optimizer", "sgd", "--augment", "light", "--init", "timm", "--preprocess", "timm-deit")
                .isRefused("--lr 0.001, not 0.002", "--seed 0, not 4", "--optimizer", "--augment none, not light", "--momentum none, not 0.9",
                        "--init, --weights or --reset-head: initialisation vit-pytorch of seed 0, not initialisation timm of seed 4", "--preprocess");
        Ran.vit("train", "--data", data, "--output", output, "--config", Files.writeString(folder.resolve("deeper.json"), CONFIG.replace("\"depth\":2,\"heads\":3",
                "\"depth\":3,\"heads\":2")), "--recipe", "plain", "--validation", "0.25", "--epochs", 1, "--resume", "--lr", "1e-3")
                .isRefused("--config or --data: depth 2, not 3", "--config or --data: head dim 8, not 12", "--config or --data: heads 3, not 2");
        Files.delete(data.resolve("lying/0.png"));
        train(output, "--epochs", 1, "--lr", "1e-3", "--resume").isRefused("--data or --validation: images to");
    }

    @Test
    void aResumeFromOtherWeightsOfTheSameShapeIsRefused() throws Exception {
        Path first = folder.resolve("first");
        Path second = folder.resolve("second");
        train(first, "--epochs", 1, "--seed", 1).isDone();
        train(second, "--epochs", 1, "--seed", 2).isDone();
        Path moved = Files.copy(first.resolve("best.safetensors"), folder.resolve("moved.safetensors"));
        Path output = folder.resolve("tuned");
        tune(output, first.resolve("best.safetensors")).isDone();
        byte[] state = Files.readAllBytes(output.resolve("state.safetensors"));
        Ran refused = tune(output, second.resolve("best.safetensors"), "--resume").isRefused("the training that stopped was another one",
                "--init, --weights or --reset-head: trained weights of checksum ");
        assertTrue(refused.err().matches("(?s).*trained weights of checksum [0-9a-f]{8}, not trained weights of checksum [0-9a-f]{8}\\R.*"), refused::err);
        assertArrayEquals(state, Files.readAllBytes(output.resolve("state.safetensors")), "nothing was touched");
        tune(output, moved, "--config", first.resolve("config.json"), "--resume").isDone();
        assertArrayEquals(state, Files.readAllBytes(output.resolve("state.safetensors")), "the same weights in another place");
    }

    private Ran tune(Path output, Path weights, Object... more) {
        List<Object> arguments = new ArrayList<>(List.of("train", "--data", data, "--output", output, "--weights", weights, "--recipe", "plain", "--validation",
                "0.25", "--threads", "1", "--epochs", 1));
        arguments.addAll(List.of(more));
        return Ran.vit(arguments.toArray());
    }

    @Test
    void aDamagedStateIsToldAndTheOneBeforeOffered() throws Exception {
        Path whole = folder.resolve("whole");
        train(whole, "--epochs", 2).isDone();
        Path output = folder.resolve("out");
        train(output, "--epochs", 2).isDone();
        Path state = output.resolve("state.safetensors");
        byte[] bytes = Files.readAllBytes(state);
        bytes[bytes.length / 2] ^= 4;
        Files.write(state, bytes);
        Ran refused = train(output, "--epochs", 2, "--resume").isRefused("state.safetensors", "damaged", "checksum");
        assertTrue(refused.err().contains("--resume-previous goes on from " + output.resolve("state.previous.safetensors")), refused::err);
        assertArrayEquals(bytes, Files.readAllBytes(state), "nothing was touched");
        train(output, "--epochs", 2, "--resume-previous").isDone();
        assertSameFiles(whole, output);
        train(output, "--epochs", 2, "--resume").isDone();
        assertSameFiles(whole, output);
        Files.delete(state);
        assertTrue(train(output, "--epochs", 2, "--resume").isRefused("is missing").err().contains("--resume-previous"));
        Files.write(output.resolve("state.previous.safetensors"), bytes);
        train(output, "--epochs", 2, "--resume-previous").isRefused("state.previous.safetensors", "damaged");
    }

    @Test
    void whatTrainingChangesOfTheWeightsIsSaid() throws Exception {
        Path output = folder.resolve("first");
        train(output, "--epochs", 1).isDone();
        Path three = folder.resolve("three");
        stripes(three, 4);
        Files.createDirectories(three.resolve("other"));
        Files.copy(data.resolve("lying/1.png"), three.resolve("other/1.png"));
        for (Path image : List.of(three.resolve("lying/0.png"), three.resolve("lying/1.png"))) {
            Files.copy(image, image.resolveSibling("copy of " + image.getFileName()));
        }
        Ran ran = Ran.vit("train", "--data", three, "--output", folder.resolve("tuned"), "--weights", output.resolve("best.safetensors"), "--image", 16, "--epochs",
                1, "--threads", 1, "--head-only").isDone();
        assertTrue(ran.lines().contains("the head starts from zero: the weights have 2 classes, the images 3"), ran::out);
        assertTrue(ran.lines().stream().anyMatch(line -> line.contains(": 1 epoch of 1 step, ")), ran::out);
        assertTrue(ran.lines().contains("positions of 2×2 patches are resampled to 4×4"), ran::out);
        assertTrue(ran.lines().stream().anyMatch(line -> line.matches("frozen: all but the head; 75 of \\d+ parameters train")), ran::out);
        assertFalse(ran.out().contains("alpha"), ran::out);
        BufferedImage clear = new BufferedImage(8, 8, BufferedImage.TYPE_INT_ARGB);
        for (Path image : List.of(data.resolve("lying"), data.resolve("standing"))) {
            for (int i = 0; i < 30; i++) {
                ImageIO.write(clear, "png", image.resolve(i + ".png").toFile());
            }
        }
        Ran alpha = train(folder.resolve("alpha"), "--epochs", 1).isDone();
        assertTrue(alpha.out().contains("the alpha channel of the images is dropped, not blended"), alpha::out);
    }

    @ParameterizedTest
    @CsvSource({"learned,LEARNED", "axes,LEARNED_AXES", "sincos2d,LEARNED_PATCHES", "sincos1d,SINCOS_1D", "none,NONE"})
    void eachKindOfPositionsIsTrainedAndSavedAndTakesAnotherImage(String kind, Positions saved) throws Exception {
        Path output = folder.resolve(kind);
        train(output, "--epochs", 8, "--batch", 6, "--lr", "5e-3", "--seed", 1, "--positions", kind).isDone();
        try (Weights weights = Weights.open(output.resolve("last.safetensors"), null)) {
            assertEquals(saved, weights.config().positions());
            assertEquals(List.of(), weights.report().warnings());
        }
        Ran classified = Ran.vit("classify", "--weights", output.resolve("best.safetensors"), "--top", 1, data.resolve("standing/5.png")).isDone();
        assertTrue(kind.equals("none") || classified.lines().get(1).endsWith("standing"), classified::out);
        Ran.vit("classify", "--weights", output.resolve("best.safetensors"), "--image-size", "12x16", "--top", 1, data.resolve("standing/5.png")).isDone();
    }

    @Test
    void positionsAreChosenForANewModelAlone() throws Exception {
        train(folder.resolve("no"), "--positions", "rows").isRefused("--positions", "expected one of none, learned, axes, sincos2d, sincos1d; found rows");
        config = Files.writeString(folder.resolve("odd.json"), "{\"family\":\"timm\",\"image\":[8,8],\"patch\":4,\"width\":21,\"depth\":1,\"heads\":3,\"mlp\":40}");
        train(folder.resolve("no"), "--positions", "axes").isRefused("Invalid model", "positions by axis need an even width, not 21");
        config = Files.writeString(folder.resolve("norms.json"), "{\"family\":\"vit-pytorch\",\"image\":[8,8],\"patch\":4,\"width\":24,\"depth\":1,\"heads\":3}");
        train(folder.resolve("no"), "--positions", "axes").isRefused("Invalid model", "saved only under timm's names");
        train(folder.resolve("no"), "--positions", "learned", "--epochs", 1).isDone();
        Path weights = folder.resolve("no/last.safetensors");
        Ran.vit("train", "--data", data, "--output", folder.resolve("tuned"), "--weights", weights, "--positions", "axes")
                .isRefused("--positions", "--weights", "only one of them can be given");
        assertTrue(Files.notExists(folder.resolve("tuned")));
    }

    @Test
    void badUsageIsRefused() throws Exception {
        Path output = folder.resolve("out");
        train(output, "--epochs", 0).isRefused("epochs 0");
        train(output, "--lr", "-1").isRefused("learning rate");
        train(output, "--optimizer", "lamb").isRefused("--optimizer");
        train(output, "--schedule", "step").isRefused("--schedule");
        train(output, "--augment", "all").isRefused("Invalid value for option '--augment'", "randaugment", "found all");
        Ran.vit("train", "--data", data, "--output", output, "--recipe", "all").isRefused("Invalid value for option '--recipe'", "vit-finetune or linear-probe, found all");
        assertTrue(Ran.vit("train", "--data", folder.resolve("none"), "--output", output).isRefused("there is no such data set").err()
                .contains("one folder of images per class"));
        train(output, "--init", "zero").isRefused("zero");
        train(output, "--accumulate", 0).isRefused("--accumulate", "found 0");
        train(output, "--warmup", 99).isRefused("--warmup");
        train(output, "--image", 10).isRefused("a multiple of the patch");
        train(output, "--preprocess", "none").isRefused("none");
        Ran.vit("train", "--data", folder.resolve("nothing"), "--output", output).isRefused("nothing");
        Ran.vit("train", "--data", data, "--output", output, "--validation", 1).isRefused("--validation");
        Ran.vit("train", "--data", data).isRefused("--output");
        assertFalse(Files.exists(output), "nothing was made");
        Path file = Files.writeString(folder.resolve("file"), "");
        train(file.resolve("out")).isRefused("file");
    }

    @Test
    void aTrainingThatDivergesNamesTheLayerAndKeepsTheLastGoodEpoch() {
        Path output = folder.resolve("out");
        train(output, "--epochs", 3, "--lr", "9e5", "--optimizer", "sgd", "--weight-decay", "9e5")
                .isRefused("in epoch 2, step 2 of 3", "the first bad layer of the backward pass is blocks.1");
        assertTrue(Files.exists(output.resolve("last.safetensors")));
    }
}
