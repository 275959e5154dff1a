package vit.model.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import vit.model.InputException;
import vit.model.train.data.ImageFolder;

@Timeout(value = 2, unit = TimeUnit.MINUTES)
class HadoopImagesIT {

    @TempDir
    private Path folder;

    @Test
    void imagesHaveTheNumbersAndPixelsOfAFolder() throws Exception {
        ShapeFiles.write(folder.resolve("b"), 0, 3);
        ShapeFiles.write(folder.resolve("a").resolve("below"), 3, 5);
        ShapeFiles.write(folder.resolve("a"), 5, 6);
        Files.writeString(folder.resolve("a").resolve("_SUCCESS.png"), "not an image");
        Files.writeString(folder.resolve("a").resolve("notes.txt"), "not an image");
        ImageFolder here = ImageFolder.open(folder);
        Files.delete(folder.resolve("a").resolve("_SUCCESS.png"));
        here = ImageFolder.open(folder);
        try (SparkSession spark = SparkSession.builder().config(LocalCluster.inThisJvm("HadoopImagesIT", 1)).getOrCreate()) {
            Files.writeString(folder.resolve("a").resolve("_SUCCESS.png"), "not an image");
            HadoopImages images = HadoopImages.of(spark, folder.toString());
            assertEquals(here.classes(), images.classes());
            assertEquals(here.size(), images.size());
            List<byte[]> there = JavaSparkContext.fromSparkContext(spark.sparkContext()).parallelize(List.of(0, 1, 2, 3, 4, 5), 2)
                    .map(index -> images.image(index).pixels()).collect();
            for (int i = 0; i < here.size(); i++) {
                assertEquals(here.label(i), images.label(i));
                assertTrue(images.file(i).endsWith(here.file(i).toString()), images.file(i));
                assertArrayEquals(here.image(i).pixels(), there.get(i), "image " + i);
            }
            Files.createDirectories(folder.resolve("c"));
            assertTrue(assertThrows(InputException.class, () -> HadoopImages.of(spark, folder.toString())).getMessage().contains("the class is empty"));
        }
    }
}
