package vit.bench.peers;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import vit.kernels.gelu.GeluKind;
import vit.kernels.patchembed.PatchOrder;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;
import vit.model.onnx.OnnxExport;
import vit.model.onnx.OnnxOperators;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.ParameterSource;
import vit.model.weights.Weights;

/** ONNX Runtime on an exported model gives our logits. */
class OnnxRuntimeTest {

    private static final double TOLERANCE = 1e-4;
    private static final int BATCH = 3;

    private static final VitConfig PLAIN =
            VitConfig.builder().image(24, 16).patch(8).width(24).depth(2).heads(3).headDim(5).mlp(40).classes(7).build();

    @TempDir
    private Path folder;

    static Stream<VitConfig> everyKind() {
        return Stream.of(
                PLAIN,
                PLAIN.toBuilder().gelu(GeluKind.TANH).qkvBias(false).outputBias(false).build(),
                PLAIN.toBuilder().gelu(GeluKind.QUICK).build(),
                PLAIN.toBuilder().layerNormEps(1e-12).build(),
                PLAIN.toBuilder().pooling(Pooling.PATCH_MEAN).finalNorm(FinalNorm.AFTER_POOLING).build(),
                PLAIN.toBuilder().pooling(Pooling.PATCH_MEAN).finalNorm(FinalNorm.BEFORE_POOLING).registers(1).build(),
                PLAIN.toBuilder().pooling(Pooling.ALL_MEAN).classToken(false).positions(Positions.SINCOS_2D).build(),
                PLAIN.toBuilder().distillationToken(true).build(),
                PLAIN.toBuilder().registers(3).layerScale(true).positions(Positions.LEARNED_PATCHES).build(),
                PLAIN.toBuilder().patchNorm(true).patchOrder(PatchOrder.CHANNEL_LAST).build(),
                PLAIN.toBuilder().patchOrder(PatchOrder.CHANNEL_LAST).build(),
                PLAIN.toBuilder().patchNorm(true).preLogits(true).build(),
                PLAIN.toBuilder().classes(0).channels(1).build(),
                PLAIN.toBuilder().depth(0).build());
    }

    @ParameterizedTest
    @MethodSource("everyKind")
    void agreesOnEveryKindOfConfiguration(VitConfig config) throws IOException, OrtException {
        agrees(new GeneratedWeights(config, 3), config.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"timm-micro", "timm-gap", "huggingface-micro", "torchvision-micro", "jax-npz-micro", "vit-pytorch-micro",
        "vit-pytorch-simple-micro"})
    void agreesOnTheReferenceCases(String name) throws IOException, OrtException {
        Path golden = Path.of("").toAbsolutePath().getParent().resolveSibling("shared").resolve("golden").resolve(name);
        Assumptions.assumeTrue(Files.isDirectory(golden), "no ../shared/golden/" + name + ": test skipped");
        Path npz = golden.resolve("weights.npz");
        try (Weights weights = Weights.open(Files.exists(npz) ? npz : golden.resolve("weights.safetensors"), null)) {
            agrees(weights, name);
        }
    }

    private void agrees(ParameterSource source, String name) throws IOException, OrtException {
        VitConfig config = source.config();
        float[] images = new float[BATCH * config.channels() * config.imageHeight() * config.imageWidth()];
        new GeneratedWeights(config, 0).fill(images, images.length, "images", 1.7, 0);
        float[] ours = new float[BATCH * (config.classes() > 0 ? config.classes() : config.width())];
        try (VitModel model = VitModel.of(source); VitSession session = model.newSession(SessionOptions.threads(1).withBatch(BATCH))) {
            if (config.classes() > 0) {
                session.logits(images, BATCH, ours);
            } else {
                session.embed(images, BATCH, ours);
            }
        }
        for (OnnxOperators operators : OnnxOperators.values()) {
            Path file = folder.resolve("model.onnx");
            OnnxExport.write(source, file, operators);
            compare(name + " " + operators, ours, run(file, config, images));
        }
    }

    private static void compare(String name, float[] ours, float[] theirs) {
        double scale = 0;
        double worst = 0;
        for (int i = 0; i < ours.length; i++) {
            scale = Math.max(scale, Math.abs(ours[i]));
            worst = Math.max(worst, Math.abs((double) ours[i] - theirs[i]));
        }
        System.out.printf("ONNX Runtime: largest difference %.1e of the largest logit, %s%n", worst / scale, name);
        assertTrue(worst <= TOLERANCE * scale, name + ": " + worst + " at a scale of " + scale);
    }

    private static float[] run(Path file, VitConfig config, float[] images) throws OrtException {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        long[] shape = {BATCH, config.channels(), config.imageHeight(), config.imageWidth()};
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            try (OrtSession session = environment.createSession(file.toString(), options);
                    OnnxTensor tensor = OnnxTensor.createTensor(environment, FloatBuffer.wrap(images), shape);
                    OrtSession.Result result = session.run(Map.of("images", tensor))) {
                FloatBuffer buffer = ((OnnxTensor) result.get(0)).getFloatBuffer();
                float[] values = new float[buffer.remaining()];
                buffer.get(values);
                return values;
            }
        }
    }
}
