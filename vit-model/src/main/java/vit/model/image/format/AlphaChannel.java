package vit.model.image.format;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Tells from the first bytes of an image file whether it has an alpha channel, which decoding drops. Stateless; any number of threads may call. */
public final class AlphaChannel {

    private static final int HEAD_BYTES = 30;
    private static final int PNG_COLOUR_TYPE = 25;
    private static final int WEBP_FLAGS = 20; // of VP8X
    private static final int WEBP_LOSSLESS = 21; // 14 bits of width − 1, 14 of height − 1, one of alpha

    private AlphaChannel() {}

    /**
     * Whether {@code file} is a PNG or WebP image with an alpha channel. False for a file that cannot be read; decoding it will report the reason.
     */
    public static boolean isIn(Path file) {
        byte[] head;
        try (InputStream in = Files.newInputStream(file)) {
            head = in.readNBytes(HEAD_BYTES);
        } catch (IOException e) {
            return false;
        }
        if (head.length < HEAD_BYTES) {
            return false;
        }
        FileBytes bytes = new FileBytes(file.toString(), head);
        if (bytes.has(0, PngFile.SIGNATURE)) {
            return head[PNG_COLOUR_TYPE] == 4 || head[PNG_COLOUR_TYPE] == 6; // grey or colours, with alpha
        }
        if (bytes.has(0, "RIFF") && bytes.has(8, "WEBP")) {
            return bytes.has(12, "VP8X") && (head[WEBP_FLAGS] & 0x10) != 0 || bytes.has(12, "VP8L") && (head[WEBP_LOSSLESS + 3] & 0x10) != 0;
        }
        return false;
    }
}
