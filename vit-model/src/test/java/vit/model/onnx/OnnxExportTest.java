package vit.model.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import vit.kernels.gelu.GeluKind;
import vit.kernels.patchembed.PatchOrder;
import vit.model.config.AttentionConfig.RelativePositions;
import vit.model.config.HeadConfig;
import vit.model.config.MlpConfig;
import vit.model.config.NormKind;
import vit.model.config.RotaryConfig;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;

/** An exported model is a valid graph that holds every parameter. Whether the graph computes the right thing is tested with ONNX Runtime. */
class OnnxExportTest {

    private static final VitConfig PLAIN =
            VitConfig.builder().image(24, 16).patch(8).width(24).depth(2).heads(3).headDim(5).mlp(40).classes(7).build();

    private static final VitConfig ROTARY = PLAIN.toBuilder().headDim(8).rotary(new RotaryConfig(RotaryConfig.Scheme.DINOV3, 100, 1, 1)).build();

    /** What the graphs take from the standard domain; operator set 20 has all of them. */
    private static final Set<String> STANDARD = Set.of("Add", "Concat", "Conv", "Div", "Expand", "Gather", "Gelu", "Gemm", "Identity", "LayerNormalization",
            "MatMul", "Mul", "Pow", "ReduceMax", "ReduceMean", "Reshape", "Shape", "Sigmoid", "Slice", "Softmax", "Split", "Sqrt", "Tanh", "Transpose",
            "Unsqueeze");

    @TempDir
    private Path folder;

    static Stream<VitConfig> everyKind() {
        return Stream.of(
                PLAIN,
                PLAIN.toBuilder().gelu(GeluKind.TANH).qkvBias(false).outputBias(false).build(),
                PLAIN.toBuilder().gelu(GeluKind.QUICK).patchBias(false).preNorm(true).head(HeadConfig.Kind.PROJECTION).headBias(false).build(),
                PLAIN.toBuilder().pooling(Pooling.PATCH_MEAN).finalNorm(FinalNorm.AFTER_POOLING).build(),
                PLAIN.toBuilder().pooling(Pooling.ALL_MEAN).classToken(false).positions(Positions.SINCOS_2D).build(),
                PLAIN.toBuilder().positions(Positions.LEARNED_AXES).registers(1).build(),
                PLAIN.toBuilder().positions(Positions.LEARNED_AXES).classToken(false).pooling(Pooling.PATCH_MEAN).build(),
                PLAIN.toBuilder().positions(Positions.SINCOS_1D).build(),
                PLAIN.toBuilder().positions(Positions.SINCOS_1D).distillationToken(true).registers(2).build(),
                PLAIN.toBuilder().distillationToken(true).build(),
                PLAIN.toBuilder().distillationToken(true).classes(0).registers(2).positions(Positions.LEARNED_CLASS_AND_PATCHES).build(),
                PLAIN.toBuilder().registers(3).layerScale(true).positions(Positions.LEARNED_PATCHES).finalNorm(FinalNorm.NONE).build(),
                PLAIN.toBuilder().patchNorm(true).patchOrder(PatchOrder.CHANNEL_LAST).build(),
                PLAIN.toBuilder().patchNorm(true).preLogits(true).build(),
                PLAIN.toBuilder().classes(0).channels(1).build(),
                PLAIN.toBuilder().positions(Positions.NONE).classToken(false).pooling(Pooling.PATCH_MAX).build(),
                PLAIN.toBuilder().norm(NormKind.RMS).mlpKind(MlpConfig.Kind.SWIGLU).mlpNorm(true).attentionNorm(true).mlpBias(false).build(),
                PLAIN.toBuilder().keyBias(false).relative(RelativePositions.BY_BLOCK).pooling(Pooling.TOKEN_AND_PATCH_MEAN).build(),
                PLAIN.toBuilder().relative(RelativePositions.SHARED).pooling(Pooling.PATCH_MEAN_MAX).finalNorm(FinalNorm.NONE).build(),
                ROTARY.toBuilder().queryKeyNorm(true).pooling(Pooling.PATCH_ATTENTION).classes(0).build(),
                ROTARY.toBuilder().queryKeyNorm(true).norm(NormKind.RMS).registers(2).layerScale(true).build(),
                PLAIN.toBuilder().depth(0).build());
    }

    static Stream<Arguments> everyKindInBothForms() {
        return everyKind().flatMap(config -> Stream.of(OnnxOperators.values()).map(operators -> Arguments.of(config, operators)));
    }

    @ParameterizedTest
    @MethodSource("everyKindInBothForms")
    void everyInputIsDefinedBeforeItIsRead(VitConfig config, OnnxOperators operators) throws IOException {
        OnnxFile file = export(config, operators);
        Set<String> defined = new HashSet<>(file.constants().keySet());
        Set<String> read = new HashSet<>();
        defined.add(""); // optional inputs and outputs that are left out
        read.add("");
        assertTrue(defined.add(file.inputs().getFirst().name()));
        for (OnnxFile.Node node : file.nodes()) {
            for (String input : node.inputs()) {
                assertTrue(defined.contains(input), () -> node + " reads " + input);
            }
            read.addAll(node.inputs());
            for (String output : node.outputs()) {
                assertTrue(defined.add(output) || output.isEmpty(), () -> output + " is defined twice");
            }
        }
        for (OnnxFile.Value output : file.outputs()) {
            assertTrue(defined.contains(output.name()), () -> output + " is not computed");
            assertTrue(read.add(output.name()), () -> output + " is read inside");
        }
        assertEquals(defined, read, "something is computed for nothing");
    }

    @ParameterizedTest
    @MethodSource("everyKindInBothForms")
    void everyParameterIsThereWithItsBits(VitConfig config, OnnxOperators operators) throws IOException {
        GeneratedWeights weights = new GeneratedWeights(config, 5);
        OnnxFile file = export(config, operators);
        for (Parameter parameter : Parameters.of(config).list()) {
            int size = Math.toIntExact(parameter.shape().size());
            float[] expected = new float[size];
            weights.read(parameter, expected);
            OnnxFile.Constant constant = file.constants().get(parameter.name());
            if (constant == null) {
                constant = file.constants().get(parameter.name().replaceAll("weight$", "kernel"));
                assertEquals(List.of((long) parameter.in(), (long) parameter.out()), constant.dimensions(), parameter.name());
                expected = transposed(expected, parameter.out(), parameter.in());
            } else {
                assertEquals(shape(parameter), constant.dimensions(), parameter.name());
            }
            assertEquals(1, constant.type());
            assertArrayEquals(expected, constant.floats(), parameter.name());
        }
    }

    @ParameterizedTest
    @MethodSource("everyKind")
    void constantsHaveTheBytesOfTheirDimensions(VitConfig config) throws IOException {
        for (var constant : export(config).constants().entrySet()) {
            int each = constant.getValue().type() == 1 ? Float.BYTES : Long.BYTES;
            assertEquals(constant.getValue().size() * each, constant.getValue().bytes().length, constant.getKey());
        }
    }

    @ParameterizedTest
    @MethodSource("everyKind")
    void theStandardFormHasOperatorsOfTheStandardAlone(VitConfig config) throws IOException {
        for (OnnxFile.Node node : export(config).nodes()) {
            assertEquals("", node.domain(), node.name());
            assertTrue(STANDARD.contains(node.operator()), () -> node + " is not standard");
        }
    }

    @Test
    void theBatchIsFree() throws IOException {
        OnnxFile file = export(PLAIN);
        assertEquals(List.of(new OnnxFile.Value("images", List.of("batch", 3L, 24L, 16L))), file.inputs());
        assertEquals(List.of(new OnnxFile.Value("logits", List.of("batch", 7L))), file.outputs());
        OnnxFile headless = export(PLAIN.toBuilder().classes(0).build());
        assertEquals(List.of(new OnnxFile.Value("embeddings", List.of("batch", 24L))), headless.outputs());
    }

    @Test
    void versionsAndOperatorsAreStandard() throws IOException {
        OnnxFile file = export(PLAIN);
        assertEquals(20, file.opset());
        assertEquals(9, file.irVersion());
        assertEquals(1 + 2 * 2, file.count("LayerNormalization"));
        OnnxFile.Node gelu = file.node("blocks.0.mlp.gelu");
        assertEquals("none", gelu.attributes().get("approximate"));
        OnnxFile.Node norm = file.node("norm");
        assertEquals(1e-6f, norm.attributes().get("epsilon"));
        assertEquals(-1L, norm.attributes().get("axis"));
        OnnxFile.Node heads = file.node("blocks.0.attn.k.heads");
        assertEquals(List.of(0L, 2L, 3L, 1L), heads.attributes().get("perm"));
    }

    @Test
    void aLargeModelKeepsItsWeightsInASecondFile() throws IOException {
        Path whole = folder.resolve("whole.onnx");
        Path divided = folder.resolve("divided.onnx");
        OnnxExport.write(new GeneratedWeights(PLAIN, 5), whole);
        OnnxExport.write(new GeneratedWeights(PLAIN, 5), divided, OnnxOperators.STANDARD, OnnxWeights.FLOAT32, 1000);
        OnnxFile expected = OnnxFile.read(whole);
        OnnxFile found = OnnxFile.read(divided);
        assertTrue(Files.size(divided) < Files.size(whole) / 4, "the weights are in the first file");
        assertEquals(expected.nodes(), found.nodes());
        assertEquals(expected.constants().keySet(), found.constants().keySet());
        expected.constants().forEach((name, constant) -> assertArrayEquals(constant.bytes(), found.constants().get(name).bytes(), name));
        assertEquals(List.of("divided.onnx", "divided.onnx.data", "whole.onnx"), files());
    }

    /** Weights of linear layers are a quarter as large, inputs of several layers are rounded once, and the names of what is computed stay. */
    @Test
    void int8WeightsHaveAScaleForEveryOutput() throws IOException {
        Path path = folder.resolve("int8.onnx");
        OnnxExport.write(new GeneratedWeights(PLAIN, 5), path, OnnxOperators.STANDARD, OnnxWeights.INT8);
        OnnxFile file = OnnxFile.read(path);
        OnnxFile.Constant kernel = file.constants().get("blocks.1.mlp.fc1.kernel");
        assertEquals(Initializer.INT8, kernel.type());
        assertEquals(List.of(24L, 40L), kernel.dimensions());
        assertEquals(List.of(40L), file.constants().get("blocks.1.mlp.fc1.scales").dimensions());
        Parameter parameter = Parameters.of(PLAIN).find("blocks.1.mlp.fc1.weight");
        float[] weight = new float[24 * 40];
        new GeneratedWeights(PLAIN, 5).read(parameter, weight);
        assertArrayEquals(Int8Kernel.of(weight, 40, 24).elements(), kernel.bytes());
        assertEquals(4 * 2, file.count("MatMulInteger"));
        assertEquals(4 * 2, file.count("DynamicQuantizeLinear"));
        assertEquals(List.of("blocks.1.mlp.fc1.product"), file.node("blocks.1.mlp.fc1.product").outputs());
        Path divided = folder.resolve("divided.onnx");
        OnnxExport.write(new GeneratedWeights(PLAIN, 5), divided, OnnxOperators.STANDARD, OnnxWeights.INT8, 1000);
        OnnxFile found = OnnxFile.read(divided);
        file.constants().forEach((name, constant) -> assertArrayEquals(constant.bytes(), found.constants().get(name).bytes(), name));
    }

    @Test
    void aFailureLeavesTheOldFile() throws IOException {
        Path file = folder.resolve("model.onnx");
        Files.writeString(file, "old");
        ParameterSource source = new ParameterSource() {
            @Override
            public VitConfig config() {
                return PLAIN;
            }

            @Override
            public void read(Parameter parameter, float[] target) throws IOException {
                if (parameter.name().equals("norm.weight")) {
                    throw new IOException("the disk is gone");
                }
            }
        };
        assertEquals("the disk is gone", assertThrows(IOException.class, () -> OnnxExport.write(source, file)).getMessage());
        assertEquals("old", Files.readString(file));
        assertEquals(List.of("model.onnx"), files());
    }

    private OnnxFile export(VitConfig config) throws IOException {
        return export(config, OnnxOperators.STANDARD);
    }

    private OnnxFile export(VitConfig config, OnnxOperators operators) throws IOException {
        Path file = folder.resolve("model.onnx");
        OnnxExport.write(new GeneratedWeights(config, 5), file, operators);
        return OnnxFile.read(file);
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private static List<Long> shape(Parameter parameter) {
        List<Long> shape = new ArrayList<>();
        for (int i = 0; i < parameter.shape().rank(); i++) {
            shape.add((long) parameter.shape().dimension(i));
        }
        return shape;
    }

    private static float[] transposed(float[] matrix, int rows, int columns) {
        float[] result = new float[matrix.length];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                result[column * rows + row] = matrix[row * columns + column];
            }
        }
        return result;
    }
}
