package vit.model.spark;

import static org.apache.spark.sql.functions.col;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkException;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.Trigger;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import vit.model.Prediction;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.image.format.ImageDecoder;
import vit.model.weights.WeightsWriter;

@Timeout(value = 4, unit = TimeUnit.MINUTES)
class VitTransformerIT {

    private static final int IMAGES = 21; // no multiple of the batch or of a number of partitions

    private static SparkSession spark;
    @TempDir
    private static Path folder;
    private static Path images;

    @BeforeAll
    static void start() throws IOException {
        spark = SparkSession.builder().config(LocalCluster.inThisJvm("VitTransformerIT", 2).set("spark.sql.shuffle.partitions", "2")
                .set("spark.sql.warehouse.dir", folder.resolve("warehouse").toString())).getOrCreate();
        images = ShapeFiles.write(folder.resolve("images"), 0, IMAGES);
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private static Dataset<Row> files(Path from) {
        return spark.read().format("binaryFile").load(from.toString());
    }

    private static VitTransformer everything() {
        return new VitTransformer().setOutput("logits", "embedding", "class").setBatchSize(4);
    }

    private static float[] floats(Row row, String column) {
        List<Float> values = row.getList(row.fieldIndex(column));
        float[] floats = new float[values.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = values.get(i);
        }
        return floats;
    }

    /** Every output of every row has the bits of a session that is given one image at a time. */
    private static void requireResultsOfASession(List<Row> rows) throws IOException {
        assertEquals(IMAGES, rows.size());
        try (VitModel model = VitModel.shipped(); VitSession session = model.newSession(SessionOptions.threads(1))) {
            for (Row row : rows) {
                Path file = Path.of(java.net.URI.create(row.<String>getAs("path")));
                Prediction.Ranked best = session.classify(file).best();
                float[] logits = new float[model.config().classes()];
                session.logits(model.preprocessing().apply(ImageDecoder.decode(file), 32, 32), 1, logits);
                assertArrayEquals(logits, floats(row, "logits"), file.toString());
                assertArrayEquals(session.embed(file), floats(row, "embedding"), file.toString());
                Row found = row.getAs("class");
                assertEquals(best.index(), found.getInt(0));
                assertEquals(best.label(), found.getString(1));
                assertEquals(best.probability(), found.getDouble(2));
            }
        }
    }

    @Test
    void resultsAreThoseOfASessionAtAnyNumberOfPartitions() throws IOException {
        for (int partitions : new int[] {1, 2, 3, 8}) {
            requireResultsOfASession(everything().transform(files(images).repartition(partitions)).collectAsList());
        }
    }

    @Test
    void imagesOfTheImageSourceGiveTheResultsOfFiles() throws IOException {
        Dataset<Row> decoded = spark.read().format("image").load(images.toString()).withColumn("path", col("image.origin"));
        requireResultsOfASession(everything().setInputCol("image").transform(decoded).collectAsList());
    }

    @Test
    void anUnusableImageIsARowWithAnError() throws IOException {
        Path some = ShapeFiles.write(folder.resolve("some"), 0, 5);
        Files.write(some.resolve("shape-002.png"), new byte[] {1, 2, 3});
        List<Row> rows = everything().setOnError("column").transform(files(some).coalesce(1).sortWithinPartitions("path")).collectAsList();
        assertEquals(5, rows.size());
        for (int i = 0; i < 5; i++) {
            Row row = rows.get(i);
            assertEquals(i == 2, row.getAs("error") != null, row.toString());
            assertEquals(i == 2, row.getAs("embedding") == null);
            assertEquals(i == 2, row.getAs("class") == null);
        }
        assertTrue(rows.get(2).<String>getAs("error").contains("shape-002.png"), rows.get(2).toString());
        List<Row> good = everything().transform(files(some).filter(col("path").endsWith("3.png"))).collectAsList();
        assertArrayEquals(floats(good.getFirst(), "logits"), floats(rows.get(3), "logits"), "the image after the unusable one");
        SparkException failed = assertThrows(SparkException.class, () -> everything().transform(files(some)).collectAsList());
        assertTrue(failed.getMessage().contains("shape-002.png") && failed.getMessage().contains("setOnError"), failed.getMessage());
    }

    @Test
    void nullAndForeignRowsOfTheImageSourceAreErrors() throws IOException {
        Path some = ShapeFiles.write(folder.resolve("foreign"), 0, 2);
        Files.write(some.resolve("text.png"), "text".getBytes());
        Dataset<Row> decoded = spark.read().format("image").option("dropInvalid", false).load(some.toString());
        List<Row> rows = new VitTransformer().setInputCol("image").setOnError("column").transform(decoded).collectAsList();
        assertEquals(3, rows.size());
        assertEquals(1, rows.stream().filter(row -> row.getAs("error") != null).count());
        Dataset<Row> none = files(images).limit(1).selectExpr("cast(null as binary) as content");
        assertTrue(new VitTransformer().setOnError("column").transform(none).collectAsList().getFirst().<String>getAs("error").contains("no image"));
    }

    @Test
    void theSchemaIsCheckedAtOnce() {
        StructType schema = files(images).schema();
        VitTransformer transformer = everything().setOutputCol("l", "e", "c").setOnError("column");
        StructType result = transformer.transformSchema(schema);
        assertEquals(List.of("path", "modificationTime", "length", "content", "l", "e", "c", "error"), List.of(result.fieldNames()));
        assertEquals(Output.EMBEDDING.type(), result.apply("e").dataType());
        assertEquals(result, transformer.transform(files(images)).schema());
        refused("column photo is missing", () -> new VitTransformer().setInputCol("photo").transformSchema(schema));
        refused("is of type string", () -> new VitTransformer().setInputCol("path").transformSchema(schema));
        refused("length exists already", () -> new VitTransformer().setOutputCol("length").transformSchema(schema));
        refused("need as many names", () -> new VitTransformer().setOutputCol("a", "b").transformSchema(schema));
        refused("exists already", () -> everything().setOutputCol("a", "b", "a").transformSchema(schema));
        refused("expected logits, embedding or class", () -> new VitTransformer().setOutput("tokens"));
        refused("at most once", () -> new VitTransformer().setOutput("class", "class"));
        refused("expected fail or column", () -> new VitTransformer().setOnError("skip"));
    }

    private static void refused(String message, org.junit.jupiter.api.function.Executable call) {
        IllegalArgumentException refusal = assertThrows(IllegalArgumentException.class, call);
        assertTrue(refusal.getMessage().contains(message), refusal.getMessage());
    }

    @Test
    void aPipelineSavesAndLoadsIt() throws Exception {
        VitTransformer transformer = new VitTransformer().setOutput("embedding").setOutputCol("vector").setBatchSize(3).setOnError("column").setErrorCol("fault");
        Dataset<Row> files = files(images);
        PipelineModel model = new Pipeline().setStages(new PipelineStage[] {transformer}).fit(files);
        String saved = folder.resolve("pipeline").toString();
        model.write().overwrite().save(saved);
        PipelineModel loaded = PipelineModel.load(saved);
        VitTransformer stage = assertInstanceOf(VitTransformer.class, loaded.stages()[0]);
        assertEquals(transformer.uid(), stage.uid());
        assertEquals(transformer.extractParamMap().toSeq().length(), stage.extractParamMap().toSeq().length());
        assertEquals(model.transform(files).orderBy("path").drop("content").collectAsList(), loaded.transform(files).orderBy("path").drop("content").collectAsList());
        transformer.write().overwrite().save(saved + "-stage");
        assertEquals(3, VitTransformer.load(saved + "-stage").getOrDefault(transformer.batchSize()));
    }

    @Test
    void tasksShareOneModelAndGiveTheirSessionsBack() throws IOException {
        Path weights = weights("shared");
        VitTransformer transformer = new VitTransformer().setWeights(weights.toString()).setBatchSize(2);
        int before = ExecutorModels.count();
        for (int round = 0; round < 3; round++) {
            assertEquals(IMAGES, transformer.transform(files(images).repartition(8)).collectAsList().size());
        }
        assertEquals(before + 1, ExecutorModels.count());
        ModelFiles files = ModelFiles.of(spark, weights.toString());
        int sessions = ExecutorModels.idleThreads(files).size();
        assertTrue(sessions >= 1 && sessions <= 2, sessions + " sessions for 24 tasks, of which 2 run at a time");
    }

    private static Path weights(String name) throws IOException {
        Path at = Files.createDirectories(folder.resolve(name)).resolve("model.safetensors");
        try (VitModel model = VitModel.shipped()) {
            WeightsWriter.write(at, model, java.util.Map.of());
        }
        return at;
    }

    @Test
    void weightsThatChangeAreRefused() throws IOException {
        Path weights = weights("changing");
        Dataset<Row> rows = new VitTransformer().setWeights(weights.toString()).setPreprocessing("timm-augreg").transform(files(images)); // a model that no test has loaded
        byte[] bytes = Files.readAllBytes(weights);
        bytes[bytes.length - 1] ^= 1;
        Files.write(weights, bytes);
        SparkException refused = assertThrows(SparkException.class, rows::collectAsList);
        assertTrue(refused.getMessage().contains("is not the one that the driver saw"), refused.getMessage());
        UncheckedIOException missing = assertThrows(UncheckedIOException.class,
                () -> new VitTransformer().setWeights(folder.resolve("nowhere.safetensors").toString()).transform(files(images)));
        assertTrue(missing.getMessage().contains("nowhere.safetensors"), missing.getMessage());
    }

    @Test
    void aStreamOfFilesIsTransformed() throws Exception {
        Path arriving = ShapeFiles.write(folder.resolve("arriving"), 0, 10);
        StructType schema = files(arriving).schema();
        Dataset<Row> stream = everything().transform(spark.readStream().format("binaryFile").schema(schema).option("maxFilesPerTrigger", 4)
                .load(arriving.toString()));
        assertTrue(stream.isStreaming());
        run(stream);
        assertEquals(10, results().size());
        ShapeFiles.write(arriving, 10, IMAGES);
        run(stream);
        requireResultsOfASession(results());
    }

    private static List<Row> results() {
        return spark.read().parquet(folder.resolve("stream").toString()).collectAsList();
    }

    private static void run(Dataset<Row> stream) throws Exception {
        StreamingQuery query = stream.drop("content").writeStream().format("parquet").option("path", folder.resolve("stream").toString())
                .option("checkpointLocation", folder.resolve("checkpoint").toString()).trigger(Trigger.AvailableNow()).start();
        query.awaitTermination();
        assertNull(query.exception().getOrElse(() -> null));
        assertTrue(query.lastProgress() != null);
    }

    @Test
    void embeddingsBecomeVectorsOfSpark() throws IOException {
        Row row = new VitTransformer().setOutput("embedding").transform(files(images).orderBy("path").limit(1))
                .select(col("embedding"), org.apache.spark.ml.functions.array_to_vector(col("embedding")).as("features")).first();
        org.apache.spark.ml.linalg.Vector features = row.getAs("features");
        float[] embedding = floats(row, "embedding");
        try (VitModel model = VitModel.shipped(); VitSession session = model.newSession(SessionOptions.threads(1))) {
            assertArrayEquals(session.embed(images.resolve("shape-000.png")), embedding);
        }
        assertEquals(embedding.length, features.size());
        for (int i = 0; i < embedding.length; i++) {
            assertEquals(embedding[i], features.apply(i));
        }
    }
}
