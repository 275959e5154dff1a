package vit.bench.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.model.json.Json;
import vit.model.json.JsonObject;

/** Results as JSON, as tables and pictures, and as promises that are kept or not. */
class LoadResultsTest {

    private static final double NONE = Double.NaN;
    private static final double CAPACITY = 150;

    @TempDir
    private Path folder;

    private static LoadResult row(Arrivals arrivals, double load, int batchLimit, double mean, double refusalMillis) {
        return row("vit 1", arrivals, load, batchLimit, List.of(mean, mean + 3, mean - 3), refusalMillis);
    }

    private static LoadResult row(String target, Arrivals arrivals, double load, int batchLimit, List<Double> means, double refusalMillis) {
        double mean = means.getFirst();
        LoadSetting setting = new LoadSetting(target, "tiny", "array", 2, 1, batchLimit, 256, 1000, arrivals, 1, 1, 10);
        long sent = Math.round(load * CAPACITY * 10);
        long inTime = Math.min(sent, 1480);
        Percentiles latency = new Percentiles(mean, mean, mean + 5, mean + 10, mean + 12, mean + 15);
        boolean over = load >= 1;
        return new LoadResult(setting, CAPACITY, load * CAPACITY,
                new LoadResult.Counts(sent, inTime, 0, sent > inTime ? Map.of("DEADLINE", sent - inTime) : Map.of(), Map.of(), Map.of(), 0), latency, means,
                sent > inTime ? new Percentiles(0.01, 0.01, 0.02, refusalMillis, 0.05, 0.1) : Percentiles.of(new double[0]),
                new Percentiles(0.06, 0.06, 0.07, 0.1, 0.2, 0.3), new LoadResult.Service(13, 1.25, load < 0.2 ? 0.25 : 50, 0),
                arrivals == Arrivals.POISSON && !over ? new LoadResult.Simulated(13, latency, 20) : null,
                new LoadResult.Memory(200, 210, 4500), "2026-11-30");
    }

    private static SuiteResult suite(String model, double meanWithBatches, double refusalMillis) {
        List<LoadResult> rows = new ArrayList<>();
        rows.add(row(Arrivals.CONSTANT, 0.1, 4, 14, NONE));
        for (double load : new double[] {0.1, 0.5, 0.7, 0.9, 1.0, 1.5}) {
            rows.add(row(Arrivals.POISSON, load, 4, meanWithBatches, refusalMillis));
            rows.add(row(Arrivals.POISSON, load, 1, 20, refusalMillis));
        }
        rows.add(row(Arrivals.POISSON, 2, 4, 800, refusalMillis));
        rows.add(row(Arrivals.POISSON, 10, 4, 900, refusalMillis));
        return new SuiteResult(model, "vit-load --suite", "2026-11-30", rows, 149, Map.of(1, 150.0, 4, 149.5),
                List.of(peer("onnxruntime 1 (standard operators)", 30), peer("vit 1", 20), peer("vit 1", 22), peer("onnxruntime 1 (operators of its own)", 33)));
    }

    private static LoadResult peer(String target, double mean) {
        return row(target, Arrivals.POISSON, 0.7, target.startsWith("vit") ? 4 : 1, List.of(mean), NONE);
    }

    private static List<Promise.Verdict> verdicts(SuiteResult suite) {
        return Promises.judge(suite).stream().map(Promise::verdict).toList();
    }

    @Test
    void resultsComeBackFromTheirJson() throws IOException {
        for (LoadResult row : suite("tiny", 20, 0.04).rows()) {
            String json = Json.write(row.toJson());
            assertEquals(row, LoadResult.of(Json.parse("row", json.getBytes(StandardCharsets.UTF_8))), json);
        }
        SuiteResult suite = suite("tiny", 20, 0.04);
        assertEquals(suite, SuiteResult.of(Json.parse("suite", Json.write(suite.toJson()).getBytes(StandardCharsets.UTF_8))));
    }

    @Test
    void promisesAreJudgedByTheirGoals() {
        Promise.Verdict met = Promise.Verdict.MET;
        Promise.Verdict missed = Promise.Verdict.MISSED;
        assertEquals(List.of(met, met, met, met, met, met, met, Promise.Verdict.REPORTED), verdicts(suite("tiny", 20, 0.04)));
        assertEquals(List.of(met, missed, met, met, met, met, missed, Promise.Verdict.REPORTED), verdicts(suite("tiny", 20.5, 0.06)));
        Promise worst = Promises.judge(suite("tiny", 20.5, 0.06)).get(1);
        assertTrue(worst.sentence().startsWith("Batches never cost latency: the mean") && worst.sentence().contains("1.025 at 0.7")
                && worst.sentence().contains("goodput with them over that without is 1.000 at 1.0, 1.000 at 1.5")
                && worst.sentence().endsWith("(goal: at most 1.02 and at least 0.98 at every load): not met."), worst.sentence());
    }

    /** One of three pairs that met a slow phase says nothing; and beyond 0.9 the means are of different requests. */
    @Test
    void batchesAreJudgedByTheMedianOfPairsAndByGoodput() {
        assertEquals(Promise.Verdict.MET, batching(List.of(20.0, 90.0, 20.0), 0.5));
        assertEquals(Promise.Verdict.MISSED, batching(List.of(20.0, 90.0, 90.0), 0.5));
        assertEquals(Promise.Verdict.MET, batching(List.of(90.0), 1.0));
        assertEquals(Promise.Verdict.MISSED, batching(List.of(20.0, 20.0, NONE), 0.5));
    }

    private static Promise.Verdict batching(List<Double> meansWithBatches, double load) {
        List<LoadResult> rows = new ArrayList<>();
        for (double each : new double[] {0.5, 1.0}) {
            rows.add(row("vit 1", Arrivals.POISSON, each, 4, each == load ? meansWithBatches : List.of(20.0, 20.0, 20.0), NONE));
            rows.add(row("vit 1", Arrivals.POISSON, each, 1, List.of(20.0, 20.0, 20.0), NONE));
        }
        return Promises.judge(new SuiteResult("tiny", "", "", rows, NONE, Map.of(), List.of())).get(1).verdict();
    }

    @Test
    void lessGoodputWithBatchesIsNotMet() {
        List<LoadResult> rows = new ArrayList<>(suite("tiny", 20, 0.04).rows());
        rows.replaceAll(r -> r.setting().batchLimit() > 1 && r.load() == 1.5 ? withInTime(r, 1440) : r);
        assertEquals(Promise.Verdict.MISSED, Promises.judge(new SuiteResult("tiny", "", "", rows, NONE, Map.of(), List.of())).get(1).verdict());
    }

    private static LoadResult withInTime(LoadResult r, long inTime) {
        LoadResult.Counts c = r.counts();
        return new LoadResult(r.setting(), r.capacity(), r.rate(), new LoadResult.Counts(c.sent(), inTime, c.late(), c.refused(), c.expired(), c.failed(), 0),
                r.latency(), r.partMeans(), r.refusal(), r.lateness(), r.service(), r.simulated(), r.memory(), r.date());
    }

    /** The rounds are theirs, ours, ours, theirs; whatever graph the peer has chosen, its rows are its own. */
    @Test
    void theirsAndOursAreToldApart() {
        String sentence = Promises.judge(suite("tiny", 20, 0.04)).getLast().sentence();
        assertTrue(sentence.contains("70 % of the capacity of onnxruntime 1 (standard operators) and onnxruntime 1 (operators of its own)"), sentence);
        assertTrue(sentence.contains("theirs over ours is 1.50 for p50"), sentence);
        assertTrue(sentence.contains("Theirs: goodput 105.00/s, 0 of 2100 late, 0 refused. Ours: goodput 105.00/s"), sentence);
        assertTrue(sentence.contains("bytes allocated on the Java heap"), sentence);
    }

    @Test
    void withoutAP999TheTailIsNotJudged() {
        List<LoadResult> rows = new ArrayList<>(suite("tiny", 20, 0.04).rows());
        rows.replaceAll(r -> new LoadResult(r.setting(), r.capacity(), r.rate(), r.counts(), Percentiles.of(new double[] {1, 2, 3}), r.partMeans(), r.refusal(),
                r.lateness(), r.service(), r.simulated(), r.memory(), r.date()));
        Promise tail = Promises.judge(new SuiteResult("tiny", "", "", rows, NONE, Map.of(), List.of())).get(4);
        assertEquals(Promise.Verdict.UNKNOWN, tail.verdict(), tail::sentence);
        assertTrue(!LoadReport.of(rows.getFirst()).contains("NaN"), LoadReport.of(rows.getFirst()));
    }

    @Test
    void rowsThatAreMissingAreSaid() {
        SuiteResult empty = new SuiteResult("tiny", "", "", List.of(), NONE, Map.of(), List.of());
        assertTrue(verdicts(empty).stream().allMatch(verdict -> verdict == Promise.Verdict.UNKNOWN), () -> empty.text());
    }

    @Test
    void tablesAndPicturesKeepOtherModels() throws IOException {
        assertEquals(Optional.empty(), LoadResults.write(folder, suite("tiny", 20, 0.04)));
        assertEquals(Optional.empty(), LoadResults.write(folder, suite("base", 20, 0.04)));
        assertEquals(Optional.empty(), LoadResults.write(folder, suite("tiny", 20.5, 0.04)));
        JsonObject document = Json.read(folder.resolve("load.json"));
        assertEquals(2, document.array("suites").size());
        String table = Files.readString(folder.resolve("load.md"));
        assertTrue(table.contains("## base, 2 × 1 thread") && table.contains("1.025 at 0.7") && table.contains("- jdk: "), table);
        assertTrue(table.contains("| 10.0 | poisson | 4 | 15000 | 148.00 (0.987) | 0 | 13520 |"), table);
        assertNotNull(ImageIO.read(folder.resolve("load.png").toFile()));
    }

    @Test
    void resultsOfAnotherMachineAreDroppedWithAWord() throws IOException {
        LoadResults.write(folder, suite("base", 20, 0.04));
        Path file = folder.resolve("load.json");
        Files.writeString(file, Files.readString(file).replaceFirst("\"jdk\":\"[^\"]*\"", "\"jdk\":\"other\""));
        Optional<String> dropped = LoadResults.write(folder, suite("tiny", 20, 0.04));
        assertTrue(dropped.orElseThrow().contains("1 suites dropped, because their jdk was \"other\""), dropped::toString);
        assertEquals(1, Json.read(file).array("suites").size());
        Files.writeString(file, Files.readString(file).replaceFirst("\"processors\":[0-9]+", "\"processors\":1000"));
        dropped = LoadResults.write(folder, suite("base", 20, 0.04));
        assertTrue(dropped.orElseThrow().contains("their processors was \"1000\""), dropped::toString);
        Files.writeString(file, Files.readString(file).replaceFirst("\"vector_bits\":[0-9]+", "\"vector_bits\":64"));
        dropped = LoadResults.write(folder, suite("tiny", 20, 0.04));
        assertTrue(dropped.orElseThrow().contains("their vector bits was \"64\""), dropped::toString);
    }

    @Test
    void theReportNamesWhatPeopleLookFor() {
        String report = LoadReport.of(row(Arrivals.POISSON, 2, 4, 800, 0.04));
        for (String words : List.of("2 × 1 thread", "poisson arrivals (seed 1)", "= 2.00 of the capacity 150.00/s", "goodput 148.00/s = 0.987",
                "DEADLINE 1520", "latency", "refusal", "lateness", "resident 200 MB before")) {
            assertTrue(report.contains(words), () -> words + "\n" + report);
        }
    }
}
