package vit.bench.peers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.model.json.Json;
import vit.model.json.JsonObject;

/** Results of comparisons come back from their files, and tables and pictures are made from them without measuring. */
class ResultsTest {

    private static final String DAY = "2026-11-29";

    @TempDir
    private Path folder;

    private static Comparison comparison(int threads, double millis) {
        return new Comparison(new Piece("forward", "", "vit_base_patch16_224", 1, threads), "onnxruntime", "onnxruntime 1.29.0", "", millis, 2 * millis,
                new Quartiles(1.9, 2, 2.1), 9, 35e9, 33e9, new Comparison.Full(millis + 7, new Quartiles(1.8, 1.9, 2)),
                new Comparison.Limit(125, new Quartiles(0.7, 0.8, 0.85)), 1e-6, null, DAY);
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
        assertEquals(expected, Row.of(json, "2000-01-01"));
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
        assertEquals(comparison(1, 400), Row.of(document.array("comparisons").get(0).object(), DAY));
        assertEquals(comparison(2, 150), Row.of(document.array("comparisons").get(1).object(), DAY));
        String table = Files.readString(folder.resolve("forward.md"));
        assertTrue(table.contains("- forward: limit 117.86 ms; ours reaches 0.79 of it (0.80, 0.70 … 0.85)"), table);
        assertTrue(table.contains("| forward | onnxruntime 1.29.0 | 150.00 | 300.00 | **2.00**, 1.90 … 2.10 | 2026-11-29 |") && !table.contains("| 200.00 |"), table);
        assertTrue(table.contains("| forward, all tokens | onnxruntime 1.29.0 | 157.00 | 300.00 | **1.90**,"), table);
        assertNotNull(ImageIO.read(folder.resolve("forward.png").toFile()));
        assertNotNull(ImageIO.read(folder.resolve("forward-ratios.png").toFile()));
    }

    @Test
    void resultsOfAnotherDayStayWithTheirDate() throws IOException {
        Comparison old = comparison(1, 400);
        Comparison later = withDate(comparison(2, 200), "2026-12-01");
        new Results(folder, "forward", "first").write(List.of(old));
        Path file = folder.resolve("forward.json");
        Files.writeString(file, Files.readString(file).replaceFirst("\"date\":\"[^\"]*\"", "\"date\":\"2026-01-31\"")); // not today
        assertEquals(Optional.empty(), new Results(folder, "forward", "second").write(List.of(later)));
        String table = Files.readString(folder.resolve("forward.md"));
        List<String> rows = table.lines().filter(line -> line.startsWith("| forward |")).toList();
        assertTrue(rows.get(0).endsWith("| 2026-11-29 |") && rows.get(1).endsWith("| 2026-12-01 |"), table);
        assertTrue(table.contains("- date: 2026-11-29 to 2026-12-01\n"), table);
        JsonObject document = Json.read(file);
        assertEquals(old, Row.of(document.array("comparisons").get(0).object(), "none"));
        assertEquals(later, Row.of(document.array("comparisons").get(1).object(), "none"));
    }

    /** Files before 30 November 2026 have one date for all rows. */
    @Test
    void rowsWithoutADateAreOfTheFilesDate() throws IOException {
        new Results(folder, "forward", "first").write(List.of(comparison(1, 400)));
        Path file = folder.resolve("forward.json");
        String json = Files.readString(file);
        assertTrue(json.contains(",\"date\":\"" + DAY + "\"}"), json);
        String old = json.replace(",\"date\":\"" + DAY + "\"}", "}").replaceFirst("\"date\":\"[^\"]*\"", "\"date\":\"2026-11-01\"");
        Files.writeString(file, old);
        assertEquals(List.of("forward"), Results.redraw(folder));
        assertTrue(Files.readString(folder.resolve("forward.md")).contains("- date: 2026-11-01\n"));
    }

    @Test
    void resultsOfAnotherMachineAreDroppedWithAWord() throws IOException {
        new Results(folder, "forward", "first").write(List.of(comparison(1, 400), comparison(3, 300)));
        Path file = folder.resolve("forward.json");
        Files.writeString(file, Files.readString(file).replaceFirst("\"cpu\":\"[^\"]*\"", "\"cpu\":\"a VAX\""));
        String dropped = new Results(folder, "forward", "second").write(List.of(comparison(2, 200))).orElseThrow();
        assertTrue(dropped.startsWith(file + ": 2 rows dropped, because their cpu was \"a VAX\" and is now \""), dropped);
        JsonObject document = Json.read(file);
        assertEquals(List.of("second"), document.array("commands").texts());
        assertEquals(1, document.array("comparisons").size());
    }

    private static Comparison withDate(Comparison c, String date) {
        return new Comparison(c.piece(), c.contender(), c.peer(), c.differences(), c.oursMillis(), c.peerMillis(), c.ratio(), c.rounds(), c.amount(),
                c.oursAmount(), c.full(), c.limit(), c.error(), c.accuracy(), date);
    }

    /** A failure keeps the figures of another day and stands until the peer is measured. */
    @Test
    void whatCouldNotBeMeasuredIsARowUntilItIsMeasured() throws IOException {
        Comparison old = comparison(2, 200);
        NotMeasured missing = new NotMeasured(old.piece(), old.contender(), "no libonnxruntime | here", true, "2026-12-01");
        new Results(folder, "forward", "first").write(List.of(old));
        new Results(folder, "forward", "second").write(List.of(missing));
        String table = Files.readString(folder.resolve("forward.md"));
        assertTrue(table.contains("| forward | onnxruntime | | | not measured: no libonnxruntime \\| here | 2026-12-01 |"), table);
        assertTrue(table.contains("| 200.00 | 400.00 |"), table);
        JsonObject document = Json.read(folder.resolve("forward.json"));
        assertEquals(missing, Row.of(document.array("comparisons").get(1).object(), DAY));
        new Results(folder, "forward", "third").write(List.of(withDate(old, "2026-12-02")));
        assertFalse(Files.readString(folder.resolve("forward.md")).contains("not measured"));
    }

    @Test
    void aTableOfFailuresAloneHasNoPictures() throws IOException {
        new Results(folder, "gemm", "first").write(List.of(new NotMeasured(new Piece("gemm 1x2x3", "", "vit_base_patch16_224", 1, 2), "mkl", "no", false, DAY)));
        assertFalse(Files.readString(folder.resolve("gemm.md")).contains(".png"));
        assertFalse(Files.exists(folder.resolve("gemm.png")));
    }

    /** Peers with other numbers have their error beside the time, and work that memory limits has no share of the FMA limit. */
    @Test
    void otherNumbersAndDifferencesAreSaid() throws IOException {
        Piece piece = new Piece("forward", "", "vit_base_patch16_224", 1, 2);
        Comparison rounded = new Comparison(piece, "int8", "int8 1.0", "8-bit weights", 3, 2, new Quartiles(0.6, 0.7, 0.8), 9, 35e9, 33e9, null, null, 0.02,
                new Accuracy(32, 0.0312, 30, 5), DAY);
        assertEquals(rounded, Row.of(Json.parse("test", Json.write(rounded.toJson()).getBytes()), ""));
        new Results(folder, "forward", "first").write(List.of(rounded));
        String table = Files.readString(folder.resolve("forward.md"));
        assertTrue(table.contains("- int8 1.0: 8-bit weights; largest error 0.0312 of the largest logit, top-1 agrees on 30 of 32 images (5 classes)"), table);
        Comparison norm = new Comparison(new Piece("layernorm 197x768", "", "vit_base_patch16_224", 1, 1), "a", "a 1", "", 3, 2, new Quartiles(0.6, 0.7, 0.8),
                9, 1e6, 1e6, null, null, 0, null, DAY);
        assertTrue(norm.toJson().containsKey("bytes") && !norm.toJson().containsKey("fma_limit_ms"));
        assertEquals(norm, Row.of(Json.parse("test", Json.write(norm.toJson()).getBytes()), ""));
        new Results(folder, "kernels", "first").write(List.of(norm));
        assertNotNull(ImageIO.read(folder.resolve("kernels.png").toFile()));
    }

    @Test
    void accuracyCountsImagesWhoseLargestLogitIsTheSame() {
        assertEquals(new Accuracy(3, 0.5, 2, 2), Accuracy.of(new float[] {4, 1, 0, 2, 3, 1}, new float[] {3, 1, 1, 1.5f, 1, 1.5f}, 3));
    }

    @Test
    void tablesAndPicturesAreMadeAgainFromWhatIsStored() throws IOException {
        new Results(folder, "forward", "first").write(List.of(comparison(1, 400), comparison(2, 200)));
        List<String> files = List.of("forward.md", "forward.png", "forward-ratios.png");
        Map<String, byte[]> before = new HashMap<>();
        byte[] json = Files.readAllBytes(folder.resolve("forward.json"));
        for (String file : files) {
            before.put(file, Files.readAllBytes(folder.resolve(file)));
            Files.delete(folder.resolve(file));
        }
        assertEquals(List.of("forward"), Results.redraw(folder));
        for (String file : files) {
            assertArrayEquals(before.get(file), Files.readAllBytes(folder.resolve(file)), file);
        }
        assertArrayEquals(json, Files.readAllBytes(folder.resolve("forward.json")));
    }

    /** SigLIP pools every token, so it has no row for all tokens. */
    @Test
    void embeddingsWithAndWithoutSkippedTokensStandInOneTable() throws IOException {
        List<Comparison> found = new ArrayList<>();
        for (String model : EmbeddingModel.ids()) {
            Comparison c = comparison(2, 200);
            boolean all = model.startsWith("siglip");
            found.add(new Comparison(new Piece("embed", "", model, 1, 2), c.contender(), c.peer(), "", c.oursMillis(), c.peerMillis(), c.ratio(), c.rounds(),
                    c.amount(), all ? c.amount() : c.oursAmount(), all ? null : c.full(), c.limit(), c.error(), null, DAY));
        }
        new Results(folder, "embed", "first").write(List.copyOf(found));
        String table = Files.readString(folder.resolve("embed.md"));
        List<String> rows = table.lines().filter(line -> line.startsWith("| embed")).toList();
        assertEquals(5, rows.size(), table);
        rows.forEach(row -> assertEquals(7, row.chars().filter(c -> c == '|').count(), row));
        assertEquals("SigLIP B/16, batch 1, 2 threads", found.getLast().piece().group());
        assertEquals(List.of("embed"), Results.redraw(folder));
        assertEquals(table, Files.readString(folder.resolve("embed.md")));
    }

    /** A mark that belongs to a group touches the rows of that group alone; a line through categories would cross the gaps. */
    @Test
    void limitIsAMarkOnItsOwnBars() throws IOException {
        BufferedImage picture = ImageIO.read(new ByteArrayInputStream(SpeedPicture.png(
                List.of(comparison(1, 400), comparison(2, 200), comparison(3, 300)), "title", "machine")));
        int marks = 0;
        for (int x = 0; x < picture.getWidth(); x++) {
            int longest = 0;
            int length = 0;
            for (int y = 0; y < picture.getHeight(); y++) {
                length = (picture.getRGB(x, y) & 0xFFFFFF) == 0x9B0000 ? length + 1 : 0;
                longest = Math.max(longest, length);
            }
            assertTrue(longest < 60, "no longer than two bars");
            marks += longest > 40 ? 1 : 0;
        }
        assertTrue(marks >= 2, "the limit is the same for all: one column of marks");
    }

    @Test
    void picturesAreNotCutAtTheirEdges() throws IOException {
        List<Comparison> many = new ArrayList<>();
        for (int threads = 1; threads < 9; threads++) {
            Comparison c = comparison(threads, 400);
            many.add(c);
            many.add(new Comparison(new Piece("train", "forward+backward+AdamW and a long name", c.piece().model(), 8, threads), "long",
                    "a peer whose name is long, version 12.3.4", "", 3, 2, c.ratio(), 9, 35e9, 33e9, null, c.limit(), 0, null, DAY));
        }
        for (byte[] png : List.of(SpeedPicture.png(many, "title", "a machine ".repeat(40)), RatioPicture.png(many, "title", "a machine ".repeat(40)))) {
            BufferedImage picture = ImageIO.read(new ByteArrayInputStream(png));
            for (int y = 0; y < picture.getHeight(); y++) {
                assertEquals(-1, picture.getRGB(0, y));
                assertEquals(-1, picture.getRGB(picture.getWidth() - 1, y));
            }
        }
    }
}
