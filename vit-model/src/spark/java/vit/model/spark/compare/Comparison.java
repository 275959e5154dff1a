package vit.model.spark.compare;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.config.VitConfig;
import vit.model.image.format.ImageDecoder;
import vit.model.image.format.ImageFiles;
import vit.model.shapes.ShapeLearning;
import vit.model.shapes.ShapeSource;
import vit.model.spark.LocalCluster;
import vit.model.spark.SparkGradient;
import vit.model.spark.TrainingImages;
import vit.model.spark.VitTransformer;
import vit.model.train.EpochReport;
import vit.model.train.Trainer;
import vit.model.train.TrainerOptions;
import vit.model.train.TrainingListener;

/**
 * Embeds a folder of images and trains the shapes model, each in one process and with executors in JVMs of their own on this machine, and prints how long both took and
 * whether the results have the same bytes. All run with the same number of threads. The second run of each counts, because the first one loads classes and compiles.
 *
 * <pre>
 *   Comparison [--images N] [--folder DIR] [--weights F] [--executors E] [--epochs N] [--shards S]
 * </pre>
 */
public final class Comparison {

    private static final int BATCH = 8;

    private final Map<String, String> options = new TreeMap<>(Map.of("images", "2000", "executors", "2", "epochs", "2", "shards", "8"));
    private final Path scratch;

    private Comparison(String[] args, Path scratch) {
        for (int i = 0; i < args.length; i += 2) {
            if (!args[i].matches("--(images|folder|weights|executors|epochs|shards)") || i + 1 == args.length) {
                throw new IllegalArgumentException("option " + args[i] + "; expected --images N, --folder DIR, --weights F, --executors E, --epochs N, --shards S");
            }
            options.put(args[i].substring(2), args[i + 1]);
        }
        this.scratch = scratch;
    }

    /** Runs the comparison, in a child process if the environment is not that of {@link LocalCluster#ofExecutors}. Exits with 1 if the bytes differ. */
    public static void main(String[] args) throws Exception {
        Path scratch = Files.createTempDirectory("vit-spark-comparison");
        int exit;
        try {
            if (System.getenv("SPARK_HOME") == null || System.getenv("SPARK_SCALA_VERSION") == null) {
                exit = inChild(args, scratch);
            } else {
                exit = new Comparison(args, scratch).run() ? 0 : 1;
            }
        } catch (IllegalArgumentException e) {
            System.err.println("error: " + e.getMessage());
            exit = 2;
        } finally {
            delete(scratch);
        }
        System.exit(exit);
    }

    private static int inChild(String[] args, Path scratch) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-Dspark.log.level=ERROR", "-Xmx2g", "-cp", System.getProperty("java.class.path"), Comparison.class.getName()));
        command.addAll(Arrays.asList(args));
        ProcessBuilder child = new ProcessBuilder(command).inheritIO();
        for (String variable : LocalCluster.environment(scratch.resolve("spark-home"))) {
            child.environment().put(variable.substring(0, variable.indexOf('=')), variable.substring(variable.indexOf('=') + 1));
        }
        return child.start().waitFor();
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private int number(String option) {
        return Integer.parseInt(options.get(option));
    }

    private boolean run() throws Exception {
        Path folder = options.containsKey("folder") ? Path.of(options.get("folder")) : scratch.resolve("images");
        if (!options.containsKey("folder")) {
            ShapeFolder.draw(folder, number("images"));
        }
        int executors = number("executors");
        List<Result> results = new ArrayList<>();
        List<Path> files = ImageFiles.below(folder).images();
        results.add(embedInProcess(files, executors));
        results.add(trainInProcess(executors));
        try (SparkSession spark = SparkSession.builder().config(LocalCluster.ofExecutors("Comparison", executors, 1, 1024).set("spark.ui.showConsoleProgress", "true").set("spark.log.level", "ERROR"))
                .getOrCreate()) {
            results.add(1, embedOnSpark(spark, folder, executors));
            results.add(trainOnSpark(spark, executors));
        }
        return print(results, executors);
    }

    /**
     * What one way took.
     *
     * @param images per run
     * @param hash   of the bytes of the result
     */
    private record Result(String work, String way, long images, double seconds, String hash) {}

    private static boolean print(List<Result> results, int executors) {
        System.out.printf("%d threads in all; local-cluster has %d executors of 1 thread%n%n", executors, executors);
        System.out.printf("%-10s %-22s %10s %10s %8s  %s%n", "work", "way", "seconds", "images/s", "ratio", "SHA-256 of the result");
        boolean same = true;
        for (int i = 0; i < results.size(); i++) {
            Result result = results.get(i);
            Result first = results.get(i / 2 * 2);
            same &= result.hash.equals(first.hash);
            System.out.printf(Locale.ROOT, "%-10s %-22s %10.2f %10.1f %8.2f  %s%n", result.work, result.way, result.seconds, result.images / result.seconds,
                    first.seconds / result.seconds, result.hash.substring(0, 16));
        }
        System.out.println(same ? "both ways gave the same bytes" : "the ways gave different bytes");
        return same;
    }

    private Result embedInProcess(List<Path> files, int threads) throws IOException {
        Result result = null;
        try (VitModel model = options.containsKey("weights") ? VitModel.load(Path.of(options.get("weights"))) : VitModel.shipped();
                VitSession session = model.newSession(SessionOptions.threads(threads).withBatch(BATCH))) {
            VitConfig config = model.config();
            int elements = config.channels() * config.imageHeight() * config.imageWidth();
            float[] pixels = new float[BATCH * elements];
            float[] out = new float[BATCH * config.embeddingWidth()];
            for (int round = 0; round < 2; round++) {
                Progress progress = new Progress("embedding in one process", files.size());
                Map<String, float[]> embeddings = new TreeMap<>();
                for (int from = 0; from < files.size(); from += BATCH) {
                    int first = from;
                    int count = Math.min(BATCH, files.size() - from);
                    java.util.stream.IntStream.range(0, count).parallel().forEach(b -> decode(model, files.get(first + b), pixels, b * elements));
                    session.embed(pixels, count, out);
                    for (int b = 0; b < count; b++) {
                        embeddings.put(files.get(from + b).toUri().toString(), Arrays.copyOfRange(out, b * config.embeddingWidth(), (b + 1) * config.embeddingWidth()));
                    }
                    progress.reached(from + count);
                }
                result = new Result("embed", "one process", files.size(), progress.seconds(), hash(embeddings));
            }
        }
        return result;
    }

    private static void decode(VitModel model, Path file, float[] pixels, int offset) {
        try {
            model.preprocessing().apply(ImageDecoder.decode(file), model.config().imageHeight(), model.config().imageWidth(), pixels, offset);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Result embedOnSpark(SparkSession spark, Path folder, int executors) {
        VitTransformer transformer = new VitTransformer().setOutput("embedding").setBatchSize(BATCH);
        if (options.containsKey("weights")) {
            transformer.setWeights(Path.of(options.get("weights")).toAbsolutePath().toString());
        }
        Result result = null;
        for (int round = 0; round < 2; round++) {
            Progress progress = new Progress("embedding on local-cluster", 1);
            Dataset<Row> files = spark.read().format("binaryFile").option("recursiveFileLookup", "true").load(folder.toUri().toString()).repartition(4 * executors);
            Map<String, float[]> embeddings = new TreeMap<>();
            for (Row row : transformer.transform(files).select("path", "embedding").collectAsList()) {
                List<Float> values = row.getList(1);
                float[] embedding = new float[values.size()];
                for (int i = 0; i < embedding.length; i++) {
                    embedding[i] = values.get(i);
                }
                embeddings.put(Path.of(java.net.URI.create(row.getString(0))).toUri().toString(), embedding);
            }
            result = new Result("embed", "local-cluster[" + executors + ",1,1024]", embeddings.size(), progress.seconds(), hash(embeddings));
        }
        return result;
    }

    private ShapeLearning learning() {
        ShapeLearning demo = ShapeLearning.demo();
        return demo.withRecipe(demo.recipe().withEpochs(number("epochs")).withBatch(128).withShards(number("shards")));
    }

    private static TrainingListener listener(String way, List<Double> epochs) {
        Progress progress = new Progress("training " + way, 1);
        Progress[] steps = new Progress[1];
        return new TrainingListener() {
            @Override
            public void step(long step, long all, double loss) {
                steps[0] = steps[0] == null ? new Progress("step of the training " + way, all) : steps[0];
                steps[0].reached(step);
            }

            @Override
            public void epoch(EpochReport report) {
                epochs.add(progress.seconds());
                System.err.printf(Locale.ROOT, "epoch %d %s: loss %.4f, validation accuracy %.3f, %.0f images/s%n", report.epoch(), way, report.loss(),
                        report.validationAccuracy(), report.imagesPerSecond());
            }
        };
    }

    private Result trainInProcess(int threads) throws Exception {
        List<Double> epochs = new ArrayList<>();
        try (Trainer trainer = learning().trainer(TrainerOptions.threads(threads))) {
            trainer.train(listener("in one process", epochs));
            return trained(trainer, "one process", epochs);
        }
    }

    private Result trainOnSpark(SparkSession spark, int executors) throws Exception {
        ShapeLearning learning = learning();
        ShapeSource source = (ShapeSource) learning.split().training();
        long seed = source.seed();
        int side = source.side();
        int size = source.size();
        double difficulty = source.difficulty();
        int ramp = source.ramp();
        boolean mixed = source.mixed();
        TrainingImages images = () -> new ShapeSource(seed, side, size, difficulty, ramp, mixed);
        List<Double> epochs = new ArrayList<>();
        try (Trainer trainer = learning.trainer(TrainerOptions.threads(executors))) {
            trainer.train(listener("on local-cluster", epochs), SparkGradient.of(spark, trainer, images));
            return trained(trainer, "local-cluster[" + executors + ",1,1024]", epochs);
        }
    }

    /** The seconds of the epochs after the first one, or of the first if there is no other. */
    private Result trained(Trainer trainer, String way, List<Double> epochs) throws Exception {
        Path state = Files.createTempFile(scratch, "training", ".state");
        trainer.save(state);
        int counted = Math.max(1, epochs.size() - 1);
        double seconds = epochs.getLast() - (epochs.size() > 1 ? epochs.getFirst() : 0);
        return new Result("train", way, (long) counted * trainer.trainingImages(), seconds, HexFormat.of().formatHex(sha256().digest(Files.readAllBytes(state))));
    }

    private static String hash(Map<String, float[]> embeddings) {
        MessageDigest sum = sha256();
        for (float[] embedding : embeddings.values()) {
            ByteBuffer bytes = ByteBuffer.allocate(embedding.length * Float.BYTES);
            bytes.asFloatBuffer().put(embedding);
            sum.update(bytes.array());
        }
        return HexFormat.of().formatHex(sum.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }
}
