package vit.model.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vit.model.InputException;
import vit.model.json.Json;

/** Text from untrusted files is printed without control over the terminal, and its width is counted in columns. */
class PrintableTextTest {

    @ParameterizedTest
    @ValueSource(ints = {0, 7, 8, '\t', '\n', '\r', 0x1B, 0x7F, 0x85, 0x9B, 0x9D, 0x200E, 0x200F, 0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2028, 0x2029,
        0x2066, 0x2067, 0x2068, 0x2069, 0x061C, 0xFEFF, 0xD800, 0xE0001})
    void whatSteersATerminalOrItsOrderOfTextBecomesAQuestionMark(int codePoint) throws Exception {
        String text = "a" + Character.toString(codePoint) + "b";
        assertEquals("a?b", PrintableText.line(text));
        assertEquals("f: a?b", InputException.in("f").because(text).getMessage());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 7, '\t', '\n', 0x1B, 0x7F, 0x85, 0x9B, 0x202E, 0x2028, 0x2066, 0x061C, 0xFEFF})
    void jsonEscapesItAndLosesNothing(int codePoint) throws Exception {
        String text = "a" + Character.toString(codePoint) + "b";
        String json = Json.write(text);
        assertTrue(json.codePoints().allMatch(PrintableText::isHarmless), json);
        assertEquals(text, Json.parseValue("json", json.getBytes(StandardCharsets.UTF_8)).text());
    }

    @ParameterizedTest
    @ValueSource(strings = {"müde", "Äpfel", "日本", "तमिल", "👩\u200d🔬", "עברית", "ไทย", "é", "İı", "a b"})
    void wordsOfAnyScriptStay(String text) throws Exception {
        assertEquals(text, PrintableText.line(text));
        assertEquals("\"" + text + "\"", Json.write(text));
    }

    @Test
    void wideCharactersTakeTwoColumnsAndMarksNone() {
        assertEquals(4, PrintableText.columns("日本"));
        assertEquals(1, PrintableText.columns("e\u0301"));
        assertEquals("abc", PrintableText.cut("abc", 3));
        assertEquals("ab…", PrintableText.cut("abcd", 3));
        assertEquals("日…", PrintableText.cut("日本語", 4));
        assertEquals("", PrintableText.cut("abc", 0));
    }

    @Property(tries = 500)
    void whatIsCutNeverTakesMoreThanItMay(@ForAll String text, @ForAll @IntRange(min = 1, max = 30) int columns) {
        String clean = PrintableText.line(text);
        assertTrue(PrintableText.columns(PrintableText.cut(clean, columns)) <= columns);
        assertFalse(clean.contains("\n"));
    }
}
