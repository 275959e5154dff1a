package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static vit.model.cli.Ran.vit;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import vit.kernels.tensor.Shape;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.golden.Golden;
import vit.model.parameters.GeneratedWeights;
import vit.model.weights.format.Dtype;
import vit.model.weights.format.SafetensorsWriter;

/**
 * {@code vit compare}: a model agrees with itself exactly, one wrong element of any tensor fails, and all reference cases are within the
 * default tolerance.
 */
class CompareTest {

    /** More images than two of the command's batches hold, so that the last batch is smaller. */
    private static final int IMAGES = 19;

    /** A tensor of a reference file. */
    private record Content(Shape shape, double[] values) {}

    @TempDir
    private Path folder;

    private Path weights;
    private final Map<String, Content> reference = new LinkedHashMap<>();

    @BeforeEach
    void makeReferenceFromTheModelItself() throws IOException {
        weights = TinyModel.weights(folder);
        TinyModel.config(folder);
        float[] images = new float[IMAGES * 3 * 24 * 16];
        new GeneratedWeights(TinyModel.CONFIG, 9).fill(images, images.length, "images", 1.7, 0);
        reference.put("images", new Content(Shape.of(IMAGES, 3, 24, 16), doubles(images)));
        try (VitModel model = VitModel.load(weights);
                VitSession session = model.newSession(SessionOptions.threads(1).withBatch(IMAGES))) {
            float[] logits = new float[IMAGES * 7];
            session.forward(images, IMAGES, logits,
                    (name, tokens) -> reference.put(name, new Content(Shape.of(IMAGES, 7, 24), doubles(tokens.toArray()))));
            reference.put("logits", new Content(Shape.of(IMAGES, 7), doubles(logits)));
        }
    }

    private static double[] doubles(float[] values) {
        double[] doubles = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            doubles[i] = values[i];
        }
        return doubles;
    }

    private Path write(Map<String, Content> tensors) throws IOException {
        Path file = folder.resolve("reference.safetensors");
        List<SafetensorsWriter.Tensor> list = new ArrayList<>();
        tensors.forEach((name, content) -> list.add(new SafetensorsWriter.Tensor(name, Dtype.F64, content.shape)));
        try (SafetensorsWriter writer = new SafetensorsWriter(file, list, Map.of())) {
            for (Content content : tensors.values()) {
                writer.write(content.values, 0, content.values.length);
            }
            writer.commit();
        }
        return file;
    }

    private Ran compare(Object... more) throws IOException {
        List<Object> arguments = new ArrayList<>(List.of("compare", "--weights", weights, "--reference", write(reference)));
        arguments.addAll(List.of(more));
        return vit(arguments.toArray());
    }

    @Test
    void modelAgreesWithItselfExactly() throws IOException {
        List<String> lines = compare("--tolerance", 0, "--threads", 3).isDone().lines();
        assertTrue(lines.getFirst().matches("tensor +shape +max abs error +scale +error/scale"), lines.getFirst());
        assertEquals(List.of("stage.tokens", "stage.block.0", "stage.block.1", "logits"),
                lines.subList(1, 5).stream().map(line -> line.split(" ")[0]).toList());
        assertTrue(lines.get(1).matches("stage.tokens +\\(19,7,24\\) +0.00e\\+00 +\\d.\\d\\de\\+00 +0.00e\\+00"), lines.get(1));
        assertTrue(lines.getLast().startsWith("4 of 4 tensors within"), lines.getLast());
    }

    /** Changes an element of the first and last image of a batch of eight, and of the smaller batch at the end. */
    @ParameterizedTest
    @CsvSource({"stage.tokens, 0", "stage.block.0, 7", "stage.block.1, 8", "logits, 15", "logits, 16", "stage.block.0, 18"})
    void oneWrongElementFailsWhereverItStands(String tensor, int image) throws IOException {
        double[] values = reference.get(tensor).values;
        int each = values.length / IMAGES;
        values[image * each + each - 1] += 1;
        Ran ran = compare();
        assertEquals(1, ran.code());
        assertEquals("", ran.err());
        List<String> exceeding = ran.lines().stream().filter(line -> line.endsWith("exceeds")).toList();
        assertEquals(1, exceeding.size(), ran.out());
        assertTrue(exceeding.getFirst().startsWith(tensor + " "), ran.out());
        assertEquals(0, compare("--tolerance", 10).code());
    }

    @Test
    void nanFailsAtAnyTolerance() throws IOException {
        reference.get("logits").values[5] = Double.NaN;
        assertEquals(1, compare("--tolerance", 1e300).code());
        reference.get("logits").values[5] = 0;
        TinyModel.weights(folder, TinyModel.withElement("blocks.1.norm1.weight", Float.NaN));
        Ran ran = compare("--tolerance", 1e300);
        assertEquals(1, ran.code(), ran::toString);
        assertTrue(ran.out().contains("NaN"));
    }

    @Test
    void tensorsThatTheReferenceLacksAreNotCompared() throws IOException {
        reference.remove("stage.block.0");
        reference.put("labels", new Content(Shape.of(IMAGES), new double[IMAGES]));
        reference.put("grad.images", reference.get("images"));
        assertEquals(List.of("stage.tokens", "stage.block.1", "logits"),
                compare().isDone().lines().subList(1, 4).stream().map(line -> line.split(" ")[0]).toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"images", "stage.tokens", "stage.block.1", "logits"})
    void anotherModelsReferenceIsRefused(String tensor) throws IOException {
        Content content = reference.get(tensor);
        int[] dimensions = content.shape.dimensions();
        int last = dimensions[dimensions.length - 1];
        dimensions[dimensions.length - 1] = dimensions[dimensions.length - 2]; // swapped sides
        dimensions[dimensions.length - 2] = last;
        if (tensor.equals("images") || !Shape.of(dimensions).equals(content.shape)) {
            reference.put(tensor, new Content(Shape.of(dimensions), content.values));
        }
        compare().isRefused("reference.safetensors", tensor, "expected " + content.shape, "found " + Shape.of(dimensions));
    }

    @Test
    void unusableReferencesAreRefused() throws IOException {
        reference.put("stage.block.2", reference.get("stage.block.1"));
        compare().isRefused("stage.block.2", "no such block");
        reference.keySet().removeIf(name -> !name.equals("images"));
        compare().isRefused("nothing to compare");
        reference.clear();
        reference.put("logits", new Content(Shape.of(1, 7), new double[7]));
        compare().isRefused("images");
        reference.put("images", new Content(Shape.of(0, 3, 24, 16), new double[0]));
        compare().isRefused("images", "(0, 3, 24, 16)");
        vit("compare", "--weights", weights, "--reference", folder.resolve("no.st")).isRefused("no.st");
        vit("compare", "--weights", weights, "--reference", folder).isRefused(folder);
        vit("compare", "--weights", weights, "--reference", TinyModel.config(folder)).isRefused("config.json");
        vit("compare", "--weights", weights).isRefused("--reference");
        vit("compare", "--reference", weights).isRefused("--weights");
    }

    @Test
    void badTolerancesAreRefused() throws IOException {
        compare("--tolerance", "NaN").isRefused("--tolerance");
        compare("--tolerance", -1e-9).isRefused("--tolerance");
        compare("--tolerance", "Infinity").isRefused("--tolerance");
        compare("--tolerance", "small").isRefused("--tolerance");
    }

    @Test
    void gradientsNeedLabels() throws IOException {
        compare("--gradients").isRefused("labels", "--gradients needs");
        reference.put("labels", new Content(Shape.of(IMAGES), new double[IMAGES]));
        compare("--gradients").isDone();
        reference.get("labels").values[1] = 7;
        compare("--gradients").isRefused("image 1", "0 … 6");
        reference.get("labels").values[1] = 6;
        reference.put("grad.nothing", new Content(Shape.of(1), new double[1]));
        compare("--gradients").isRefused("grad.nothing");
    }

    @ParameterizedTest
    @ValueSource(strings = {"timm-micro", "timm-gap", "torchvision-micro", "huggingface-micro", "vit-pytorch-micro",
        "vit-pytorch-simple-micro"})
    void everyGradientOfTheReferenceCasesIsWithinTolerance(String name) {
        Path golden = Golden.folder(name);
        Ran ran = vit("compare", "--gradients", "--weights", golden.resolve("weights.safetensors"), "--reference",
                golden.resolve("reference.safetensors"), "--tolerance", 1e-5).isDone();
        assertTrue(ran.lines().stream().anyMatch(line -> line.startsWith("grad.images ")), ran.lines().toString());
        System.out.println("vit compare --gradients " + name + ": " + ran.lines().getLast());
    }

    @ParameterizedTest
    @ValueSource(strings = {"timm-micro", "timm-gap", "torchvision-micro", "huggingface-micro", "jax-npz-micro", "vit-pytorch-micro",
        "vit-pytorch-simple-micro"})
    void everyReferenceCaseIsWithinTolerance(String name) {
        Path golden = Golden.folder(name);
        Ran ran = vit("compare", "--weights", Golden.weights(golden), "--reference",
                golden.resolve("reference.safetensors"), "--tolerance", 1e-5).isDone();
        System.out.println("vit compare " + name + ": " + ran.lines().getLast());
    }
}
