package vit.model.text;

import java.util.Arrays;

/** How the bytes of a text file stand for characters, as far as its first bytes show. Stateless; any number of threads may call. */
public final class TextEncoding {

    /** What to do with a file in UTF-16, as a clause. */
    public static final String SAVE_AS_UTF_8 = "save the file as UTF-8";

    private static final int MARK_BYTES = 3;

    private TextEncoding() {}

    /** The length of the byte order mark of UTF-8 with which some editors of Windows begin a file: 3, or 0 if there is none. */
    public static int markLength(byte[] bytes) {
        boolean marked = bytes.length >= MARK_BYTES && bytes[0] == (byte) 0xEF && bytes[1] == (byte) 0xBB && bytes[2] == (byte) 0xBF;
        return marked ? MARK_BYTES : 0;
    }

    /** The bytes behind the byte order mark of UTF-8; the array itself if there is none. */
    public static byte[] withoutMark(byte[] bytes) {
        int mark = markLength(bytes);
        return mark == 0 ? bytes : Arrays.copyOfRange(bytes, mark, bytes.length);
    }

    /** Whether the text begins with a byte order mark of UTF-16, as Windows PowerShell writes it. */
    public static boolean hasUtf16Mark(byte[] bytes) {
        int mark = bytes.length < 2 ? 0 : (bytes[0] & 0xFF) << 8 | bytes[1] & 0xFF;
        return mark == 0xFEFF || mark == 0xFFFE;
    }

    /** Whether the text is UTF-16: it has that mark, or its first two characters are printable ones of ASCII in two bytes each. */
    public static boolean isUtf16(byte[] bytes) {
        if (hasUtf16Mark(bytes)) {
            return true;
        }
        if (bytes.length < 4) {
            return false;
        }
        boolean low = bytes[1] == 0 && bytes[3] == 0 && bytes[0] >= ' ' && isText(bytes[2]);
        return low || bytes[0] == 0 && bytes[2] == 0 && bytes[1] >= ' ' && isText(bytes[3]);
    }

    private static boolean isText(byte ascii) {
        return ascii >= ' ' || ascii == '\n' || ascii == '\r' || ascii == '\t';
    }
}
