package vit.model.image.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static vit.model.image.format.TestImages.chunk;
import static vit.model.image.format.TestImages.concat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import vit.model.image.RgbImage;

/**
 * Orientations are found where Pillow's {@code ImageOps.exif_transpose} finds them. The expected values are those of Pillow 11.3; a test says
 * so where 9.4 differs.
 */
class OrientationTagsTest {

    private static final byte[] TURNED = TestImages.exif(true, 6);
    private static final byte[] UPRIGHT = TestImages.exif(false, 1);
    private static final String XMP_KEY = "XML:com.adobe.xmp";
    private static final String ATTRIBUTE = "<rdf:Description xmlns:tiff=\"http://ns.adobe.com/tiff/1.0/\" tiff:Orientation=\"6\"/>";

    /** The types of TIFF. A string (BYTE, ASCII, UNDEFINED) equals no number, and LONG8 is the only 64-bit type that Pillow knows in EXIF. */
    @ParameterizedTest
    @CsvSource({"1,06,1", "2,3600,1", "3,0006,6", "4,00000006,6", "5,0000000600000001,6", "5,0000000C00000002,6", "5,0000000600000000,1", "6,06,6", "6,FA,1",
        "7,06,1", "8,0006,6", "8,FFFA,1", "9,00000006,6", "10,0000000600000001,6", "11,40C00000,6", "11,40C00001,1", "12,4018000000000000,6", "13,00000006,6",
        "16,0000000000000006,6", "17,0000000000000006,1", "0,0006,1", "99,0006,1", "3,0000,1", "3,0009,1", "4,00010006,1", "3,00060001,6", "6,0601,6"})
    void everyNumericTypeIsRead(int type, String bigEndianValues, int expected) throws Exception {
        int[] sizes = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 4, 4, 8, 8};
        byte[] value = HexFormat.of().parseHex(bigEndianValues);
        int size = type < sizes.length && sizes[type] > 0 ? sizes[type] : value.length;
        for (ByteOrder order : new ByteOrder[] {ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN}) {
            byte[] stored = order == ByteOrder.BIG_ENDIAN ? value : reversed(value, type == 5 || type == 10 ? 4 : size);
            byte[] exif = directory(order, entry(order, 0x112, type, value.length / size, stored));
            assertEquals(expected, ofJpeg(exif), order.toString());
            assertEquals(expected, ofPng(chunk("eXIf", exif)), order.toString());
        }
    }

    @Test
    void unsoundDirectoriesAreReadAsFarAsTheyGo() throws Exception {
        ByteOrder order = ByteOrder.BIG_ENDIAN;
        byte[] six = entry(order, 0x112, 3, 1, new byte[] {0, 6});
        byte[] one = entry(order, 0x112, 3, 1, new byte[] {0, 1});
        byte[] outside = ByteBuffer.allocate(12).putShort((short) 0x110).putShort((short) 2).putInt(100).putInt(9999).array();
        assertEquals(1, ofJpeg(directory(order, six, one)));
        assertEquals(6, ofJpeg(directory(order, one, six)));
        assertEquals(6, ofJpeg(directory(order, six, outside)));
        assertEquals(1, ofJpeg(directory(order, outside, six)));
        assertEquals(6, ofJpeg(directory(order, six, entry(order, 0x112, 99, 1, new byte[] {0, 1}))));
        assertEquals(6, ofJpeg(concat("Exif\0\0".getBytes(StandardCharsets.ISO_8859_1), directory(order, six))));
        byte[] endless = directory(order, six);
        endless[8] = (byte) 0xFF; // 65281 entries
        assertEquals(6, ofJpeg(endless));
    }

    @Test
    void jpegSegmentsContinueEachOther() throws Exception {
        byte[] jpeg = TestImages.encoded("jpg", 8, 12);
        // withSegment puts a segment before those of earlier calls
        assertEquals(6, turned(TestImages.withExif(TestImages.withExif(jpeg, UPRIGHT), TURNED)));
        assertEquals(1, turned(TestImages.withExif(TestImages.withExif(jpeg, TURNED), UPRIGHT)));
        byte[] head = Arrays.copyOf(TURNED, 15);
        byte[] tail = Arrays.copyOfRange(TURNED, 15, TURNED.length);
        assertEquals(6, turned(TestImages.withExif(TestImages.withExif(jpeg, tail), head))); // not in Pillow 9.4
    }

    @ParameterizedTest
    @CsvSource({"tEXt,true,6", "zTXt,true,6", "iTXt,true,6", "iTXt compressed,true,6", "tEXt,false,6"})
    void pngProfilesAreRead(String kind, boolean prefixed, int expected) throws Exception {
        byte[] exif = prefixed ? concat("Exif\0\0".getBytes(StandardCharsets.ISO_8859_1), TURNED) : TURNED;
        assertEquals(expected, ofPng(text(kind, "Raw profile type exif", profile(exif, "\n"))));
        assertEquals(expected, ofPng(text(kind, "Raw profile type exif", profile(exif, "\r\n"))));
        assertEquals(1, ofPng(text(kind, "Raw profile type APP1", profile(exif, "\n")))); // Pillow does not read it
        assertEquals(1, ofPng(text(kind, "Raw profile type exif", profile(exif, "\n") + "x")));
        assertEquals(1, ofPng(text(kind, "Raw profile type exif", HexFormat.of().formatHex(exif)))); // lacks the three lines that a profile begins with
        byte[] own = chunk("eXIf", UPRIGHT);
        assertEquals(1, ofPng(concat(text(kind, "Raw profile type exif", profile(exif, "\n")), own)));
        assertEquals(6, ofPng(concat(text(kind, "Raw profile type exif", profile(UPRIGHT, "\n")), text(kind, "Raw profile type exif", profile(exif, "\n")))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"tEXt", "zTXt", "iTXt", "iTXt compressed"})
    void xmpIsReadWhereExifSaysNothing(String kind) throws Exception {
        byte[] xmp = text(kind, XMP_KEY, ATTRIBUTE);
        byte[] silent = chunk("eXIf", directory(ByteOrder.BIG_ENDIAN, entry(ByteOrder.BIG_ENDIAN, 0x100, 3, 1, new byte[] {0, 6})));
        assertEquals(6, ofPng(xmp));
        assertEquals(6, ofPng(concat(silent, xmp)));
        assertEquals(1, ofPng(concat(chunk("eXIf", UPRIGHT), xmp)));
        assertEquals(1, ofPng(concat(chunk("eXIf", TestImages.exif(true, 9)), xmp)));
        assertEquals(1, ofPng(concat(xmp, text(kind, XMP_KEY, "nothing")))); // the last one counts
        byte[] after = TestImages.png(8, 12, 1, new int[96], 8, 0, 0);
        byte[] end = chunk("IEND", new byte[0]);
        assertEquals(6, turned(concat(Arrays.copyOf(after, after.length - end.length), xmp, end)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"tiff:Orientation=\"6\"|6", "<tiff:Orientation>6</tiff:Orientation>|6", "tiff:Orientation='6'|1",
        "tiff:Orientation = \"6\"|1", "tiff:Orientation> 6|1", "tiff:Orientation=\"61\"|6", "tiff:Orientation=\"9\"|1", "tiff:Orientation=\"x\" tiff:Orientation=\"6\"|6",
        "tiff:Orientation=\"1\" tiff:Orientation=\"6\"|1", "exif:Orientation=\"6\"|1", "tiff:Orientation|1", "tiff:Orientation=|1", "tiff:Orientation=\"|1"})
    void xmpIsReadAsPillowsPatternReadsIt(String text, int expected) throws Exception {
        assertEquals(expected, ofPng(text("tEXt", XMP_KEY, text)));
        byte[] segment = ("http://ns.adobe.com/xap/1.0/\0" + text).getBytes(StandardCharsets.ISO_8859_1);
        assertEquals(expected, turned(TestImages.withSegment(TestImages.encoded("jpg", 8, 12), 0xE1, segment))); // not in Pillow 9.4
    }

    @Test
    void brokenOrHugeTextsSayNothing() throws Exception {
        assertEquals(1, ofPng(chunk("zTXt", concat((XMP_KEY + "\0\0").getBytes(StandardCharsets.ISO_8859_1), new byte[] {1, 2, 3}))));
        assertEquals(1, ofPng(chunk("zTXt", concat((XMP_KEY + "\0\1").getBytes(StandardCharsets.ISO_8859_1), TestImages.deflate(ATTRIBUTE.getBytes(StandardCharsets.ISO_8859_1))))));
        assertEquals(1, ofPng(text("zTXt", XMP_KEY, ATTRIBUTE + " ".repeat(1 << 20))));
        for (String broken : new String[] {"", XMP_KEY, XMP_KEY + "\0", XMP_KEY + "\0\0", XMP_KEY + "\0\0\0", XMP_KEY + "\0\0\0\0"}) {
            assertEquals(1, ofPng(chunk("iTXt", broken.getBytes(StandardCharsets.ISO_8859_1))), broken);
        }
    }

    private static int ofJpeg(byte[] exif) throws Exception {
        return turned(TestImages.withExif(TestImages.encoded("jpg", 8, 12), exif));
    }

    private static int ofPng(byte[] chunks) throws Exception {
        return turned(TestImages.png(8, 12, 1, new int[96], 8, 0, 0, chunks));
    }

    /** Returns the orientation that was applied: 6 if height and width were exchanged, otherwise 1. */
    private static int turned(byte[] file) throws Exception {
        RgbImage image = ImageDecoder.decode("a.file", file);
        RgbImage stored = ImageDecoder.decode("a.file", file, DecodeOptions.DEFAULT.withApplyOrientation(false));
        assertArrayEquals(Orientation.apply(stored, image.height() == 12 ? 6 : 1).pixels(), image.pixels());
        return image.height() == 12 ? 6 : 1;
    }

    private static byte[] directory(ByteOrder order, byte[]... entries) {
        int tail = 8 + 2 + 12 * entries.length + 4;
        ByteBuffer out = ByteBuffer.allocate(tail + 8 * entries.length).order(order);
        out.put((byte) (order == ByteOrder.BIG_ENDIAN ? 'M' : 'I')).put((byte) (order == ByteOrder.BIG_ENDIAN ? 'M' : 'I')).putShort((short) 42);
        out.putInt(8).putShort((short) entries.length);
        for (byte[] entry : entries) {
            int at = out.position();
            out.put(entry, 0, 12);
            if (entry.length > 12) { // a value of 8 bytes lies after the directory
                out.putInt(at + 8, tail).put(tail, entry, 12, 8);
            }
        }
        return out.array();
    }

    private static byte[] entry(ByteOrder order, int tag, int type, int count, byte[] value) {
        ByteBuffer out = ByteBuffer.allocate(value.length <= 4 ? 12 : 20).order(order);
        out.putShort((short) tag).putShort((short) type).putInt(count);
        return out.put(value.length <= 4 ? 8 : 12, value).array();
    }

    private static byte[] reversed(byte[] value, int size) {
        byte[] out = new byte[value.length];
        for (int i = 0; i < value.length; i++) {
            out[i] = value[i / size * size + size - 1 - i % size];
        }
        return out;
    }

    /** A profile as ImageMagick writes it, with name, length and digits on lines of their own. */
    private static String profile(byte[] bytes, String newLine) {
        return newLine + "exif" + newLine + String.format("%8d", bytes.length) + newLine + HexFormat.of().formatHex(bytes) + newLine;
    }

    private static byte[] text(String kind, String keyword, String text) {
        byte[] key = keyword.getBytes(StandardCharsets.ISO_8859_1);
        byte[] content = text.getBytes(StandardCharsets.ISO_8859_1);
        return switch (kind) {
            case "tEXt" -> chunk("tEXt", concat(key, new byte[1], content));
            case "zTXt" -> chunk("zTXt", concat(key, new byte[2], TestImages.deflate(content)));
            case "iTXt" -> chunk("iTXt", concat(key, new byte[5], content));
            default -> chunk("iTXt", concat(key, new byte[] {0, 1, 0, 0, 0}, TestImages.deflate(content)));
        };
    }
}
