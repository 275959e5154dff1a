package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static vit.model.cli.Ran.vit;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.kernels.tensor.Shape;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.golden.Golden;
import vit.model.json.Json;
import vit.model.json.JsonArray;
import vit.model.weights.format.Dtype;
import vit.model.weights.format.NpyWriter;
import vit.model.weights.format.SafetensorsWriter;
import vit.model.weights.format.TensorFile;

/** {@code vit classify --classes}: the formulas of CLIP and SigLIP, where scale and bias come from, and models without texts. */
class ZeroShotTest {

    @TempDir
    private Path folder;

    private Path image;

    @BeforeEach
    void draw() throws IOException {
        image = TinyModel.image(folder.resolve("a.png"), 40, 30, 1);
    }

    private static Path weights(String name) {
        return Golden.folder("families/" + name).resolve("weights.safetensors");
    }

    @Test
    void theLibraryNamesNoClassesOfAProjection() throws IOException {
        try (VitModel model = VitModel.load(weights("clip-hf-micro")); VitSession session = model.newSession(SessionOptions.threads(1))) {
            assertThrows(IllegalArgumentException.class, () -> session.classify(image));
        }
    }

    private float[] embedding(Path weights) throws IOException {
        try (VitModel model = VitModel.load(weights); VitSession session = model.newSession(SessionOptions.threads(1))) {
            return session.embed(image);
        }
    }

    /** Three texts: the image's own direction three times as long, the opposite one, and one at right angles: cosines of 1, −1 and 0. */
    private static float[][] texts(float[] embedding) {
        float[][] texts = new float[3][embedding.length];
        for (int i = 0; i < embedding.length; i++) {
            texts[0][i] = 3 * embedding[i];
            texts[1][i] = -embedding[i];
        }
        texts[2][0] = embedding[1];
        texts[2][1] = -embedding[0];
        return texts;
    }

    /** @param scalars tensors of one element beside the texts */
    private Path file(float[][] texts, Map<String, Float> scalars) throws IOException {
        Path file = folder.resolve("texts.safetensors");
        List<SafetensorsWriter.Tensor> tensors = new ArrayList<>();
        scalars.keySet().forEach(name -> tensors.add(new SafetensorsWriter.Tensor(name, Dtype.F32, Shape.of())));
        tensors.add(new SafetensorsWriter.Tensor("text_embeds", Dtype.F32, Shape.of(3, texts[0].length)));
        try (SafetensorsWriter writer = new SafetensorsWriter(file, tensors, Map.of("labels", "[\"a cat\",\"a dog\",\"a bird\"]"))) {
            for (float value : scalars.values()) {
                writer.write(new float[] {value}, 0, 1);
            }
            for (float[] text : texts) {
                writer.write(text, 0, text.length);
            }
            writer.commit();
        }
        return file;
    }

    private static void expect(Ran ran, double cat, double bird, double dog) throws IOException {
        JsonArray top = Json.parseValue("out", ran.isDone().out().getBytes(StandardCharsets.UTF_8)).object().array("images").get(0).object().array("top");
        double[] expected = {cat, bird, dog};
        for (int i = 0; i < 3; i++) {
            assertEquals(List.of("a cat", "a bird", "a dog").get(i), top.get(i).object().text("label"));
            assertEquals(expected[i], top.get(i).object().number("probability"), 1e-5 * expected[i] + 1e-12);
        }
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    private static double[] softmax(double scale) {
        double sum = Math.exp(scale) + 1 + Math.exp(-scale);
        return new double[] {Math.exp(scale) / sum, 1 / sum, Math.exp(-scale) / sum};
    }

    @Test
    void clipTakesTheSoftmaxOfScaledCosines() throws IOException {
        Path weights = weights("clip-hf-micro");
        float[][] texts = texts(embedding(weights));
        double[] two = softmax(2);
        expect(vit("classify", "--weights", weights, "--classes", file(texts, Map.of()), "--logit-scale", 2, "--json", image), two[0], two[1], two[2]);
        double[] e = softmax(Math.E);
        Path withScale = file(texts, Map.of("logit_scale", 1f));
        expect(vit("classify", "--weights", weights, "--classes", withScale, "--json", image), e[0], e[1], e[2]);
        expect(vit("classify", "--weights", weights, "--classes", withScale, "--logit-scale", 2, "--json", image), two[0], two[1], two[2]);
        try (TensorFile file = TensorFile.open(weights)) {
            double[] own = softmax(Math.exp(Golden.doubles(file, "logit_scale")[0]));
            expect(vit("classify", "--weights", weights, "--classes", file(texts, Map.of()), "--json", image), own[0], own[1], own[2]);
        }
    }

    @Test
    void siglipTakesTheSigmoidOfEach() throws IOException {
        Path weights = weights("siglip-hf-micro");
        float[][] texts = texts(embedding(weights));
        Path plain = file(texts, Map.of());
        expect(vit("classify", "--weights", weights, "--classes", plain, "--logit-scale", 2, "--logit-bias", -1.5, "--json", image),
                sigmoid(0.5), sigmoid(-1.5), sigmoid(-3.5));
        Path both = file(texts, Map.of("logit_scale", 0f, "logit_bias", -2f));
        expect(vit("classify", "--weights", weights, "--classes", both, "--json", image), sigmoid(-1), sigmoid(-2), sigmoid(-3));
    }

    @Test
    void labelsMayBeAFileOfTheirOwn() throws IOException {
        Path weights = weights("clip-hf-micro");
        float[][] texts = texts(embedding(weights));
        Path array = folder.resolve("texts.npy");
        try (NpyWriter writer = new NpyWriter(array, Shape.of(3, texts[0].length))) {
            for (float[] text : texts) {
                writer.write(text, 0, text.length);
            }
            writer.commit();
        }
        Path labels = Files.writeString(folder.resolve("labels.txt"), "a cat\na dog\na bird\n");
        double[] two = softmax(2);
        expect(vit("classify", "--weights", weights, "--classes", array, "--labels", labels, "--logit-scale", 2, "--json", image), two[0], two[1], two[2]);
        Files.writeString(labels, "a cat\na dog\n");
        vit("classify", "--weights", weights, "--classes", array, "--labels", labels, "--logit-scale", 2, image).isRefused("labels");
    }

    @Test
    void modelsAndFilesThatDoNotFitAreRefused() throws IOException {
        Path clip = weights("clip-hf-micro");
        float[][] texts = texts(embedding(clip));
        Path file = file(texts, Map.of());
        Ran plain = vit("classify", "--weights", clip, image).isRefused("gives embeddings");
        assertTrue(plain.err().contains("--classes"), plain::err);
        vit("classify", "--classes", file, image).isRefused("12 fixed classes");
        vit("classify", "--weights", weights("dino-fb-micro"), "--config", weights("dino-fb-micro").resolveSibling("config.json"), "--classes", file, image)
                .isRefused("neither a projection");
        vit("classify", "--weights", clip, "--classes", file(new float[3][7], Map.of()), image).isRefused("7 elements");
        texts[1] = new float[texts[1].length];
        vit("classify", "--weights", clip, "--classes", file(texts, Map.of()), image).isRefused("row 1", "zero");
        vit("classify", "--weights", clip, "--classes", folder.resolve("no.safetensors"), image).isRefused("no.safetensors");
        vit("classify", "--weights", clip, "--classes", image, image).isRefused("a.png");
    }
}
