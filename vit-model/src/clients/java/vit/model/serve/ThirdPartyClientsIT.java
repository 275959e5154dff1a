package vit.model.serve;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import javax.imageio.ImageIO;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.catalog.CatalogModel;
import org.apache.flink.table.catalog.Column;
import org.apache.flink.table.catalog.ObjectIdentifier;
import org.apache.flink.table.catalog.ResolvedCatalogModel;
import org.apache.flink.table.catalog.ResolvedSchema;
import org.apache.flink.table.data.GenericArrayData;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.factories.ModelProviderFactory;
import org.apache.flink.table.functions.AsyncPredictFunction;
import org.apache.flink.table.functions.FunctionContext;
import org.apache.flink.table.types.DataType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import triton.client.InferInput;
import triton.client.InferRequestedOutput;
import triton.client.InferResult;
import triton.client.InferenceException;
import triton.client.InferenceServerClient;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.config.VitConfig;
import vit.model.image.RgbImage;
import vit.model.image.format.ImageDecoder;

/** Two clients of the Open Inference Protocol that others wrote get what a session gives: NVIDIA's for Java, and Flink's model function. */
class ThirdPartyClientsIT {

    private static final int TIMEOUT_MILLIS = 10_000;

    private static VitServer server;
    private static VitModel model;
    private static VitSession session;

    @TempDir
    private Path folder;

    @BeforeAll
    static void start() throws Exception {
        server = VitServer.start(VitModel.shipped(), ServerOptions.defaults().withAddress("127.0.0.1", 0));
        server.ready().join();
        model = VitModel.shipped();
        session = model.newSession(SessionOptions.threads(1));
    }

    @AfterAll
    static void close() {
        session.close();
        model.close();
        server.close();
    }

    private static float[] pixels(int seed) {
        VitConfig config = model.config();
        SplittableRandom random = new SplittableRandom(seed);
        float[] pixels = new float[config.channels() * config.imageHeight() * config.imageWidth()];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (float) random.nextDouble(-2, 2);
        }
        return pixels;
    }

    private static float[] logits(float[] pixels) {
        float[] logits = new float[model.config().classes()];
        session.logits(pixels, 1, logits);
        return logits;
    }

    private static InferInput input(float[] pixels, boolean binary) {
        VitConfig config = model.config();
        InferInput input = new InferInput("pixels", new long[] {1, config.channels(), config.imageHeight(), config.imageWidth()}, triton.client.pojo.DataType.FP32);
        input.setData(pixels, binary);
        return input;
    }

    /** The client reads numbers in JSON as doubles of the shortest decimals that name a float, so they are the same floats. */
    @SuppressWarnings("try") // close() may throw InterruptedException
    @ParameterizedTest
    @CsvSource({"true, true", "true, false", "false, true", "false, false"})
    void nvidiasClientGetsTheLogits(boolean binaryInput, boolean binaryOutput) throws Exception {
        try (InferenceServerClient client = new InferenceServerClient(server.uri().getAuthority(), TIMEOUT_MILLIS, TIMEOUT_MILLIS)) {
            for (int seed = 0; seed < 5; seed++) {
                float[] pixels = pixels(seed);
                InferResult result = client.infer("vit", List.of(input(pixels, binaryInput)),
                        List.of(new InferRequestedOutput("logits", binaryOutput), new InferRequestedOutput("embedding", binaryOutput)));
                assertArrayEquals(logits(pixels), result.getOutputAsFloat("logits"));
                assertEquals(model.config().embeddingWidth(), result.getOutputAsFloat("embedding").length);
            }
        }
    }

    @SuppressWarnings("try")
    @Test
    void nvidiasClientIsToldWhatIsWrong() throws Exception {
        try (InferenceServerClient client = new InferenceServerClient(server.uri().getAuthority(), TIMEOUT_MILLIS, TIMEOUT_MILLIS)) {
            InferenceException fault = assertThrows(InferenceException.class,
                    () -> client.infer("vit", List.of(input(pixels(1), true)), List.of(new InferRequestedOutput("scores", true))));
            assertTrue(fault.getMessage().contains("no output 'scores'"), fault.getMessage());
        }
    }

    @Test
    void flinkGetsTheLogitsOfARowOfNumbers() throws Exception {
        AsyncPredictFunction function = flink("pixels", DataTypes.ARRAY(DataTypes.FLOAT()), "logits");
        for (int seed = 0; seed < 5; seed++) {
            float[] pixels = pixels(seed);
            assertArrayEquals(logits(pixels), predict(function, new GenericArrayData(pixels)));
        }
        function.close();
    }

    @Test
    void flinkGetsTheLogitsOfAnImageFile() throws Exception {
        java.awt.image.BufferedImage picture = new java.awt.image.BufferedImage(40, 30, java.awt.image.BufferedImage.TYPE_INT_RGB);
        picture.createGraphics().fillOval(5, 5, 20, 20);
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        ImageIO.write(picture, "png", file);
        RgbImage image = ImageDecoder.decode("image", file.toByteArray());
        float[] pixels = model.preprocessing().apply(image, model.config().imageHeight(), model.config().imageWidth());
        AsyncPredictFunction function = flink("image", DataTypes.STRING(), "logits");
        assertArrayEquals(logits(pixels), predict(function, StringData.fromString(Base64.getEncoder().encodeToString(file.toByteArray()))));
        function.close();
    }

    @Test
    void flinkIsToldWhatIsWrong() throws Exception {
        AsyncPredictFunction function = flink("pixels", DataTypes.ARRAY(DataTypes.FLOAT()), "logits");
        ExecutionException fault = assertThrows(ExecutionException.class, () -> predict(function, new GenericArrayData(new float[7])));
        assertTrue(fault.getCause().getMessage().contains("[1, 7]"), fault.getCause().getMessage());
        function.close();
    }

    private static float[] predict(AsyncPredictFunction function, Object value) throws Exception {
        Collection<RowData> rows = function.asyncPredict(GenericRowData.of(value)).get();
        return rows.iterator().next().getArray(0).toFloatArray();
    }

    /** Flink's function for a model of one input and one output column. */
    private AsyncPredictFunction flink(String input, DataType inputType, String output) throws Exception {
        Map<String, String> options = Map.of("provider", "triton", "endpoint", server.uri() + "v2/models", "model-name", "vit", "model-version", "1");
        CatalogModel origin = CatalogModel.of(Schema.newBuilder().column(input, inputType).build(),
                Schema.newBuilder().column(output, DataTypes.ARRAY(DataTypes.FLOAT())).build(), options, "");
        ResolvedCatalogModel resolved = ResolvedCatalogModel.of(origin, ResolvedSchema.of(Column.physical(input, inputType)),
                ResolvedSchema.of(Column.physical(output, DataTypes.ARRAY(DataTypes.FLOAT()))));
        AsyncPredictFunction function = FlinkFunction.open(Path.of(System.getProperty("clients.flink")), folder,
                new FactoryContext(resolved), Configuration.fromMap(options));
        function.open(new FunctionContext(null));
        return function;
    }

    private record FactoryContext(ResolvedCatalogModel model) implements ModelProviderFactory.Context {
        @Override
        public ObjectIdentifier getObjectIdentifier() {
            return ObjectIdentifier.of("catalog", "database", "vit");
        }

        @Override
        public ResolvedCatalogModel getCatalogModel() {
            return model;
        }

        @Override
        public ReadableConfig getConfiguration() {
            return new Configuration();
        }

        @Override
        public ClassLoader getClassLoader() {
            return ThirdPartyClientsIT.class.getClassLoader();
        }

        @Override
        public boolean isTemporary() {
            return false;
        }
    }
}
