package vit.bench.peers.onnxruntime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import vit.bench.peers.PreparedWork;
import vit.bench.peers.Work;
import vit.kernels.gelu.GeluKind;
import vit.kernels.patchembed.PatchOrder;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.config.AttentionConfig.RelativePositions;
import vit.model.config.BackboneConfig.Stage;
import vit.model.config.HeadConfig;
import vit.model.config.MlpConfig;
import vit.model.config.NormKind;
import vit.model.config.RotaryConfig;
import vit.model.config.RotaryConfig.Scheme;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;
import vit.model.onnx.OnnxExport;
import vit.model.onnx.OnnxOperators;
import vit.model.onnx.OnnxWeights;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.ParameterSource;
import vit.model.weights.Weights;

/** ONNX Runtime on an exported model gives our logits or embeddings. */
class OnnxRuntimeTest {

    private static final double TOLERANCE = 1e-5;
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
                PLAIN.toBuilder().positions(Positions.LEARNED_AXES).build(),
                PLAIN.toBuilder().positions(Positions.LEARNED_AXES).classToken(false).pooling(Pooling.PATCH_MEAN).build(),
                PLAIN.toBuilder().positions(Positions.SINCOS_1D).build(),
                PLAIN.toBuilder().positions(Positions.SINCOS_1D).distillationToken(true).registers(2).build(),
                PLAIN.toBuilder().distillationToken(true).build(),
                PLAIN.toBuilder().registers(3).layerScale(true).positions(Positions.LEARNED_PATCHES).build(),
                PLAIN.toBuilder().patchNorm(true).patchOrder(PatchOrder.CHANNEL_LAST).build(),
                PLAIN.toBuilder().patchOrder(PatchOrder.CHANNEL_LAST).build(),
                PLAIN.toBuilder().patchNorm(true).preLogits(true).build(),
                PLAIN.toBuilder().classes(0).channels(1).build(),
                PLAIN.toBuilder().depth(0).build());
    }

    /** What the models after 2020 brought, each on its own and then as those models combine them. */
    static Stream<Arguments> laterModels() {
        VitConfig square = PLAIN.toBuilder().headDim(8).build(); // heads · head_dim = width, and rotary positions fit
        RotaryConfig halves = new RotaryConfig(Scheme.DINOV3, 100, 1, 1);
        RotaryConfig pairs = new RotaryConfig(Scheme.EVA, 10000, 5, 4);
        return Stream.of(
                arguments("no patch bias", PLAIN.toBuilder().patchBias(false).build()),
                arguments("no patch bias, channels last", PLAIN.toBuilder().patchBias(false).patchOrder(PatchOrder.CHANNEL_LAST).build()),
                arguments("norm before the blocks", PLAIN.toBuilder().preNorm(true).build()),
                arguments("positions for class token and patches", PLAIN.toBuilder().positions(Positions.LEARNED_CLASS_AND_PATCHES).build()),
                arguments("the same with registers", PLAIN.toBuilder().positions(Positions.LEARNED_CLASS_AND_PATCHES).registers(2).build()),
                arguments("the same with two heads",
                        PLAIN.toBuilder().positions(Positions.LEARNED_CLASS_AND_PATCHES).registers(2).distillationToken(true).build()),
                arguments("registers alone", PLAIN.toBuilder().positions(Positions.LEARNED_CLASS_AND_PATCHES).registers(2).classToken(false)
                        .pooling(Pooling.ALL_MEAN).build()),
                arguments("no positions", PLAIN.toBuilder().positions(Positions.NONE).build()),
                arguments("neither positions nor prefix",
                        PLAIN.toBuilder().positions(Positions.NONE).classToken(false).pooling(Pooling.PATCH_MEAN).build()),
                arguments("RMSNorm", PLAIN.toBuilder().norm(NormKind.RMS).build()),
                arguments("RMSNorm beside norms of patches", PLAIN.toBuilder().norm(NormKind.RMS).patchNorm(true).preNorm(true).build()),
                arguments("RMSNorm, layer scale", PLAIN.toBuilder().norm(NormKind.RMS).layerScale(true).outputBias(false).build()),
                arguments("SwiGLU", PLAIN.toBuilder().mlpKind(MlpConfig.Kind.SWIGLU).build()),
                arguments("SwiGLU, norm inside", PLAIN.toBuilder().mlpKind(MlpConfig.Kind.SWIGLU).mlpNorm(true).build()),
                arguments("MLP without bias", PLAIN.toBuilder().mlpBias(false).build()),
                arguments("norm inside the MLP", PLAIN.toBuilder().mlpNorm(true).build()),
                arguments("norm inside attention", PLAIN.toBuilder().attentionNorm(true).build()),
                arguments("no key bias", PLAIN.toBuilder().keyBias(false).build()),
                arguments("q/k norm", PLAIN.toBuilder().queryKeyNorm(true).build()),
                arguments("q/k RMSNorm", PLAIN.toBuilder().queryKeyNorm(true).norm(NormKind.RMS).build()),
                arguments("rotary halves", square.toBuilder().rotary(halves).build()),
                arguments("rotary pairs", square.toBuilder().rotary(pairs).build()),
                arguments("rotary halves, registers, q/k norm", square.toBuilder().rotary(halves).registers(3).queryKeyNorm(true).build()),
                arguments("rotary pairs, no prefix, q/k RMSNorm", square.toBuilder().rotary(pairs).norm(NormKind.RMS).queryKeyNorm(true)
                        .classToken(false).positions(Positions.NONE).pooling(Pooling.PATCH_MEAN).build()),
                arguments("relative positions by block", PLAIN.toBuilder().relative(RelativePositions.BY_BLOCK).build()),
                arguments("relative positions, shared", PLAIN.toBuilder().relative(RelativePositions.SHARED).build()),
                arguments("relative and rotary positions", square.toBuilder().relative(RelativePositions.BY_BLOCK).rotary(pairs).build()),
                arguments("head without bias", PLAIN.toBuilder().headBias(false).build()),
                arguments("projection", PLAIN.toBuilder().head(HeadConfig.Kind.PROJECTION).headBias(false).build()),
                arguments("distilled embedding", PLAIN.toBuilder().distillationToken(true).classes(0).build()),
                arguments("distilled embedding, pre-logits", PLAIN.toBuilder().distillationToken(true).preLogits(true).classes(0).build()),
                arguments("pooling by attention, SwiGLU blocks", square.toBuilder().pooling(Pooling.ALL_ATTENTION).norm(NormKind.RMS)
                        .gelu(GeluKind.TANH).mlpKind(MlpConfig.Kind.SWIGLU).classes(0).build()),
                arguments("CLIP", PLAIN.toBuilder().patchBias(false).preNorm(true).gelu(GeluKind.QUICK).head(HeadConfig.Kind.PROJECTION).headBias(false)
                        .build()),
                arguments("DINOv2", PLAIN.toBuilder().positions(Positions.LEARNED_CLASS_AND_PATCHES).registers(4).layerScale(true)
                        .mlpKind(MlpConfig.Kind.SWIGLU).pooling(Pooling.TOKEN_AND_PATCH_MEAN).build()),
                arguments("DINOv3", square.toBuilder().positions(Positions.NONE).registers(4).layerScale(true).rotary(halves).keyBias(false).classes(0)
                        .build()),
                arguments("BEiT", PLAIN.toBuilder().positions(Positions.NONE).layerScale(true).keyBias(false).relative(RelativePositions.BY_BLOCK)
                        .pooling(Pooling.PATCH_MEAN).finalNorm(FinalNorm.AFTER_POOLING).build()),
                arguments("SigLIP", square.toBuilder().classToken(false).gelu(GeluKind.TANH).pooling(Pooling.PATCH_ATTENTION).classes(0).build()),
                arguments("hybrid", PLAIN.toBuilder().patch(1).image(40, 56).backbone(32, List.of(new Stage(1, 128), new Stage(2, 72)))
                        .backboneGroups(8).build()),
                arguments("hybrid of the first convolution alone", PLAIN.toBuilder().patch(2).image(40, 54).backbone(24, List.of()).backboneGroups(3).build()),
                arguments("EVA-02", square.toBuilder().rotary(pairs).keyBias(false).mlpKind(MlpConfig.Kind.SWIGLU).mlpNorm(true).attentionNorm(true)
                        .pooling(Pooling.PATCH_MEAN).finalNorm(FinalNorm.AFTER_POOLING).build()));
    }

    /** Every pooling with every place of the final norm that it allows, without and with registers. */
    static Stream<VitConfig> everyPooling() {
        List<VitConfig> configs = new ArrayList<>();
        for (Pooling pooling : Pooling.values()) {
            for (FinalNorm norm : FinalNorm.values()) {
                boolean fits = norm == FinalNorm.BEFORE_POOLING || !pooling.isAttention() && (norm == FinalNorm.NONE || pooling.width() == 1);
                for (int registers = 0; fits && registers < 2; registers++) {
                    configs.add(PLAIN.toBuilder().headDim(8).pooling(pooling).finalNorm(norm).registers(registers).build());
                }
            }
        }
        return configs.stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("laterModels")
    void agreesOnLaterModels(String name, VitConfig config) throws IOException, OrtException {
        agrees(new GeneratedWeights(config, 3), name);
    }

    @ParameterizedTest
    @MethodSource("everyPooling")
    void agreesOnEveryPooling(VitConfig config) throws IOException, OrtException {
        agrees(new GeneratedWeights(config, 3), config.pool() + " registers=" + config.registers());
        agrees(new GeneratedWeights(config.toBuilder().classes(0).build(), 3), config.pool() + " headless, registers=" + config.registers());
    }

    @ParameterizedTest
    @MethodSource("everyKind")
    void agreesOnEveryKindOfConfiguration(VitConfig config) throws IOException, OrtException {
        agrees(new GeneratedWeights(config, 3), config.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"timm-micro", "timm-gap", "huggingface-micro", "torchvision-micro", "jax-npz-micro", "vit-pytorch-micro",
        "vit-pytorch-simple-micro", "families/beit-hf-micro", "families/beit-timm-micro", "families/clip-hf-micro", "families/clip-openclip-micro",
        "families/clip-timm-micro", "families/deit-distilled-hf-micro", "families/deit3-timm-micro", "families/dino-fb-micro", "families/dinov2-fb-micro",
        "families/dinov2-registers-hf-micro", "families/dinov2-timm-micro", "families/dinov3-hf-micro", "families/dinov3-timm-micro",
        "families/eva02-timm-micro", "families/ijepa-hf-micro", "families/mae-hf-micro", "families/siglip-hf-micro", "families/siglip-jax-npz-micro",
        "families/siglip-timm-micro", "families/timm-map-micro", "families/timm-qknorm-micro", "families/timm-reg4-gap-micro",
        "families/timm-rmsnorm-micro"})
    void agreesOnTheReferenceCases(String name) throws IOException, OrtException {
        Path golden = Path.of("").toAbsolutePath().getParent().resolveSibling("shared").resolve("golden").resolve(name);
        Assumptions.assumeTrue(Files.isDirectory(golden), "no ../shared/golden/" + name + ": test skipped");
        Path npz = golden.resolve("weights.npz");
        try (Weights weights = Weights.open(Files.exists(npz) ? npz : golden.resolve("weights.safetensors"), config(golden))) {
            agrees(weights, name);
        }
    }

    /** The configuration that must be read beside the weights, or null where the weights tell it. */
    private static Path config(Path golden) {
        Path openClip = golden.resolve("open_clip_config.json");
        if (Files.exists(openClip)) {
            return openClip;
        }
        return golden.getParent().endsWith("families") ? golden.resolve("config.json") : null;
    }

    private void agrees(ParameterSource source, String name) throws IOException, OrtException {
        VitConfig config = source.config();
        float[] images = new float[BATCH * config.channels() * config.imageHeight() * config.imageWidth()];
        new GeneratedWeights(config, 0).fill(images, images.length, "images", 1.7, 0);
        boolean embeds = config.classes() == 0 || config.isProjection();
        float[] ours = new float[BATCH * (embeds ? config.embeddingWidth() : config.classes())];
        try (VitModel model = VitModel.of(source); VitSession session = model.newSession(SessionOptions.threads(1).withBatch(BATCH))) {
            if (embeds) {
                session.embed(images, BATCH, ours);
            } else {
                session.logits(images, BATCH, ours);
            }
        }
        for (OnnxOperators operators : OnnxOperators.values()) {
            Path file = folder.resolve("model.onnx");
            OnnxExport.write(source, file, operators);
            compare(name + " " + operators, ours, run(file, config, images));
        }
    }

    /** The graph with int8 weights computes what rounding gives: near our numbers, and not as near as float32. */
    @ParameterizedTest
    @MethodSource("everyKind")
    void int8WeightsAreNearForEveryKindOfConfiguration(VitConfig config) throws IOException, OrtException {
        ParameterSource source = new GeneratedWeights(config, 3);
        float[] images = new float[BATCH * config.channels() * config.imageHeight() * config.imageWidth()];
        new GeneratedWeights(config, 0).fill(images, images.length, "images", 1.7, 0);
        for (OnnxOperators operators : OnnxOperators.values()) {
            Path exact = folder.resolve("exact.onnx");
            Path rounded = folder.resolve("rounded.onnx");
            OnnxExport.write(source, exact, operators);
            OnnxExport.write(source, rounded, operators, OnnxWeights.INT8);
            float[] expected = run(exact, config, images);
            double error = error(expected, run(rounded, config, images));
            System.out.printf("ONNX Runtime, int8: largest difference %.1e of the largest output, %s %s%n", error, config, operators);
            assertTrue(error < 0.1, error + " of the largest output with " + operators);
            assertEquals(config.depth() > 0, error > 1e-5, error + " of the largest output with " + operators);
        }
    }

    @Test
    void int8ContenderSaysThatItsNumbersAreOthers() throws Exception {
        VitConfig config = PLAIN.toBuilder().image(64, 64).patch(16).width(128).heads(2).headDim(64).mlp(256).build();
        Work.Forward work = Work.Forward.of(Work.Kind.FORWARD, "small", config, BATCH, 1);
        try (PreparedWork exact = new OnnxRuntimeContender().prepare(work); PreparedWork rounded = new OnnxRuntimeInt8Contender().prepare(work)) {
            exact.run();
            rounded.run();
            assertTrue(exact.isSameNumbers() && !rounded.isSameNumbers());
            assertEquals(exact.label() + " int8", rounded.label());
            assertTrue(rounded.differences().contains("other numbers"), rounded.differences());
            double error = error(exact.result(), rounded.result());
            assertTrue(error > 1e-4 && error < 0.1, String.valueOf(error));
        }
    }

    private static void compare(String name, float[] ours, float[] theirs) {
        double error = error(ours, theirs);
        System.out.printf("ONNX Runtime: largest difference %.1e of the largest output, %s%n", error, name);
        assertTrue(error <= TOLERANCE, name + ": " + error + " of the largest output");
    }

    /** The largest difference, in units of the largest output. */
    private static double error(float[] expected, float[] found) {
        assertEquals(expected.length, found.length);
        double scale = 0;
        double worst = 0;
        for (int i = 0; i < expected.length; i++) {
            scale = Math.max(scale, Math.abs(expected[i]));
            double difference = Math.abs((double) expected[i] - found[i]);
            worst = Double.isNaN(difference) ? Double.NaN : Math.max(worst, difference);
        }
        return worst / scale;
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
