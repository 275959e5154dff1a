package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When the reader of standard output leaves, the program ends silently at the next line. A full disk is an error. */
class StandardOutputTest {

    private static final int IMAGES = 40;

    @TempDir
    private Path folder;

    /** A stream that takes so many lines and then fails. */
    private static final class Reader extends OutputStream {
        private final String fault;
        private int lines;
        private final StringBuilder text = new StringBuilder();

        Reader(int lines, String fault) {
            this.lines = lines;
            this.fault = fault;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int count) throws IOException {
            if (lines <= 0) {
                throw new IOException(fault);
            }
            String part = new String(bytes, from, count, StandardCharsets.UTF_8);
            lines -= (int) part.chars().filter(c -> c == '\n').count();
            text.append(part);
        }
    }

    private Ran run(Reader reader, Object... arguments) {
        StringWriter err = new StringWriter();
        List<String> all = new ArrayList<>();
        for (Object argument : arguments) {
            all.add(argument.toString());
        }
        int code = Vit.run(StandardOutput.printer(reader), new PrintWriter(err), all.toArray(String[]::new));
        return new Ran(code, reader.text.toString(), err.toString());
    }

    private Object[] classifyMany(boolean json) throws IOException {
        List<Object> arguments = new ArrayList<>(List.of("classify", "--weights", TinyModel.weights(folder), "--top", 1));
        TinyModel.config(folder);
        if (json) {
            arguments.add("--json");
        }
        for (int i = 0; i < IMAGES; i++) {
            arguments.add(i == 0 ? TinyModel.image(folder.resolve("a.png"), 20, 20, 1) : folder.resolve("a.png"));
        }
        arguments.add(folder.resolve("not-there.png"));
        return arguments.toArray();
    }

    @Test
    void readerThatLeavesEndsTheCommandQuietlyAtTheNextLine() throws IOException {
        Ran ran = run(new Reader(1, "Broken pipe"), classifyMany(false));
        assertEquals(Vit.READER_LEFT, ran.code());
        assertEquals("", ran.err(), "nothing of the missing image at the end: it was never looked at");
        assertEquals(1, ran.lines().size());
        Ran many = run(new Reader(7, "Connection reset by peer"), classifyMany(false));
        assertEquals(Vit.READER_LEFT, many.code());
        assertTrue(many.lines().size() <= 8, many::toString);
        assertEquals(Vit.READER_LEFT, run(new Reader(0, "Broken pipe"), classifyMany(true)).code());
    }

    @Test
    void helpAndEveryOtherPrinterEndsAlike() throws IOException {
        Path weights = TinyModel.weights(folder);
        TinyModel.config(folder);
        for (Object[] arguments : new Object[][] {{"--help"}, {"help", "train"}, {"completion"}, {"inspect", weights}, {"doctor", "--threads", 1},
            {"draw", "--output", folder.resolve("d"), "--images", 1}, {"bench", "--weights", weights, "--seconds", 0.1, "--threads", 1}, {"--version"}}) {
            Ran ran = run(new Reader(0, "Broken pipe"), arguments);
            assertEquals(Vit.READER_LEFT, ran.code(), ran::toString);
            assertEquals("", ran.err(), ran::toString);
        }
    }

    @Test
    void fullDiskIsAnError() throws IOException {
        Ran ran = run(new Reader(3, "No space left on device"), classifyMany(false)).isRefused("standard output", "No space left on device");
        assertTrue(ran.lines().size() <= 4);
    }
}
