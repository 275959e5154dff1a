package vit.model.json;

import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.io.CharacterEscapes;
import com.fasterxml.jackson.core.io.SerializedString;
import java.util.Locale;
import vit.model.text.PrintableText;

/** Escapes characters that would change a terminal's state or the order of its text. JSON can express them in plain letters, so nothing is lost. */
final class TerminalEscapes extends CharacterEscapes {

    private static final long serialVersionUID = 1L;

    private static final int DELETE = 0x7F;

    @Override
    public int[] getEscapeCodesForAscii() {
        int[] codes = standardAsciiEscapesForJSON();
        codes[DELETE] = ESCAPE_STANDARD;
        return codes;
    }

    /** Characters beyond ASCII; halves of a surrogate pair stay as they are, since an escaped half beside a plain one would not be valid JSON. */
    @Override
    public SerializableString getEscapeSequence(int ch) {
        return Character.isSurrogate((char) ch) || PrintableText.isHarmless(ch) ? null
                : new SerializedString(String.format(Locale.ROOT, "\\u%04X", ch));
    }
}
