package vit.model.json;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vit.model.InputException;

/** JSON is read and written as RFC 8259 says. Malformed, oversized and hostile documents are refused with their place. */
class JsonTest {

    private static final String DOCUMENT = """
            {"patch": 16, "eps": 1e-12, "act": "gelu", "bias": true, "none": null,
             "image": [224, 224], "cfg": {"mean": [0.5, 1, 2.5], "deep": {"x": "y"}}, "big": 9223372036854775808}""";

    private static JsonObject parse(String text) throws InputException {
        return Json.parse("c.json", text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void typedGettersReadEveryKind() throws InputException {
        JsonObject o = parse(DOCUMENT);
        assertEquals(16, o.integer("patch"));
        assertEquals(1e-12, o.number("eps"));
        assertEquals("gelu", o.text("act"));
        assertTrue(o.flag("bias"));
        assertArrayEquals(new int[] {224, 224}, o.array("image").integers());
        assertArrayEquals(new double[] {0.5, 1, 2.5}, o.object("cfg").array("mean").numbers());
        assertFalse(o.has("none"));
        assertFalse(o.has("absent"));
        assertEquals(7, o.integer("none", 7));
        assertEquals(JsonKind.NULL, o.kind("none"));
        assertEquals(JsonKind.ABSENT, o.kind("absent"));
        assertEquals(0x1p63, o.number("big"));
        assertEquals(List.of("patch", "eps", "act", "bias", "none", "image", "cfg", "big"), List.copyOf(o.names()));
    }

    @Test
    void complaintsNameFileByteFieldExpectedAndFound() throws InputException {
        JsonObject o = parse(DOCUMENT);
        assertMessage("c.json, byte 21, \"eps\": the value has the wrong type or range; expected an integer of 32 bits; found 1.0E-12",
                () -> o.integer("eps"));
        assertMessage("c.json, byte 0, \"absent\": the field is missing; expected a string; found no such field", () -> o.text("absent"));
        InputException nested = assertThrows(InputException.class, () -> o.object("cfg").array("mean").get(1).text());
        assertTrue(nested.getMessage().contains("\"cfg.mean[1]\""), nested.getMessage());
        InputException big = assertThrows(InputException.class, () -> o.longInteger("big"));
        assertTrue(big.getMessage().contains("9223372036854775808"), big.getMessage());
    }

    @Test
    void aByteOrderMarkIsSkippedAndOtherEncodingsAreNamed() throws InputException {
        assertEquals(1, parse("\uFEFF{\"a\":1}").integer("a"));
        assertMessage("c.json, byte 8, \"a\": the value has the wrong type or range; expected an integer of 32 bits; found \"x\"",
                () -> parse("\uFEFF{\"a\":\"x\"}").integer("a"));
        for (Charset charset : List.of(StandardCharsets.UTF_16, StandardCharsets.UTF_16LE, StandardCharsets.UTF_16BE)) {
            for (String text : List.of("{\"a\":1}", "{\n\"a\":1}", charset.equals(StandardCharsets.UTF_16LE) ? "\uFEFF{}" : "{}")) {
                InputException e = assertThrows(InputException.class, () -> Json.parse("c.json", text.getBytes(charset)));
                assertEquals("c.json, byte 0: the JSON has another encoding; expected JSON in UTF-8; found UTF-16", e.fault());
                assertEquals("save the file as UTF-8", e.remedy().orElseThrow());
            }
        }
        assertThrows(InputException.class, () -> Json.forEachField("header", "\uFEFF{}".getBytes(StandardCharsets.UTF_8), 8, (name, value) -> {}), "a header is no document");
    }

    private static void assertMessage(String expected, org.junit.jupiter.api.function.Executable call) {
        assertEquals(expected, assertThrows(InputException.class, call).getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "{", "{\"a\":1", "{\"a\":1}}", "{\"a\":1} x", "{\"a\":1,}", "[1]", "{\"a\":NaN}", "{\"a\":01}", "{'a':1}",
            "{\"a\":1,\"a\":2}", "{\"a\":{\"b\":1,\"b\":2}}", "{\"a\":+1}", "{\"a\":\"\u0001\"}", "// c\n{}", "{\"a\":1e}", "{\"a\":tru}", "{\"a\" 1}",
            "\uFEFF\uFEFF{}", "\uFEFF", " \uFEFF{}", "nul", "\"text", "{\"a\":\"\\x\"}"})
    void malformedDocumentsAreRejectedWithTheirPlace(String text) {
        InputException e = assertThrows(InputException.class, () -> parse(text));
        assertTrue(e.getMessage().startsWith("c.json, byte "), e.getMessage());
        assertTrue(e.getMessage().contains("; expected "), e.getMessage());
        assertTrue(e.getMessage().contains("; found "), e.getMessage());
    }

    @Test
    void boundsHoldForNestingNumbersStringsNamesAndValues() {
        List<String> bombs = List.of("[".repeat(100_000), "{\"a\":" + "9".repeat(1000) + "}", "{\"a\":\"" + "x".repeat((1 << 20) + 1) + "\"}",
                "{\"" + "n".repeat(5000) + "\":1}", "{\"a\":[" + "0,".repeat(1 << 18) + "0]}");
        for (String bomb : bombs) {
            InputException e = assertThrows(InputException.class, () -> parse(bomb));
            assertTrue(e.getMessage().length() < 1200, "the message is as long as the bomb");
        }
    }

    @Test
    void deepNamesDoNotAddUp() throws InputException {
        String open = "{\"" + "n".repeat(4000) + "\":";
        String text = open.repeat(28) + "[" + "{},".repeat(200_000) + "{}]" + "}".repeat(28);
        JsonObject o = parse(text); // storing a path for each element would take 22 GB
        assertEquals(1, o.names().size());
    }

    @Test
    void invalidUtf8IsRejected() {
        assertThrows(InputException.class, () -> Json.parse("c.json", new byte[] {'{', '"', (byte) 0xC3, '"', ':', '1', '}'}));
        byte[] utf16 = "{\"a\":1}".getBytes(StandardCharsets.UTF_16LE);
        assertThrows(InputException.class, () -> Json.parse("c.json", utf16));
    }

    private static final String SPECIAL = "C0AF E08080 EDA080 EDBFBF F0808080 F4908080 F8888080 C2 E282 F09F98 80 FE FF C080 C1BF EDA081EDB080";

    @Test
    void bytesThatAreNotUtf8AreRefusedAtTheirPlaceInNamesAndInTexts() {
        for (String hex : SPECIAL.split(" ")) {
            byte[] special = HexFormat.of().parseHex(hex);
            for (String around : List.of("{\"a%b\":1}", "{\"a\":\"%\"}", "{\"a\":[1,\"x%\"]}")) {
                int at = around.indexOf('%');
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                bytes.writeBytes(around.substring(0, at).getBytes(StandardCharsets.UTF_8));
                bytes.writeBytes(special);
                bytes.writeBytes(around.substring(at + 1).getBytes(StandardCharsets.UTF_8));
                InputException e = assertThrows(InputException.class, () -> Json.parse("c.json", bytes.toByteArray()), hex + " in " + around);
                assertTrue(e.getMessage().startsWith("c.json, byte " + at + ": the JSON is malformed"), e.getMessage());
            }
        }
    }

    @Property(tries = 2000)
    void utf8IsJudgedAsTheJdkJudgesIt(@ForAll long seed) {
        Random random = new Random(seed);
        byte[] bytes = new byte[random.nextInt(9)];
        for (int i = 0; i < bytes.length; i++) {
            int[] leads = {0x41, 0x80, 0xBF, 0xC0, 0xC2, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0x90, 0x9F, 0xA0, random.nextInt(256)};
            bytes[i] = (byte) leads[random.nextInt(leads.length)];
        }
        int expected = -1;
        CharBuffer out = CharBuffer.allocate(16);
        ByteBuffer in = ByteBuffer.wrap(bytes);
        if (StandardCharsets.UTF_8.newDecoder().decode(in, out, true).isError()) {
            expected = in.position();
        }
        assertEquals(expected, Utf8.firstInvalid(bytes), HexFormat.of().formatHex(bytes));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"\\uD800\":1}", "{\"a\":\"\\uDC00x\"}", "{\"a\":\"\\uD83D\\uD83D\\uDE00\"}", "{\"a\":[\"\\uDFFF\"]}", "{\"a\":-0}", "{\"a\":[1,-0]}",
            "{\"a\":{\"b\":[[-0]]}}"})
    void halfSurrogatePairsAndNegativeZeroIntegersAreRefused(String text) {
        InputException e = assertThrows(InputException.class, () -> parse(text));
        assertTrue(e.getMessage().contains("the JSON is malformed"), e.getMessage());
    }

    @Test
    void wholePairsAndNegativeZeroFractionsAreRead() throws InputException {
        assertEquals("\uD83D\uDE00", parse("{\"a\":\"\\uD83D\\uDE00\"}").text("a"));
        assertEquals(-0.0, parse("{\"a\":-0.0}").number("a"));
        assertEquals(-10, parse("{\"a\":-10}").integer("a"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"root:x:0:0:root:/root:/bin/bash\n", "secret", "\"secret\"", "{secret", "{\"a\":secret}", "[secret]", "{} secret", "{\"a\":1} \"secret\"",
            "{\"a\":\"\\secret\"}", "\0secret", "-secret", "nullsecret", "{\"a\":1secret}"})
    void contentOfAnotherFileIsNeverQuoted(String text) {
        for (Throwable e = assertThrows(InputException.class, () -> parse(text)); e != null; e = e.getCause()) {
            assertFalse(e.toString().contains("secret") || e.toString().contains("root"), e.toString());
        }
        InputException e = assertThrows(InputException.class, () -> Json.forEachField("c.json", text.getBytes(StandardCharsets.UTF_8), 0, (_, _) -> { }));
        assertFalse(e.toString().contains("secret") || e.toString().contains("root:"), e.toString());
    }

    @Test
    void filesAreBoundedAndMissingOnesNamed(@TempDir Path folder) throws IOException {
        Path big = folder.resolve("big.json");
        Files.write(big, new byte[Json.MAX_FILE_BYTES + 1]);
        assertTrue(assertThrows(InputException.class, () -> Json.read(big)).getMessage().contains("too large"));
        Path missing = folder.resolve("none.json");
        assertTrue(assertThrows(InputException.class, () -> Json.read(missing)).getMessage().contains("no such file"));
        assertThrows(InputException.class, () -> Json.read(folder));
        Path good = Files.writeString(folder.resolve("good.json"), DOCUMENT);
        assertEquals(16, Json.read(good).integer("patch"));
    }

    @Test
    void fieldsAreVisitedInOrderWithOffsetsOfTheFile() throws InputException {
        List<String> seen = new ArrayList<>();
        Json.forEachField("w", "{\"a\":1,\"b\":{\"c\":[2]}}".getBytes(StandardCharsets.UTF_8), 8, (name, value) -> seen.add(name + value.kind()));
        assertEquals(List.of("aNUMBER", "bOBJECT"), seen);
        InputException e = assertThrows(InputException.class, () -> Json.forEachField("w", "{\"a\":1}".getBytes(StandardCharsets.UTF_8), 8,
                (_, value) -> value.text()));
        assertTrue(e.getMessage().startsWith("w, byte 13, \"a\""), e.getMessage());
        assertThrows(InputException.class, () -> Json.forEachField("w", "{\"a\":1,\"a\":1}".getBytes(StandardCharsets.UTF_8), 8, (_, _) -> { }));
        assertThrows(InputException.class, () -> Json.forEachField("w", "[]".getBytes(StandardCharsets.UTF_8), 8, (_, _) -> { }));
    }

    @Property
    void writtenDocumentsReadBack(@ForAll Map<String, Double> numbers, @ForAll String text, @ForAll long whole) throws InputException {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("numbers", numbers);
        document.put("text", text);
        document.put("whole", whole);
        document.put("floats", new float[] {1.5f, Float.NaN});
        document.put("list", List.of(true, 1, "x"));
        String line = Json.write(document);
        assertEquals(-1, line.indexOf('\n'));
        String clean = new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
        JsonObject o;
        try {
            o = parse(line);
        } catch (InputException e) {
            if (clean.equals(text) && numbers.keySet().stream().allMatch(k -> k.equals(new String(k.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8)))) {
                throw e;
            }
            return; // lone surrogates have no form in UTF-8; with '?' in their place, two names may become equal
        }
        assertEquals(whole, o.longInteger("whole"));
        assertEquals(clean, o.text("text"));
        assertEquals(JsonKind.NULL, o.array("floats").get(1).kind());
        for (Map.Entry<String, Double> entry : numbers.entrySet()) {
            if (Double.isFinite(entry.getValue())) {
                String name = new String(entry.getKey().getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
                assertEquals(entry.getValue(), o.object("numbers").number(name));
            }
        }
    }

    @Property
    void changedBytesGiveAnObjectOrAnInputException(@ForAll long seed) {
        Random random = new Random(seed);
        byte[] bytes = DOCUMENT.getBytes(StandardCharsets.UTF_8);
        for (int i = random.nextInt(4); i >= 0; i--) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
        }
        byte[] cut = java.util.Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
        try {
            Json.parse("c.json", random.nextBoolean() ? bytes : cut).integer("patch");
        } catch (InputException e) {
            assertTrue(e.getMessage().startsWith("c.json"));
        }
    }
}
