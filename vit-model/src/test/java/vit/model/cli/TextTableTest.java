package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

/** Columns of text are aligned, and no line ends in blanks. */
class TextTableTest {

    @Test
    void columnsAlignAndLinesDoNotEndInBlanks() {
        StringWriter text = new StringWriter();
        PrintWriter out = new PrintWriter(text);
        new TextTable("lrl").row("a", 1, "x").row("größer", 234, "").print(out, " ");
        assertEquals(" a         1  x" + System.lineSeparator() + " größer  234" + System.lineSeparator(), text.toString());
    }
}
