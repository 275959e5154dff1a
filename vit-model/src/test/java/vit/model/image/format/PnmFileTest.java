package vit.model.image.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static vit.model.image.format.TestImages.concat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import vit.model.InputException;
import vit.model.image.RgbImage;

/** PBM, PGM and PPM files, in text and binary form, are read and scaled as Pillow does. */
class PnmFileTest {

    @Test
    void eachKindIsRead() throws Exception {
        byte[] colours = {1, 2, 3, 4, 5, (byte) 250};
        assertArrayEquals(colours, pixels("P6\n2 1\n255\n", colours));
        assertArrayEquals(colours, pixels("P3\n2 1\n255\n1 2 3\n4 5 250", new byte[0]));
        assertArrayEquals(new byte[] {9, 9, 9, 8, 8, 8}, pixels("P5 1 2 255 ", new byte[] {9, 8}));
        assertArrayEquals(new byte[] {9, 9, 9, 8, 8, 8}, pixels("P2 1 2 255\n9\t8\n", new byte[0]));
        byte[] bits = {-1, -1, -1, 0, 0, 0, -1, -1, -1, 0, 0, 0}; // 1 is black
        assertArrayEquals(bits, pixels("P4\n2 2\n", new byte[] {0x40, 0x7F}));
        assertArrayEquals(bits, pixels("P1\n2 2\n0 1\n0 1", new byte[0]));
        assertArrayEquals(bits, pixels("P1\n2 2\n0101", new byte[0]));
    }

    @ParameterizedTest
    @ValueSource(strings = {"P6 # one\n#two 9 9\n1# x\n 1\r\n255\n", "P6\t1\u000B1\f255\r", "P6#c\n1 1 0000000255 "})
    void spaceAndCommentsAreSkipped(String header) throws Exception {
        assertArrayEquals(new byte[] {5, 6, 7}, pixels(header, new byte[] {5, 6, 7}));
    }

    /** The expected value is Python's rounding of v / most · 255. Grey above a byte is cut off at white unless it is to be scaled. */
    @ParameterizedTest
    @CsvSource({"P2,1,1,255", "P2,100,50,128", "P2,2,1,128", "P2,200,3,4", "P3,1000,500,128", "P3,65535,32768,128", "P2,1023,1,64", "P2,65535,255,255",
        "P2,65535,254,254", "P2,256,1,255"})
    void samplesAreScaledAsPillowScalesThem(String kind, int most, int value, int expected) throws Exception {
        String triple = kind.equals("P3") ? value + " " + value + " " + value : "" + value;
        byte[] grey = {(byte) expected, (byte) expected, (byte) expected};
        assertArrayEquals(grey, pixels(kind + " 1 1 " + most + "\n" + triple, new byte[0]));
        int wide = most > 255 ? 2 : 1;
        byte[] binary = new byte[kind.equals("P3") ? 3 * wide : wide];
        for (int i = 0; i < binary.length; i++) {
            binary[i] = (byte) (wide == 1 || i % 2 == 1 ? value : value >> 8);
        }
        assertArrayEquals(grey, pixels((kind.equals("P3") ? "P6" : "P5") + " 1 1 " + most + "\n", binary));
    }

    @Test
    void deepGreyKeepsItsHighByteWhereAsked() throws Exception {
        byte[] file = concat("P5 1 1 65535 ".getBytes(StandardCharsets.US_ASCII), new byte[] {(byte) 0xAB, (byte) 0xCD});
        byte[] grey = {(byte) 0xAB, (byte) 0xAB, (byte) 0xAB};
        assertArrayEquals(grey, ImageDecoder.decode("a.pgm", file, DecodeOptions.DEFAULT.withScaleGrey16(true)).pixels());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"P6 1 1 255 xx|the image is truncated", "P6 1 1|the image is truncated", "P3 1 1 255 1 2|the image is truncated",
        "P3 1 1 9 1 2 10|above the portable pixmap's largest", "P3 1 1 255 1 2 x|text is unsound", "P3 1 1 255 1 2 -3|text is unsound", "P1 1 1 2|text is unsound",
        "P6 0 1 255 |the image size is out of range", "P6 1 1 0 xxx|largest sample is out of range", "P6 1 1 65536 xxxxxx|largest sample is out of range",
        "P6 00000000001 1 255 xxx|text is unsound", "P6 1 1 255#xxx|text is unsound", "P3 9000 9000 255 1|can hold", "P6 99999 9 255 x|the image size is out of range", "P7 1 1|known format"})
    void whatIsUnsoundIsRefused(String text, String rule) {
        InputException e = assertThrows(InputException.class, () -> pixels(text, new byte[0]));
        assertTrue(e.getMessage().contains(rule), e.getMessage());
    }

    @Test
    void imageComesFromAStream() throws Exception {
        byte[] file = "P3 1 1 255 1 2 3".getBytes(StandardCharsets.US_ASCII);
        RgbImage image = ImageDecoder.decode("standard input", new ByteArrayInputStream(file), DecodeOptions.DEFAULT);
        assertEquals("standard input", image.source());
        InputException e = assertThrows(InputException.class,
                () -> ImageDecoder.decode("standard input", new ByteArrayInputStream(file), DecodeOptions.DEFAULT.withMaxFileBytes(5)));
        assertTrue(e.getMessage().contains("the image file is too large"), e.getMessage());
    }

    @Property(tries = 60)
    void textAndBinarySayTheSame(@ForAll @IntRange(min = 1, max = 65535) int most, @ForAll long seed, @ForAll boolean colour) throws Exception {
        int[] samples = new java.util.Random(seed).ints(4 * 5 * (colour ? 3 : 1), 0, most + 1).toArray();
        StringBuilder text = new StringBuilder((colour ? "P3" : "P2") + " 5 4 " + most);
        byte[] binary = new byte[samples.length * (most > 255 ? 2 : 1)];
        int at = 0;
        for (int sample : samples) {
            text.append(' ').append(sample);
            if (most > 255) {
                binary[at++] = (byte) (sample >> 8);
            }
            binary[at++] = (byte) sample;
        }
        assertArrayEquals(pixels(text.toString(), new byte[0]), pixels((colour ? "P6" : "P5") + " 5 4 " + most + " ", binary));
    }

    private static byte[] pixels(String header, byte[] rest) throws InputException {
        return ImageDecoder.decode("a.ppm", concat(header.getBytes(StandardCharsets.US_ASCII), rest)).pixels();
    }
}
