package vit.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.kernels.tensor.Tensor;
import vit.model.VitModel;
import vit.model.json.Json;
import vit.model.json.JsonObject;

/** The example of {@code docs/contender.md}, compiled and run from a jar of its own, and what becomes of it when it is broken. */
class ContenderTest {

    private static final String SERVICES = "META-INF/services/vit.bench.peers.Contender";

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path folder;

    private int run(String... args) {
        return VitPeers.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
    }

    private int runKernels(Path jar, String... more) {
        return run(Stream.concat(Stream.of("--class-path", jar.toString(), "--kernels", "--batch", "1", "--threads", "1", "--seconds", "0.1"),
                Stream.of(more)).toArray(String[]::new));
    }

    /** The page's block of this language. */
    private static String block(String language) throws IOException {
        String page = Files.readString(Path.of("docs/contender.md"));
        String start = "```" + language + "\n";
        int from = page.indexOf(start) + start.length();
        return page.substring(from, page.indexOf("```", from));
    }

    private Path jar(String source) throws IOException, URISyntaxException {
        return jar(source, block("services"));
    }

    /** Compiles the source and packs it. */
    private Path jar(String source, String services) throws IOException, URISyntaxException {
        Path file = Files.createDirectories(folder.resolve("example")).resolve("LoopsContender.java");
        Files.writeString(file, source);
        StringBuilder path = new StringBuilder();
        for (Class<?> type : List.of(Contender.class, VitModel.class, Tensor.class)) {
            path.append(Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI())).append(File.pathSeparator);
        }
        Path classes = folder.resolve("classes");
        assertEquals(0, ToolProvider.getSystemJavaCompiler().run(null, null, null, "-proc:none", "-cp", path.toString(), "-d", classes.toString(),
                file.toString()));
        Path jar = folder.resolve("loops.jar");
        try (JarOutputStream target = new JarOutputStream(Files.newOutputStream(jar)); Stream<Path> files = Files.walk(classes)) {
            for (Path each : files.filter(Files::isRegularFile).toList()) {
                target.putNextEntry(new JarEntry(classes.relativize(each).toString().replace(File.separatorChar, '/')));
                Files.copy(each, target);
            }
            target.putNextEntry(new JarEntry(SERVICES));
            target.write(services.getBytes(StandardCharsets.UTF_8));
        }
        return jar;
    }

    private JsonObject only() throws IOException {
        List<String> lines = out.toString().lines().toList();
        assertEquals(1, lines.size(), out + "" + err);
        return Json.parse("line", lines.getFirst().getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void theExampleOfThePageJoinsFromItsJar() throws Exception {
        assertEquals(0, runKernels(jar(block("java")), "--peers", "loops", "--json"), err.toString());
        JsonObject line = only();
        assertEquals("layernorm 197x768", line.text("work"));
        assertEquals("loops 1.0", line.text("peer"));
        assertTrue(line.number("error") < 1e-5 && line.number("peer_ms") > 0 && line.number("rounds") >= 5, out.toString());
        assertEquals(2.0 * 197 * 768 * Float.BYTES, line.number("bytes"));
    }

    @Test
    void theTableFitsATerminalAndSaysWhatDiffers() throws Exception {
        Path jar = jar(block("java").replace("work.threads() > 1 ? \"one thread\" : \"\"",
                "\"" + "in one thread and with statistics in double, which is more arithmetic than ours, ".repeat(2) + "as an example\""));
        assertEquals(0, runKernels(jar, "--peers", "loops"), err.toString());
        List<String> lines = out.toString().lines().toList();
        assertEquals("vit_base_patch16_224, batch 1, 1 thread", lines.getFirst());
        assertTrue(lines.stream().anyMatch(line -> line.startsWith("layernorm 197x768    loops 1.0 ")), out.toString());
        assertTrue(lines.stream().map(String::strip).collect(Collectors.joining(" ")).contains("than ours, as an example"), out.toString());
        lines.forEach(line -> assertTrue(line.length() <= ComparisonReport.COLUMNS, line));
        assertTrue(err.toString().contains("none of the peers can do softmax, so it is not measured"), err.toString());
    }

    @Test
    void aFolderOfJarsIsAClassPathToo() throws Exception {
        assertEquals(0, run("--class-path", jar(block("java")).resolveSibling("*").toString(), "--list-peers"), err.toString());
        assertTrue(out.toString().contains(String.format("%-18s layernorm%n", "loops")), out.toString());
    }

    @Test
    void aWrongResultIsARowAndNoFigure() throws Exception {
        Path jar = jar(block("java").replace(" + work.bias()[i]", ""));
        assertEquals(1, runKernels(jar, "--peers", "loops", "--json", "--results", folder.resolve("results").toString()));
        assertTrue(only().text("not_measured").startsWith("its result differs from ours by "), out.toString());
        assertTrue(err.toString().contains("error: layernorm 197x768, loops: its result differs"), err.toString());
        String table = Files.readString(folder.resolve("results/kernels.md"));
        assertTrue(table.contains("| layernorm 197x768 | loops | | | not measured: its result differs from ours by "), table);
    }

    @Test
    void whatPreparingThrowsIsTheReasonInTheRow() throws Exception {
        Path jar = jar(block("java").replace("Work.LayerNorm norm =", "if (work != null) throw new UnsatisfiedLinkError(\"no libloops\");\nWork.LayerNorm norm ="));
        assertEquals(1, runKernels(jar, "--peers", "loops", "--json"));
        assertEquals("preparing: java.lang.UnsatisfiedLinkError: no libloops", only().text("not_measured"));
    }

    /** What a peer does not offer is said, and is no failure. */
    @Test
    void aPieceThatIsNotOfferedIsARowWithoutAFailure() throws Exception {
        Path jar = jar(block("java").replace("Work.LayerNorm norm =", "if (work != null) throw new UnsupportedOperationException(\"no widths but 64\");\nWork.LayerNorm norm ="));
        assertEquals(0, runKernels(jar, "--peers", "loops"), err.toString());
        assertTrue(out.toString().contains("layernorm 197x768    loops: not measured; no widths but 64"), out.toString());
        assertTrue(!err.toString().contains("error:"), err.toString());
    }

    @Test
    void whatRunningThrowsIsTheReasonInTheRow() throws Exception {
        Path jar = jar(block("java").replace("int columns = work.columns();",
                "if (++calls > 20) throw new IllegalStateException(\"worn out\");\nint columns = work.columns();")
                .replace("public final class LoopsContender implements Contender {", "public final class LoopsContender implements Contender {\n static int calls;"));
        assertEquals(1, runKernels(jar, "--peers", "loops", "--json"));
        assertTrue(only().text("not_measured").endsWith("java.lang.IllegalStateException: worn out"), out.toString());
    }

    /** A provider that is not there costs itself: the others are measured, and the exit code says that something was wrong. */
    @Test
    void aProviderThatCannotBeLoadedIsNamed() throws Exception {
        Path jar = jar(block("java"), "example.Missing\n" + block("services"));
        assertEquals(1, runKernels(jar, "--peers", "loops", "--json"));
        assertEquals("loops 1.0", only().text("peer"));
        assertTrue(err.toString().contains("error: a peer could not be loaded: ") && err.toString().contains("example.Missing"), err.toString());
    }

    @Test
    void anUnknownPeerIsRefusedWithTheNamesThatThereAre() throws Exception {
        assertEquals(2, runKernels(jar(block("java")), "--peers", "nosuch"));
        assertTrue(err.toString().matches("(?s)error: Invalid value for option '--peers': there is no peer nosuch; there are: [^\n]*loops.*"), err.toString());
        assertEquals("", out.toString());
    }

    @Test
    void aPeerThatCannotDoTheWorkIsRefusedWithThoseThatCan() throws Exception {
        assertEquals(2, run("--class-path", jar(block("java")).toString(), "--gemm", "--peers", "loops"));
        assertTrue(err.toString().contains("can do gemm"), err.toString());
    }

    @Test
    void aClassPathThatIsNotThereIsRefused() {
        assertEquals(2, run("--class-path", folder.resolve("none.jar").toString(), "--list-peers"));
        assertTrue(err.toString().startsWith("error: no such file in the class path of the contenders: "), err.toString());
    }

    @Test
    void mergingWhereNothingIsMergedIsRefused() {
        assertEquals(2, run("--gemm", "--merge", "3"));
        assertTrue(err.toString().contains("--merge is for the forward pass"), err.toString());
        assertEquals(2, run("--merge", "some"));
        assertTrue(err.toString().contains("--merge some: token merging: expected a count"), err.toString());
    }
}
