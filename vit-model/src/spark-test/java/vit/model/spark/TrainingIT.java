package vit.model.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import vit.model.TokenMerging;
import vit.model.train.DivergedException;
import vit.model.train.Recipe;
import vit.model.train.Trainer;
import vit.model.train.TrainingListener;
import vit.model.shapes.ShapeSource;

/** Training with the tasks in this JVM. */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class TrainingIT {

    private static SparkSession spark;
    @TempDir
    private static Path folder;

    @BeforeAll
    static void start() {
        spark = SparkSession.builder().config(LocalCluster.inThisJvm("TrainingIT", 2)).getOrCreate();
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    @Test
    void stateHasTheBytesOfATrainingWithoutSparkAtAnyNumberOfPartitions() throws Exception {
        String alone = TinyTraining.trainWithoutSpark(TinyTraining.SHARDS, folder);
        System.out.println("state without Spark: " + alone);
        for (int partitions : new int[] {1, 2, 3, 8}) {
            String found = TinyTraining.trainWith(spark, TinyTraining.images(TinyTraining.Fault.NONE, null), TinyTraining.SHARDS, partitions, 8, folder);
            System.out.println("state at " + partitions + " partitions of local[2]: " + found);
            assertEquals(alone, found, partitions + " partitions");
        }
    }

    @Test
    void addingOnExecutorsDoesNotChangeTheBytes() throws Exception {
        String alone = TinyTraining.trainWithoutSpark(TinyTraining.SHARDS, folder);
        assertEquals(alone, TinyTraining.trainWith(spark, TinyTraining.images(TinyTraining.Fault.NONE, null), TinyTraining.SHARDS, 7, 2, folder));
    }

    /** 4 of 16 patches in each block. */
    @Test
    void mergingTokensHasTheBytesOfATrainingWithoutSpark() throws Exception {
        Recipe merging = TinyTraining.recipe(TinyTraining.SHARDS).withTokenMerging(TokenMerging.constant(4));
        String alone;
        try (Trainer trainer = TinyTraining.trainer(merging)) {
            trainer.train(TrainingListener.NONE);
            alone = TinyTraining.hash(trainer, folder);
        }
        assertNotEquals(TinyTraining.trainWithoutSpark(TinyTraining.SHARDS, folder), alone);
        for (int partitions : new int[] {1, 2}) {
            try (Trainer trainer = TinyTraining.trainer(merging)) {
                SparkGradient gradient = SparkGradient.of(spark, trainer, TinyTraining.images(TinyTraining.Fault.NONE, null)).withPartitions(partitions);
                assertEquals(alone, TinyTraining.train(trainer, gradient, folder), partitions + " partitions");
            }
        }
    }

    @Test
    void theNumberOfShardsIsPartOfTheRecipe() throws Exception {
        String one = TinyTraining.trainWithoutSpark(1, folder);
        assertEquals(one, TinyTraining.trainWith(spark, TinyTraining.images(TinyTraining.Fault.NONE, null), 1, 3, 8, folder));
        assertNotEquals(TinyTraining.trainWithoutSpark(TinyTraining.SHARDS, folder), one);
    }

    @Test
    void aTrainingStopsAndContinues() throws Exception {
        Path state = folder.resolve("stopped.state");
        List<Long> steps = new ArrayList<>();
        try (Trainer trainer = TinyTraining.trainer(TinyTraining.SHARDS)) {
            trainer.train(new TrainingListener() {
                @Override
                public void step(long step, long all, double loss) {
                    steps.add(step);
                    if (step == 4) {
                        trainer.cancel();
                    }
                }
            }, SparkGradient.of(spark, trainer, TinyTraining.images(TinyTraining.Fault.NONE, null)));
            trainer.save(state);
        }
        assertEquals(List.of(1L, 2L, 3L, 4L), steps);
        try (Trainer trainer = TinyTraining.resume(state, TinyTraining.SHARDS)) {
            String continued = TinyTraining.train(trainer, SparkGradient.of(spark, trainer, TinyTraining.images(TinyTraining.Fault.NONE, null)), folder);
            assertEquals(TinyTraining.trainWithoutSpark(TinyTraining.SHARDS, folder), continued);
        }
    }

    @Test
    void otherImagesThanTheDriversAreRefused() throws Exception {
        try (Trainer trainer = TinyTraining.trainer(TinyTraining.SHARDS)) {
            SparkGradient gradient = SparkGradient.of(spark, trainer, () -> new ShapeSource(3, 16, 36, 0.2, 1, false));
            Exception refused = assertThrows(Exception.class, () -> trainer.train(TrainingListener.NONE, gradient));
            assertTrue(refused.getMessage().contains("other images than the driver"), refused.getMessage());
        }
    }

    @Test
    void aLossThatIsNotFiniteEndsTheTrainingAsWithoutSpark() throws Exception {
        List<String> messages = new ArrayList<>();
        for (boolean onSpark : new boolean[] {false, true}) {
            try (Trainer trainer = Diverging.trainer()) {
                DivergedException diverged = assertThrows(DivergedException.class, () -> {
                    if (onSpark) {
                        trainer.train(TrainingListener.NONE, SparkGradient.of(spark, trainer, Diverging.images()));
                    } else {
                        trainer.train(TrainingListener.NONE);
                    }
                });
                messages.add(diverged.getMessage());
            }
        }
        assertEquals(messages.get(0), messages.get(1));
    }
}
