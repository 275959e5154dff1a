package vit.model.image.format;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * The text chunks of a PNG that may give its orientation: XMP, and EXIF in hexadecimal digits as ImageMagick writes it. Of several chunks with the
 * same keyword the last counts, so at most two are decompressed, however many there are.
 */
final class PngTexts {

    /** Longest decompressed text; Pillow accepts no longer one either. */
    private static final int MOST_TEXT_BYTES = 1 << 20;

    private static final String XMP = "XML:com.adobe.xmp";
    private static final String EXIF_PROFILE = "Raw profile type exif";

    /** A text in the file: from, to, and whether it is deflated. */
    private record Text(int from, int to, boolean deflated) {}

    private final byte[] file;
    private Text xmp;
    private Text exifProfile;

    PngTexts(byte[] file) {
        this.file = file;
    }

    /** Notes a chunk {@code tEXt}: keyword, zero, text. */
    void plain(int from, int to) {
        int zero = zero(from, to);
        note(from, zero, new Text(Math.min(zero + 1, to), to, false));
    }

    /** Notes a chunk {@code zTXt}: keyword, zero, method, deflated text. */
    void deflated(int from, int to) {
        int zero = zero(from, to);
        if (zero + 1 < to && file[zero + 1] == 0) {
            note(from, zero, new Text(zero + 2, to, true));
        }
    }

    /** Notes a chunk {@code iTXt}: keyword, zero, whether deflated, method, language, zero, keyword in that language, zero, text. */
    void international(int from, int to) {
        int zero = zero(from, to);
        int language = zero(zero + 3, to);
        int keyword = zero(language + 1, to);
        if (keyword >= to) {
            return;
        }
        boolean deflated = file[zero + 1] != 0;
        if (!deflated || file[zero + 2] == 0) {
            note(from, zero, new Text(keyword + 1, to, deflated));
        }
    }

    private void note(int from, int keywordEnd, Text text) {
        if (is(from, keywordEnd, XMP)) {
            xmp = text;
        } else if (is(from, keywordEnd, EXIF_PROFILE)) {
            exifProfile = text;
        }
    }

    private boolean is(int from, int to, String keyword) {
        return to - from == keyword.length() && keyword.equals(new String(file, from, to - from, StandardCharsets.ISO_8859_1));
    }

    /** The first zero from {@code from} on; {@code to} if there is none. */
    private int zero(int from, int to) {
        int at = from;
        while (at < to && file[at] != 0) {
            at++;
        }
        return Math.min(at, to);
    }

    /** Passes on what was found. If {@code hasExif} is true, the file has EXIF of its own, which a profile does not replace. */
    void give(OrientationTags tags, boolean hasExif) {
        if (exifProfile != null && !hasExif) {
            byte[] exif = exifProfile.deflated ? fromHex(inflated(exifProfile)) : fromHex(file, exifProfile.from, exifProfile.to);
            tags.exif(exif, 0, exif.length);
        }
        if (xmp != null && xmp.deflated) {
            byte[] text = inflated(xmp);
            tags.xmp(text, 0, text.length);
        } else if (xmp != null) {
            tags.xmp(file, xmp.from, xmp.to);
        }
    }

    private byte[] inflated(Text text) {
        try (Inflater inflater = new Inflater()) {
            inflater.setInput(file, text.from, text.to - text.from);
            byte[] out = new byte[Math.min(MOST_TEXT_BYTES, Math.max(4096, 8 * (text.to - text.from)))];
            int size = 0;
            while (size < MOST_TEXT_BYTES) {
                if (size == out.length) {
                    out = Arrays.copyOf(out, Math.min(2 * size, MOST_TEXT_BYTES));
                }
                int count = inflater.inflate(out, size, out.length - size);
                if (count == 0) {
                    return Arrays.copyOf(out, size); // the text's end, or where it is truncated
                }
                size += count;
            }
            return new byte[0];
        } catch (DataFormatException e) {
            return new byte[0];
        }
    }

    private static byte[] fromHex(byte[] text) {
        return fromHex(text, 0, text.length);
    }

    /**
     * The bytes of the hexadecimal digits from the fourth line on, with white space between them skipped, and no more of them than {@link OrientationTags} looks at; an
     * empty array if a character is not a digit.
     */
    private static byte[] fromHex(byte[] text, int from, int to) {
        int at = from;
        for (int line = 0; line < 3; line++) {
            while (at < to && text[at] != '\n') {
                at++;
            }
            at++;
        }
        byte[] bytes = new byte[Math.clamp((to - at) / 2, 0, OrientationTags.MOST_EXIF_BYTES)];
        int count = 0;
        while (at < to) {
            if (Character.isWhitespace(text[at])) {
                at++;
                continue;
            }
            int high = Character.digit(text[at], 16);
            int low = at + 1 < to ? Character.digit(text[at + 1], 16) : -1;
            if (high < 0 || low < 0) {
                return new byte[0];
            }
            if (count < bytes.length) {
                bytes[count++] = (byte) (high << 4 | low);
            }
            at += 2;
        }
        return Arrays.copyOf(bytes, count);
    }
}
