package vit.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.model.json.Json;
import vit.model.json.JsonObject;

class ResultsTest {

    @TempDir
    private Path folder;

    private static Comparison comparison(int threads, double millis) {
        return new Comparison("forward", "", "vit_base_patch16_224", 1, threads, "onnxruntime 1.29.0", millis, 2 * millis,
                new Quartiles(1.9, 2, 2.1), 9, 35e9, 33e9, new Comparison.Full(millis + 7, new Quartiles(1.8, 1.9, 2)), 125,
                new Quartiles(0.7, 0.8, 0.85), 1e-6);
    }

    @Test
    void quartilesInterpolate() {
        assertEquals(new Quartiles(2, 3, 4), Quartiles.of(new double[] {5, 1, 3, 2, 4}));
        assertEquals(new Quartiles(1.75, 2.5, 3.25), Quartiles.of(new double[] {4, 1, 2, 3}));
    }

    @Test
    void comparisonsComeBackFromJson() throws IOException {
        Comparison expected = comparison(2, 200);
        JsonObject json = Json.parse("test", Json.write(expected.toJson()).getBytes());
        assertEquals(expected, Comparison.of(json));
        assertEquals("forward", json.text("work"));
        assertEquals(125, json.number("fma_limit_ms"));
        assertEquals(2, json.object("ratio").number("median"));
    }

    @Test
    void aSecondRunReplacesWhatItMeasuredAndKeepsTheRest() throws IOException {
        new Results(folder, "forward", "first").write(List.of(comparison(1, 400), comparison(2, 200)));
        new Results(folder, "forward", "second").write(List.of(comparison(2, 150)));
        JsonObject document = Json.read(folder.resolve("forward.json"));
        assertEquals(List.of("first", "second"), document.array("commands").texts());
        assertEquals(2, document.array("comparisons").size());
        assertEquals(comparison(1, 400), Comparison.of(document.array("comparisons").get(0).object()));
        assertEquals(comparison(2, 150), Comparison.of(document.array("comparisons").get(1).object()));
        String table = Files.readString(folder.resolve("forward.md"));
        assertTrue(table.contains("| 0.80, 0.70 … 0.85 |"), table);
        assertTrue(table.contains("| 150.00 | 300.00 | **2.00** |") && !table.contains("| 200.00 |"), table);
        assertNotNull(ImageIO.read(folder.resolve("forward.png").toFile()));
    }
}
