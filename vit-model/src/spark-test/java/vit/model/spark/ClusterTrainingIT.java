package vit.model.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.SparkConf;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerSpeculativeTaskSubmitted;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import vit.model.train.Trainer;
import vit.model.train.TrainingListener;

/** Training with executors in JVMs of their own, some of which are lost. */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class ClusterTrainingIT {

    @TempDir
    private static Path folder;
    private static String alone;

    @BeforeAll
    static void trainWithoutSpark() throws Exception {
        alone = TinyTraining.trainWithoutSpark(TinyTraining.SHARDS, folder);
    }

    private static SparkConf cluster() throws Exception {
        return LocalCluster.ofExecutors("ClusterTrainingIT", 2, 1, 1024);
    }

    @Test
    void stateHasTheBytesOfATrainingWithoutSparkAlsoAfterAnExecutorWasHalted() throws Exception {
        try (SparkSession spark = SparkSession.builder().config(cluster()).getOrCreate()) {
            for (int partitions : new int[] {1, 2, 3, 8}) {
                String found = TinyTraining.trainWith(spark, TinyTraining.images(TinyTraining.Fault.NONE, null), TinyTraining.SHARDS, partitions, 4, folder);
                System.out.println("state at " + partitions + " partitions of local-cluster[2,1,1024]: " + found);
                assertEquals(alone, found, partitions + " partitions");
            }
            AtomicInteger lost = new AtomicInteger();
            spark.sparkContext().addSparkListener(new SparkListener() {
                @Override
                public void onExecutorRemoved(SparkListenerExecutorRemoved event) {
                    lost.incrementAndGet();
                }
            });
            List<Double> seconds = new ArrayList<>();
            Path marker = folder.resolve("halted");
            try (Trainer trainer = TinyTraining.trainer(TinyTraining.SHARDS)) {
                SparkGradient gradient = SparkGradient.of(spark, trainer, TinyTraining.images(TinyTraining.Fault.HALT, marker)).withPartitions(4);
                String found = TinyTraining.train(trainer, (step, training) -> {
                    long start = System.nanoTime();
                    var statistics = gradient.compute(step, training);
                    seconds.add((System.nanoTime() - start) / 1e9);
                    return statistics;
                }, folder);
                assertEquals(alone, found);
            }
            assertTrue(Files.exists(marker) && lost.get() == 1, lost + " executors lost");
            System.out.printf("step in which an executor was halted: %.2f s; median of the other steps %.2f s%n", seconds.stream().max(Double::compare).orElseThrow(),
                    seconds.stream().sorted().skip(seconds.size() / 2).findFirst().orElseThrow());
        }
    }

    @Test
    void stateHasTheSameBytesWithSpeculation() throws Exception {
        SparkConf conf = cluster().set("spark.speculation", "true").set("spark.speculation.interval", "100ms").set("spark.speculation.quantile", "0.25")
                .set("spark.speculation.multiplier", "1.5").set("spark.speculation.minTaskRuntime", "500ms");
        try (SparkSession spark = SparkSession.builder().config(conf).getOrCreate()) {
            AtomicInteger speculated = new AtomicInteger();
            spark.sparkContext().addSparkListener(new SparkListener() {
                @Override
                public void onSpeculativeTaskSubmitted(SparkListenerSpeculativeTaskSubmitted event) {
                    speculated.incrementAndGet();
                }
            });
            long start = System.nanoTime();
            String found = TinyTraining.trainWith(spark, TinyTraining.images(TinyTraining.Fault.SLEEP, folder.resolve("slept")), TinyTraining.SHARDS, 4, 8, folder);
            assertEquals(alone, found);
            assertTrue(speculated.get() > 0, "no task was tried twice at the same time");
            System.out.printf("training with a task that hangs for 6 s: %.1f s, %d tasks were tried twice%n", (System.nanoTime() - start) / 1e9, speculated.get());
        }
    }

    /** A driver that saves after every step, to be killed. Its argument is the file. */
    static final class Driver {
        public static void main(String[] args) throws Exception {
            Path state = Path.of(args[0]);
            try (SparkSession spark = SparkSession.builder().config(LocalCluster.inThisJvm("Driver", 2)).getOrCreate(); Trainer trainer = TinyTraining.trainer(TinyTraining.SHARDS)) {
                trainer.train(new TrainingListener() {
                    @Override
                    public void step(long step, long all, double loss) {
                        try {
                            trainer.save(state);
                        } catch (java.io.IOException e) {
                            throw new java.io.UncheckedIOException(e);
                        }
                        System.out.println("saved " + step);
                    }
                }, SparkGradient.of(spark, trainer, TinyTraining.images(TinyTraining.Fault.NONE, null)));
            }
        }
    }

    @Test
    void aDriverThatIsKilledContinuesWithTheSameBytes() throws Exception {
        Path state = folder.resolve("killed.state");
        Process driver = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--add-modules=jdk.incubator.vector", "-Xmx1g", "-cp",
                System.getProperty("java.class.path"), Driver.class.getName(), state.toString()).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try (BufferedReader lines = driver.inputReader()) {
            String line;
            do {
                line = lines.readLine();
            } while (line != null && !line.equals("saved 4"));
            driver.destroyForcibly().waitFor(); // in the middle of the fifth step, or while it saves
            assertEquals("saved 4", line);
        }
        long start = System.nanoTime();
        try (SparkSession spark = SparkSession.builder().config(LocalCluster.inThisJvm("Driver", 2)).getOrCreate(); Trainer trainer = TinyTraining.resume(state, TinyTraining.SHARDS)) {
            double ready = (System.nanoTime() - start) / 1e9;
            AtomicInteger steps = new AtomicInteger();
            trainer.train(new TrainingListener() {
                @Override
                public void step(long step, long all, double loss) {
                    steps.incrementAndGet();
                }
            }, SparkGradient.of(spark, trainer, TinyTraining.images(TinyTraining.Fault.NONE, null)).withPartitions(3));
            assertTrue(steps.get() >= 1 && steps.get() <= TinyTraining.STEPS - 4, steps + " steps after the kill");
            assertEquals(alone, TinyTraining.hash(trainer, folder));
            System.out.printf("a new driver was ready %.2f s after it began, %d steps were left%n", ready, steps.get());
        }
    }
}
