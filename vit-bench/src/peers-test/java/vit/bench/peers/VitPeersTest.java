package vit.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vit.model.json.Json;
import vit.model.json.JsonObject;

/** The command line: what it refuses, and what a run prints and writes. */
class VitPeersTest {

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path folder;

    private int run(String... args) {
        return VitPeers.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--embed --model clip-b32|expected one of clip-b16, dinov2-s14, siglip-b16, found clip-b32",
        "--embed --model vit_base_patch16_224|expected one of clip-b16, dinov2-s14, siglip-b16, found vit_base_patch16_224",
        "--model clip-b16|found clip-b16",
        "--embed --train|--embed, --gemm, --kernels, --train and --start exclude one another",
        "--gemm --start|--embed, --gemm, --kernels, --train and --start exclude one another",
        "--embed --threads 0|Invalid value for option '--threads'",
        "--peers nosuch|there is no peer nosuch; there are: ",
        "--gemm --peers lucene|none of these peers can do gemm: lucene; those that can: ejml, ",
        "--embed --batch 1,0|Invalid value for option '--batch'",
    })
    void wrongUsageIsRefusedBeforeAnythingIsMeasured(String args, String message) {
        assertEquals(2, run(args.split(" ")));
        assertTrue(err.toString().contains(message), err.toString());
        assertEquals("", out.toString());
    }

    /** ONNX Runtime alone, for the shortest time: the line, and the files that a longer run would leave. */
    @Test
    void embeddingsAreMeasuredAndWritten() throws IOException {
        assertEquals(0, run("--embed", "--model", "dinov2-s14", "--threads", "1", "--seconds", "0.1", "--json", "--peers", "onnxruntime",
                "--results", folder.toString()), err.toString());
        List<String> lines = out.toString().lines().toList();
        assertEquals(1, lines.size(), out.toString());
        JsonObject line = Json.parse("line", lines.getFirst().getBytes());
        assertEquals("embed", line.text("work"));
        assertEquals("dinov2-s14", line.text("model"));
        assertTrue(line.text("peer").startsWith("onnxruntime "), lines.getFirst());
        assertTrue(line.number("error") < 1e-5, lines.getFirst());
        assertTrue(line.has("ratio_all_tokens"), "DINOv2's embedding is the class token, so the last block skips the others");
        assertEquals(Row.of(line, ""), Row.of(Json.read(folder.resolve("embed.json")).array("comparisons").get(0).object(), ""));
        assertTrue(Files.readString(folder.resolve("embed.md")).contains("| embed | onnxruntime "));
        assertNotNull(ImageIO.read(folder.resolve("embed.png").toFile()));
        assertNotNull(ImageIO.read(folder.resolve("embed-ratios.png").toFile()));
    }
}
