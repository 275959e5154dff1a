package vit.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import vit.kernels.gemm.RoundingError;
import vit.kernels.gemm.Storage;
import vit.kernels.tensor.TensorArena;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitVariants;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.weights.WeightsWriter;
import vit.model.weights.format.Dtype;
import vit.model.weights.format.SafetensorsWriter;
import vit.model.weights.format.TensorEntry;
import vit.model.weights.format.TensorFile;

/** Weights that are kept in 16 or 8 bits give the bits of the same weights in 32 bits, in every layer, and take a half or a quarter of the memory. */
class StoredAsTest {

    private static final int BATCH = 3;

    /** Generated parameters, each rounded to a type in which a file might have them. */
    private record Rounded(GeneratedWeights weights, Storage type) implements ParameterSource {

        @Override
        public VitConfig config() {
            return weights.config();
        }

        @Override
        public Storage storage(Parameter parameter) {
            return type;
        }

        @Override
        public void read(Parameter parameter, float[] target) {
            weights.read(parameter, target);
            for (int i = 0; i < parameter.shape().size(); i++) {
                target[i] = type.rounded(target[i]);
            }
        }
    }

    private static VitConfig token() {
        return BitsProbe.token();
    }

    /** Every kind of stem, attention, MLP, pooling and head. */
    static List<VitConfig> kinds() {
        List<VitConfig> kinds = new ArrayList<>(BitsProbe.kinds());
        for (Pooling pooling : List.of(Pooling.ALL_ATTENTION, Pooling.PATCH_MEAN, Pooling.TOKEN_AND_PATCH_MEAN)) {
            kinds.add(token().toBuilder().pooling(pooling).width(18).headDim(9).build());
        }
        kinds.add(token().toBuilder().preLogits(true).distillationToken(false).build());
        kinds.add(token().toBuilder().distillationToken(true).build());
        return kinds;
    }

    private static float[] images(VitConfig config) {
        float[] images = new float[BATCH * config.channels() * config.imageHeight() * config.imageWidth()];
        new GeneratedWeights(config, 0).fill(images, images.length, "images", 1.7, 0);
        return images;
    }

    /** Logits, embeddings and tokens of every block, one after the other. */
    private static float[] results(VitModel model, int threads, boolean allTokens) {
        VitConfig config = model.config();
        try (VitSession session = model.newSession(SessionOptions.threads(threads).withBatch(BATCH).withAllTokens(allTokens))) {
            float[] images = images(config);
            float[] logits = new float[BATCH * config.classes()];
            session.logits(images, BATCH, logits);
            Features features = Features.of(config, FeatureRequest.embedding().and(FeatureRequest.blocks(IntStream.range(0, config.depth()).toArray())).and(FeatureRequest.pooled()), BATCH);
            session.features(images, BATCH, features);
            float[] last = Arrays.copyOfRange(images, images.length / BATCH * (BATCH - 1), images.length);
            float[] alone = new float[config.classes()];
            session.logits(last, 1, alone);
            assertArrayEquals(Arrays.copyOfRange(logits, logits.length - alone.length, logits.length), alone, "the last image alone");
            return join(logits, features.embedding(), features.pooled(), features.block(0), features.block(config.depth() - 1));
        }
    }

    private static float[] join(float[]... parts) {
        float[] all = new float[Stream.of(parts).mapToInt(part -> part.length).sum()];
        int to = 0;
        for (float[] part : parts) {
            System.arraycopy(part, 0, all, to, part.length);
            to += part.length;
        }
        return all;
    }

    @ParameterizedTest
    @EnumSource(names = {"BFLOAT16", "FLOAT16"})
    void everyLayerHasTheBitsOfWidenedWeights(Storage type) throws IOException {
        for (VitConfig config : kinds()) {
            Rounded source = new Rounded(new GeneratedWeights(config, 0), type);
            try (VitModel wide = VitModel.of(source); VitModel half = VitModel.of(source, StoredAs.AS_FILE)) {
                for (Parameter parameter : half.parameters().list()) {
                    boolean narrow = parameter.isMatrix() && parameter.kind() != Parameter.Kind.CONVOLUTION_WEIGHT;
                    assertEquals(narrow ? type : Storage.FLOAT32, half.storage(parameter), parameter.name());
                    assertEquals(Storage.FLOAT32, wide.storage(parameter), parameter.name());
                    assertArrayEquals(values(wide, parameter), values(half, parameter), parameter.name());
                }
                float[] expected = results(wide, 1, false);
                for (int threads = 1; threads <= 3; threads++) {
                    assertSameBits(expected, results(half, threads, threads == 2), config + " with " + threads + " threads");
                }
            }
        }
    }

    /** What the definition of {@link Storage#INT8} makes of a matrix of {@code outputs} rows. */
    private static float[] inEightBits(float[] weight, int outputs) {
        float[] values = new float[weight.length];
        int depth = weight.length / outputs;
        for (int n = 0; n < outputs; n++) {
            float largest = 0;
            for (int k = 0; k < depth; k++) {
                largest = Math.max(largest, Math.abs(weight[n * depth + k]));
            }
            float scale = largest / 127;
            for (int k = 0; k < depth; k++) {
                values[n * depth + k] = scale == 0 ? 0 : (int) Math.rint(weight[n * depth + k] / (double) scale) * scale;
            }
        }
        return values;
    }

    /** Generated parameters, whose matrices are rounded to 8 bits by the definition and kept in 32. */
    private record InEightBits(GeneratedWeights weights) implements ParameterSource {

        @Override
        public VitConfig config() {
            return weights.config();
        }

        @Override
        public void read(Parameter parameter, float[] target) {
            weights.read(parameter, target);
            if (parameter.isMatrix() && parameter.kind() != Parameter.Kind.CONVOLUTION_WEIGHT) {
                float[] rounded = inEightBits(Arrays.copyOf(target, Math.toIntExact(parameter.shape().size())), parameter.out());
                System.arraycopy(rounded, 0, target, 0, rounded.length);
            }
        }
    }

    @Test
    void everyLayerHasTheBitsOfWeightsInEightBits() throws IOException {
        for (VitConfig config : kinds()) {
            GeneratedWeights weights = new GeneratedWeights(config, 0);
            try (VitModel wide = VitModel.of(new InEightBits(weights)); VitModel narrow = VitModel.of(weights, StoredAs.ROUNDED_TO_INT8);
                    VitModel copy = VitModel.of(narrow, StoredAs.AS_FILE)) {
                for (Parameter parameter : narrow.parameters().list()) {
                    boolean rounded = parameter.isMatrix() && parameter.kind() != Parameter.Kind.CONVOLUTION_WEIGHT;
                    assertEquals(rounded ? Storage.INT8 : Storage.FLOAT32, narrow.storage(parameter), parameter.name());
                    assertEquals(Storage.FLOAT32, copy.storage(parameter), parameter.name());
                    assertArrayEquals(values(wide, parameter), values(narrow, parameter), parameter.name());
                }
                float[] expected = results(wide, 1, false);
                for (int threads = 1; threads <= 3; threads++) {
                    assertSameBits(expected, results(narrow, threads, threads == 2), config + " with " + threads + " threads");
                }
                assertSameBits(expected, results(copy, 1, false), "a copy in 32 bits");
            }
        }
    }

    @Test
    void mapsAndMergedTokensHaveTheBitsOfWeightsInEightBits() throws IOException {
        VitConfig config = token().toBuilder().image(32, 40).build();
        GeneratedWeights weights = new GeneratedWeights(config, 0);
        float[] pixels = Arrays.copyOf(images(config), config.channels() * 32 * 40);
        SessionOptions options = SessionOptions.threads(2).withBatch(BATCH).withTokenMerging(3);
        try (VitModel wide = VitModel.of(new InEightBits(weights)); VitModel narrow = VitModel.of(weights, StoredAs.ROUNDED_TO_INT8);
                VitSession plain = wide.newSession(SessionOptions.threads(1)); VitSession session = narrow.newSession(SessionOptions.threads(2));
                VitSession merging = wide.newSession(options); VitSession narrowMerging = narrow.newSession(options)) {
            for (int block = 0; block < config.depth(); block++) {
                assertArrayEquals(plain.attention(pixels).head(block, 1), session.attention(pixels).head(block, 1), "block " + block);
            }
            float[] expected = new float[BATCH * config.classes()];
            float[] actual = new float[BATCH * config.classes()];
            merging.logits(images(config), BATCH, expected);
            narrowMerging.logits(images(config), BATCH, actual);
            assertSameBits(expected, actual, "merged");
            assertEquals(narrowMerging.plannedBytes(), narrow.sessionBytes(options));
        }
    }

    /** The error is that of the weights that the model gives, for every matrix and together. */
    @ParameterizedTest
    @EnumSource(StoredAs.class)
    void modelTellsByHowMuchItsWeightsWereRounded(StoredAs storedAs) throws IOException {
        GeneratedWeights weights = new GeneratedWeights(token(), 0);
        try (VitModel model = VitModel.of(weights, storedAs)) {
            WeightRounding rounding = model.rounding();
            assertEquals(!storedAs.rounds(), rounding.isEmpty());
            double errors = 0;
            double squares = 0;
            double worst = 0;
            int matrices = 0;
            for (Parameter parameter : model.parameters().list()) {
                float[] before = values(weights, parameter);
                float[] after = values(model, parameter);
                double error = 0;
                double square = 0;
                double largest = 0;
                for (int i = 0; i < before.length; i++) {
                    double difference = (double) after[i] - before[i];
                    error += difference * difference;
                    square += (double) before[i] * before[i];
                    largest = Math.max(largest, Math.abs(difference));
                }
                if (!model.storage(parameter).isNarrow()) {
                    assertEquals(0, largest, parameter.name());
                    continue;
                }
                WeightRounding.Weight found = rounding.weights().get(matrices++);
                assertEquals(parameter.name(), found.name());
                assertEquals(largest, found.error().largest(), parameter.name());
                assertEquals(Math.sqrt(error / square), found.error().relative(), 1e-12, parameter.name());
                worst = Math.max(worst, Math.sqrt(error / square));
                errors += error;
                squares += square;
            }
            assertEquals(matrices, rounding.weights().size());
            assertEquals(matrices == 0 ? 0 : Math.sqrt(errors / squares), rounding.relative(), 1e-12);
            assertEquals(worst, rounding.worst().map(weight -> weight.error().relative()).orElse(0.0), 1e-12);
            assertEquals(rounding.isEmpty() ? "none" : rounding.worst().orElseThrow().name() + ")",
                    rounding.toString().substring(rounding.toString().lastIndexOf(' ') + 1));
        }
    }

    /** Rounding to the type that the weights have changes nothing. */
    @Test
    void weightsThatAreOfTheTypeAlreadyAreNotTold() throws IOException {
        Rounded source = new Rounded(new GeneratedWeights(token(), 0), Storage.BFLOAT16);
        try (VitModel same = VitModel.of(source, StoredAs.ROUNDED_TO_BFLOAT16); VitModel other = VitModel.of(source, StoredAs.ROUNDED_TO_INT8)) {
            assertEquals(Storage.BFLOAT16, same.storage(same.parameters().find("head.weight")));
            assertTrue(same.rounding().isEmpty(), same.rounding()::toString);
            assertEquals("none", same.rounding().toString());
            assertFalse(other.rounding().isEmpty());
        }
    }

    @Test
    void roundingReadsAsTheJavadocSays() {
        assertEquals("0.85 % (root mean square; 1.9 % in the worst matrix, blocks.0.attn.qkv.weight)", new WeightRounding(List.of(
                new WeightRounding.Weight("blocks.0.attn.qkv.weight", Storage.INT8, new RoundingError(0.1, 0.019 * 0.019, 1)),
                new WeightRounding.Weight("head.weight", Storage.INT8, new RoundingError(0.1, 10 * 0.0085 * 0.0085 - 0.019 * 0.019, 9)))).toString());
    }

    /** Two blocks of ViT-B/16 and its other parameters. */
    @Test
    void eightBitsTakeLittleMoreThanAQuarterOfTheMemory() throws IOException {
        VitConfig config = VitVariants.find("vit_base_patch16_224").orElseThrow().toBuilder().depth(2).build();
        try (VitModel wide = VitModel.of(new GeneratedWeights(config, 0))) {
            long before = TensorArena.liveBytes();
            VitModel narrow = VitModel.of(new GeneratedWeights(config, 0), StoredAs.ROUNDED_TO_INT8);
            assertEquals(narrow.weightBytes(), TensorArena.liveBytes() - before);
            narrow.close();
            assertEquals(before, TensorArena.liveBytes());
            double share = narrow.weightBytes() / (double) wide.weightBytes();
            System.out.println("weights in 8 bits: " + share + " of the memory");
            assertTrue(share > 0.25 && share < 0.27, "share " + share);
        }
    }

    /** Attention maps plan a workspace of their own, and merging packs other rows. */
    @ParameterizedTest
    @EnumSource(names = {"BFLOAT16", "FLOAT16"})
    void mapsAndMergedTokensHaveTheBitsOfWidenedWeights(Storage type) throws IOException {
        VitConfig config = token().toBuilder().image(32, 40).build();
        Rounded source = new Rounded(new GeneratedWeights(config, 0), type);
        float[] pixels = Arrays.copyOf(images(config), config.channels() * 32 * 40);
        SessionOptions options = SessionOptions.threads(2).withBatch(BATCH).withTokenMerging(3);
        try (VitModel wide = VitModel.of(source); VitModel half = VitModel.of(source, StoredAs.AS_FILE);
                VitSession plain = wide.newSession(SessionOptions.threads(1)); VitSession narrow = half.newSession(SessionOptions.threads(2));
                VitSession merging = wide.newSession(options); VitSession narrowMerging = half.newSession(options)) {
            for (int block = 0; block < config.depth(); block++) {
                assertArrayEquals(plain.attention(pixels).head(block, 1), narrow.attention(pixels).head(block, 1), "block " + block);
            }
            float[] expected = new float[BATCH * config.classes()];
            float[] actual = new float[BATCH * config.classes()];
            merging.logits(images(config), BATCH, expected);
            narrowMerging.logits(images(config), BATCH, actual);
            assertSameBits(expected, actual, "merged");
            assertEquals(narrowMerging.plannedBytes(), half.sessionBytes(options));
        }
    }

    private static float[] values(ParameterSource source, Parameter parameter) throws IOException {
        float[] values = new float[Math.toIntExact(parameter.shape().size())];
        source.read(parameter, values);
        return values;
    }

    private static void assertSameBits(float[] expected, float[] actual, String what) {
        assertEquals(expected.length, actual.length, what);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(Float.floatToIntBits(expected[i]), Float.floatToIntBits(actual[i]), what + ": element " + i);
        }
    }

    @ParameterizedTest
    @EnumSource(StoredAs.class)
    void sessionsTakeWhatThePlanSays(StoredAs storedAs) throws IOException {
        Rounded source = new Rounded(new GeneratedWeights(token(), 0), Storage.FLOAT16);
        SessionOptions options = SessionOptions.threads(2).withBatch(2);
        try (VitModel model = VitModel.of(source, storedAs); VitSession session = model.newSession(options)) {
            assertEquals(session.plannedBytes(), model.sessionBytes(options));
            long plain = VitModel.sessionBytes(token(), options);
            long more = session.plannedBytes() - plain;
            assertTrue(storedAs == StoredAs.FLOAT32 ? more == 0 : more >= 0 && more <= 2 * (192 << 10), "bytes more: " + more);
        }
    }

    /** Two blocks of ViT-B/16, whose matrices are as large a share of all as in the whole model. */
    @Test
    void sixteenBitsTakeHalfTheMemory() throws IOException {
        VitConfig config = VitVariants.find("vit_base_patch16_224").orElseThrow().toBuilder().depth(2).build();
        try (VitModel wide = VitModel.of(new GeneratedWeights(config, 0))) {
            long before = TensorArena.liveBytes();
            VitModel half = VitModel.of(new GeneratedWeights(config, 0), StoredAs.ROUNDED_TO_FLOAT16);
            assertEquals(half.weightBytes(), TensorArena.liveBytes() - before);
            half.close();
            assertEquals(before, TensorArena.liveBytes());
            double share = half.weightBytes() / (double) wide.weightBytes();
            System.out.println("weights in 16 bits: " + share + " of the memory");
            assertTrue(share < 0.51, "share " + share);
        }
    }

    @Test
    void roundingChangesTheResultsAndOnlyWhereItIsAskedFor() throws IOException {
        GeneratedWeights weights = new GeneratedWeights(token(), 0);
        try (VitModel wide = VitModel.of(weights); VitModel same = VitModel.of(weights, StoredAs.AS_FILE);
                VitModel rounded = VitModel.of(weights, StoredAs.ROUNDED_TO_BFLOAT16);
                VitModel truth = VitModel.of(new Rounded(weights, Storage.BFLOAT16))) {
            float[] expected = results(wide, 1, false);
            assertSameBits(expected, results(same, 1, false), "as in the file, which has 32 bits");
            assertNotEquals(Arrays.hashCode(expected), Arrays.hashCode(results(rounded, 1, false)));
            Parameter fc1 = wide.parameters().find("blocks.1.mlp.fc1.weight");
            assertArrayEquals(values(truth, fc1), values(rounded, fc1));
            Parameter norm = wide.parameters().find("norm.weight");
            assertArrayEquals(values(wide, norm), values(rounded, norm));
        }
    }

    @ParameterizedTest
    @CsvSource({"NaN, AS_FILE", "-Infinity, AS_FILE", "Infinity, ROUNDED_TO_BFLOAT16", "NaN, ROUNDED_TO_FLOAT16", "NaN, ROUNDED_TO_INT8",
        "Infinity, ROUNDED_TO_INT8"})
    void weightsThatAreNotFiniteAreReportedAsBefore(float value, StoredAs storedAs) throws IOException {
        Rounded rounded = new Rounded(new GeneratedWeights(token(), 0), Storage.FLOAT16);
        ParameterSource source = new ParameterSource() {
            @Override
            public VitConfig config() {
                return rounded.config();
            }

            @Override
            public Storage storage(Parameter parameter) {
                return rounded.storage(parameter);
            }

            @Override
            public void read(Parameter parameter, float[] target) {
                rounded.read(parameter, target);
                if (parameter.name().equals("blocks.1.mlp.fc1.weight")) {
                    target[7] = value;
                }
            }
        };
        try (VitModel wide = VitModel.of(source); VitModel half = VitModel.of(source, storedAs)) {
            assertEquals(1, wide.report().warnings().size());
            assertEquals(wide.report().warnings(), half.report().warnings());
            assertEquals(Storage.FLOAT32, half.storage(half.parameters().find("blocks.1.mlp.fc1.weight")));
            assertTrue(half.storage(half.parameters().find("blocks.0.mlp.fc1.weight")).isNarrow());
        }
    }

    /** A model in a file whose tensors have the types that {@code dtypes} gives to their names. */
    private static Path file(Path folder, VitConfig config, Function<String, Dtype> dtypes) throws IOException {
        Path wide = folder.resolve("wide.safetensors");
        WeightsWriter.write(wide, new GeneratedWeights(config, 0), Map.of());
        Path narrow = folder.resolve("narrow.safetensors");
        try (TensorFile file = TensorFile.open(wide)) {
            List<SafetensorsWriter.Tensor> tensors = file.entries().stream()
                    .map(entry -> new SafetensorsWriter.Tensor(entry.name(), dtypes.apply(entry.name()), entry.shape())).toList();
            try (SafetensorsWriter writer = new SafetensorsWriter(narrow, tensors, Map.of())) {
                for (TensorEntry entry : file.entries()) {
                    float[] values = new float[Math.toIntExact(entry.shape().size())];
                    file.readFloats(entry, 0, values, 0, values.length);
                    writer.write(values, 0, values.length);
                }
                writer.commit();
            }
        }
        return narrow;
    }

    @ParameterizedTest
    @CsvSource({"timm, BF16", "timm, F16", "huggingface, BF16", "jax, F16", "torchvision, BF16"})
    void fileOfSixteenBitsIsKeptAsItIs(String family, Dtype dtype, @TempDir Path folder) throws IOException {
        VitConfig config = VitConfig.builder().family(family).image(16, 16).patch(8).width(24).depth(2).heads(2).mlp(34).classes(5).build();
        Path file = file(folder, config, name -> dtype);
        Path stated = Files.writeString(folder.resolve("stated.json"), "{\"family\":\"" + family + "\",\"image\":[16,16],\"heads\":2}");
        LoadOptions asFile = LoadOptions.DEFAULTS.withWeights(StoredAs.AS_FILE);
        try (VitModel wide = VitModel.load(file, stated); VitModel half = VitModel.load(file, stated, asFile);
                VitModel bytes = VitModel.load(Files.readAllBytes(file), Files.readAllBytes(stated), asFile)) {
            Storage expected = dtype == Dtype.F16 ? Storage.FLOAT16 : Storage.BFLOAT16;
            for (Parameter parameter : half.parameters().list()) {
                assertEquals(parameter.isMatrix() ? expected : Storage.FLOAT32, half.storage(parameter), parameter.name());
                assertArrayEquals(values(wide, parameter), values(half, parameter), parameter.name());
            }
            assertSameBits(results(wide, 1, false), results(half, 2, false), family);
            assertSameBits(results(wide, 1, false), results(bytes, 1, false), family);
        }
    }

    @Test
    void eachMatrixIsKeptAsItsTensorsAre(@TempDir Path folder) throws IOException {
        VitConfig config = VitConfig.builder().family("huggingface").image(16, 16).patch(8).width(24).depth(2).heads(2).mlp(34).classes(5).build();
        Set<String> wide = Set.of("layer.0.attention.attention.key.weight", "layer.1.output.dense.weight");
        Path file = file(folder, config, name -> wide.stream().anyMatch(name::endsWith) ? Dtype.F32 : name.contains("layer.1.attention") ? Dtype.F16 : Dtype.BF16);
        Path stated = Files.writeString(folder.resolve("stated.json"), "{\"family\":\"huggingface\",\"image\":[16,16],\"heads\":2}");
        try (VitModel model = VitModel.load(file, stated, LoadOptions.DEFAULTS.withWeights(StoredAs.AS_FILE)); VitModel widened = VitModel.load(file, stated)) {
            Map.of("blocks.0.attn.qkv.weight", Storage.FLOAT32, "blocks.1.attn.qkv.weight", Storage.FLOAT16, "blocks.0.mlp.fc2.weight", Storage.BFLOAT16,
                    "blocks.1.mlp.fc2.weight", Storage.FLOAT32, "head.weight", Storage.BFLOAT16, "patch_embed.proj.weight", Storage.BFLOAT16)
                    .forEach((name, storage) -> assertEquals(storage, model.storage(model.parameters().find(name)), name));
            assertSameBits(results(widened, 1, false), results(model, 2, false), "mixed");
        }
    }

    /** A training copies the weights in 32 bits, whatever the model keeps them in. */
    @Test
    void trainingBeginsFromTheWidenedWeights() throws IOException {
        Rounded source = new Rounded(new GeneratedWeights(token(), 0), Storage.BFLOAT16);
        int[] labels = {1, 4, 0};
        float[][] trained = new float[2][];
        for (int i = 0; i < 2; i++) {
            try (VitModel model = VitModel.of(source, i == 0 ? StoredAs.FLOAT32 : StoredAs.AS_FILE);
                    VitTraining training = VitTraining.of(model, TrainingOptions.of(1, BATCH), Optimizer.adamW(0.05))) {
                training.clearGradients();
                training.accumulate(images(token()), labels, BATCH, 1.0 / BATCH);
                training.step(1e-3, 1);
                trained[i] = values(training, training.parameters().find("blocks.0.attn.qkv.weight"));
            }
        }
        assertSameBits(trained[0], trained[1], "trained");
    }
}
