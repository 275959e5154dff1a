package vit.model.image.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static vit.model.image.format.TestImages.chunk;
import static vit.model.image.format.TestImages.concat;
import static vit.model.image.format.TestImages.header;
import static vit.model.image.format.TestImages.png;

import java.awt.image.BufferedImage;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vit.model.InputException;

/**
 * Files that hold all pixels but lack a part of their frame. Pillow opens them without {@code LOAD_TRUNCATED_IMAGES}, so they must be read
 * here as well.
 */
class UnfinishedFilesTest {

    private static final byte[] END = chunk("IEND", new byte[0]);
    private static final byte[] RAW = {0, 10, 20, 30, 0, 40, 50, 60}; // two rows of three grey pixels
    private static final byte[] DATA = TestImages.deflate(RAW);
    private static final byte[] WHOLE = png(header(3, 2, 8, 0, 0), chunk("IDAT", DATA), END);
    private static final byte[] GREYS = {10, 10, 10, 20, 20, 20, 30, 30, 30, 40, 40, 40, 50, 50, 50, 60, 60, 60};

    /** The bytes after the pixels are the end chunk (12), the checksum before it (4), and the checksum of the deflate stream (4). */
    @Test
    void pngMayEndAnywhereBehindItsPixels() throws Exception {
        for (int cut = 0; cut <= 20; cut++) {
            assertArrayEquals(GREYS, decode(Arrays.copyOf(WHOLE, WHOLE.length - cut)), cut + " bytes cut");
        }
        InputException e = assertThrows(InputException.class, () -> decode(Arrays.copyOf(WHOLE, WHOLE.length - 23)));
        assertTrue(e.getMessage().contains("the image is truncated"), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "junk", "junkjunkjunk", "\0\0\0\0IEND\0\0\0\0", "\u007F\u00FF\u00FF\u00FFIEND", "\0\0\0\4IENDdata\0\0\0\0",
        "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "\0\0\0\3PLTEabc\0\0\0\0", "\0\0\0\1tEXtk\0\0\0\0", "\0\0\0\u0040tEXtk"})
    void whatFollowsAPngsImageDataDoesNotMatter(String end) throws Exception {
        byte[] withoutEnd = Arrays.copyOf(WHOLE, WHOLE.length - END.length);
        assertArrayEquals(GREYS, decode(concat(withoutEnd, end.getBytes(StandardCharsets.ISO_8859_1))));
    }

    @Test
    void aWrongChecksumIsForgivenOnlyWhereAnotherVouchesForThePixels() throws Exception {
        byte[] wrong = WHOLE.clone();
        wrong[WHOLE.length - END.length - 1] ^= 1; // the image data chunk's checksum
        assertArrayEquals(GREYS, decode(wrong));
        byte[] changed = WHOLE.clone();
        changed[WHOLE.length - END.length - 5] ^= 1; // the deflate stream's checksum, so that both are wrong
        InputException e = assertThrows(InputException.class, () -> decode(changed));
        assertTrue(e.getMessage().contains("the checksum of a PNG chunk does not match"), e.getMessage());
        byte[] header = WHOLE.clone();
        header[29] ^= 1; // the header's checksum
        assertThrows(InputException.class, () -> decode(header));
        byte[] coloured = png(header(3, 2, 8, 3, 0), chunk("PLTE", new byte[300]), chunk("IDAT", DATA), END);
        coloured[33 + 8 + 5] ^= 1; // a colour
        assertThrows(InputException.class, () -> decode(coloured));
    }

    @Test
    void pngDataMayBeInAnyNumberOfChunks() throws Exception {
        byte[] pieces = {};
        for (byte piece : DATA) {
            pieces = concat(pieces, chunk("IDAT", new byte[0]), chunk("IDAT", new byte[] {piece}));
        }
        assertArrayEquals(GREYS, decode(png(header(3, 2, 8, 0, 0), pieces, END)));
        assertArrayEquals(GREYS, decode(png(chunk("abCd", new byte[3]), header(3, 2, 8, 0, 0), chunk("ABCD", new byte[3]), pieces)));
    }

    @Test
    void sequentialJpegNeedsNoEndMarker() throws Exception {
        byte[] jpeg = TestImages.encoded("jpg", 21, 34);
        byte[] expected = decode(jpeg);
        byte[] withoutEnd = Arrays.copyOf(jpeg, jpeg.length - 2);
        byte[] comment = {(byte) 0xFF, (byte) 0xFE, 0, 4, 'h', 'i'};
        assertArrayEquals(expected, decode(withoutEnd));
        assertArrayEquals(expected, decode(concat(withoutEnd, new byte[20])));
        assertArrayEquals(expected, decode(concat(withoutEnd, comment)));
        for (int cut = 5; cut < 30; cut++) {
            byte[] incomplete = Arrays.copyOf(jpeg, jpeg.length - cut);
            assertThrows(InputException.class, () -> decode(incomplete), cut + " bytes cut");
        }
        byte[] progressive = TestImages.encoded("jpg", TestImages.scene(21, 34, BufferedImage.TYPE_3BYTE_BGR), true);
        assertThrows(InputException.class, () -> decode(Arrays.copyOf(progressive, progressive.length - 2)));
    }

    @Test
    void gifNeedsNoTrailerAndNoEmptyBlock() throws Exception {
        byte[] gif = TestImages.encoded("gif", 21, 34);
        byte[] expected = decode(gif);
        assertEquals(0x3B, gif[gif.length - 1]);
        assertArrayEquals(expected, decode(Arrays.copyOf(gif, gif.length - 1)));
        assertArrayEquals(expected, decode(Arrays.copyOf(gif, gif.length - 2)));
        assertArrayEquals(expected, decode(concat(Arrays.copyOf(gif, gif.length - 2), new byte[] {0x3B})));
        int frame = 13; // the JDK writes no global colour table
        assertArrayEquals(expected, decode(concat(Arrays.copyOf(gif, frame), new byte[4], Arrays.copyOfRange(gif, frame, gif.length))));
    }

    @Test
    void bitmapMayLackItsLastPaddingAndItsSize() throws Exception {
        byte[] pixels = new byte[2 * 12]; // 3 pixels of 3 bytes, padded to 12
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (7 * i);
        }
        byte[] bmp = TestImages.bmp(2, 3, 24, 0, new byte[0], pixels);
        byte[] expected = decode(bmp);
        for (int cut = 1; cut <= 3; cut++) {
            assertArrayEquals(expected, decode(Arrays.copyOf(bmp, bmp.length - cut)));
        }
        assertThrows(InputException.class, () -> decode(Arrays.copyOf(bmp, bmp.length - 4)));
        byte[] sizeless = bmp.clone();
        Arrays.fill(sizeless, 2, 6, (byte) 0);
        assertArrayEquals(expected, decode(sizeless));
    }

    private static byte[] decode(byte[] file) throws InputException {
        return ImageDecoder.decode("a.file", file).pixels();
    }
}
