package vit.model.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 3, unit = TimeUnit.MINUTES)
class VitFunctionIT {

    private static final int IMAGES = 21;

    private static List<byte[]> images() throws IOException {
        List<byte[]> images = new ArrayList<>();
        for (int i = 0; i < IMAGES; i++) {
            images.add(i == 5 ? new byte[7] : ShapeFiles.png(i));
        }
        return images;
    }

    /** The embeddings of the images, and the number of threads of the sessions that computed them. */
    private static List<float[]> embed(SparkConf conf, int partitions) throws IOException {
        try (SparkSession spark = SparkSession.builder().config(conf).getOrCreate()) {
            JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
            VitFunction<byte[], float[]> embed = VitFunction.ofBytes(ModelFiles.of(spark, null), Set.of(Output.EMBEDDING), 4,
                    (_, answer) -> answer.error() == null ? answer.embedding() : new float[] {-1});
            return context.parallelize(images(), partitions).mapPartitions(embed).collect();
        }
    }

    @Test
    void executorsInJvmsOfTheirOwnGiveTheSameBits() throws IOException {
        List<float[]> here = embed(LocalCluster.inThisJvm("VitFunctionIT", 2), 1);
        List<float[]> there = embed(LocalCluster.ofExecutors("VitFunctionIT", 2, 1, 1024), 3);
        assertEquals(IMAGES, here.size());
        assertEquals(IMAGES, there.size());
        for (int i = 0; i < IMAGES; i++) {
            assertArrayEquals(here.get(i), there.get(i), "image " + i);
            assertEquals(i == 5, here.get(i).length == 1);
        }
    }

    @Test
    void aSessionHasTheThreadsOfATask() throws IOException {
        SparkConf conf = LocalCluster.inThisJvm("VitFunctionIT", 2).set("spark.task.cpus", "2");
        try (SparkSession spark = SparkSession.builder().config(conf).getOrCreate()) {
            ModelFiles model = ModelFiles.of(spark, null, null, "timm-deit"); // a model that no other test uses
            JavaSparkContext.fromSparkContext(spark.sparkContext()).parallelize(images(), 2)
                    .mapPartitions(VitFunction.ofBytes(model, Set.of(Output.CLASS), 4, (_, answer) -> answer.classNumber())).collect();
            assertEquals(List.of(2), ExecutorModels.idleThreads(model), "one task ran at a time, with both cores");
        }
    }

    @Test
    void wrongSettingsAreRefused() throws IOException {
        try (SparkSession spark = SparkSession.builder().config(LocalCluster.inThisJvm("VitFunctionIT", 1)).getOrCreate()) {
            ModelFiles model = ModelFiles.of(spark, null);
            assertThrows(IllegalArgumentException.class, () -> VitFunction.ofBytes(model, Set.of(), 4, (_, answer) -> answer));
            assertThrows(IllegalArgumentException.class, () -> VitFunction.ofBytes(model, Set.of(Output.CLASS), 0, (_, answer) -> answer));
            assertThrows(IllegalArgumentException.class, () -> ModelFiles.of(spark, null, "config.json", null));
            assertTrue(assertThrows(IOException.class, () -> ModelFiles.of(spark, null, null, "nothing")).getMessage().contains("nothing"));
        }
    }
}
