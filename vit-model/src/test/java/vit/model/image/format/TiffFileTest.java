package vit.model.image.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Random;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import vit.model.InputException;
import vit.model.image.RgbImage;

/** TIFF files of every layout give the pixels that were stored, or those that Pillow makes of them. */
class TiffFileTest {

    /** The JDK writes the files, and the plug-in reads them. */
    @ParameterizedTest
    @CsvSource({"LZW,5", "LZW,10", "LZW,13", "Deflate,5", "ZLib,10", "PackBits,5", "PackBits,13", "CCITT T.4,12", "CCITT T.6,12", "LZW,6", "Deflate,12"})
    void lossCompressionsGiveThePictureBack(String compression, int type) throws Exception {
        BufferedImage scene = TestImages.scene(23, 31, type);
        RgbImage image = ImageDecoder.decode("a.tif", written(scene, compression));
        if (type == BufferedImage.TYPE_BYTE_GRAY) {
            int[] stored = scene.getRaster().getPixels(0, 0, 31, 23, (int[]) null);
            assertEquals(stored[40], image.sample(1, 9, 0)); // grey has no colour management
        } else {
            assertArrayEquals(TestImages.rgb(scene).pixels(), image.pixels());
        }
    }

    @Test
    void jpegInATiffIsThatJpeg() throws Exception {
        BufferedImage scene = TestImages.scene(24, 32, BufferedImage.TYPE_3BYTE_BGR);
        RgbImage image = ImageDecoder.decode("a.tif", written(scene, "JPEG"));
        int worst = 0;
        byte[] expected = TestImages.rgb(scene).pixels();
        for (int i = 0; i < expected.length; i++) {
            worst = Math.max(worst, Math.abs((expected[i] & 0xFF) - (image.pixels()[i] & 0xFF)));
        }
        System.out.println("JPEG in TIFF against the scene: worst " + worst);
        assertTrue(worst < 80, worst + " off");
    }

    /**
     * The stored samples of one pixel, and what Pillow 11.3 makes of them. The first number is the photometric interpretation: 0 white is
     * zero, 1 black is zero, 2 RGB, 3 palette, 5 CMYK, 6 YCbCr.
     */
    @ParameterizedTest
    @CsvSource({"1,8,118,118,118,118", "0,8,118,137,137,137", "1,4,8,136,136,136", "0,4,6,153,153,153", "1,2,2,170,170,170", "0,2,3,0,0,0", "1,1,1,255,255,255", "0,1,1,0,0,0",
        "1,16,37670,255,255,255", "1,16,254,254,254,254", "0,16,200,200,200,200", "2,8,46 204 220,46,204,220", "2,16,1845 24143 13625,7,94,53",
        "5,8,249 17 165 151,2,97,37", "5,16,8900 43841 63952 8559,192,73,5", "6,8,80 126 121,70,86,76", "1,8,7 200,7,7,7", "2,8,1 2 3 4 5,1,2,3"})
    void samplesMeanWhatTheyMeanToPillow(int photometric, int bits, String stored, int red, int green, int blue) throws Exception {
        int[] samples = Arrays.stream(stored.split(" ")).mapToInt(Integer::parseInt).toArray();
        for (boolean little : new boolean[] {true, false}) {
            byte[] strip = packed(little, bits, samples);
            TestTiff tiff = new TestTiff(little, 1, 1, samples.length, bits, photometric).strips(strip);
            if (photometric == 6) {
                tiff.with(530, 1, 1);
            }
            assertArrayEquals(new byte[] {(byte) red, (byte) green, (byte) blue}, ImageDecoder.decode("a.tif", tiff.file()).pixels());
        }
    }

    /** The first number is the kind of alpha: 0 unspecified, 1 associated (colours are multiplied by it), 2 unassociated. */
    @ParameterizedTest
    @CsvSource({"0,184 2 67 128,184,2,67", "1,184 2 67 128,255,3,133", "1,9 8 7 0,0,0,0", "1,9 8 7 255,9,8,7", "2,184 2 67 4,184,2,67"})
    void alphaIsDroppedAndAssociatedAlphaUndone(int kind, String stored, int red, int green, int blue) throws Exception {
        int[] samples = Arrays.stream(stored.split(" ")).mapToInt(Integer::parseInt).toArray();
        byte[] file = new TestTiff(true, 1, 1, 4, 8, 2).with(338, kind).strips(packed(true, 8, samples)).file();
        assertArrayEquals(new byte[] {(byte) red, (byte) green, (byte) blue}, ImageDecoder.decode("a.tif", file).pixels());
        int[] deep = Arrays.stream(samples).map(s -> s << 8).toArray();
        byte[] deepFile = new TestTiff(false, 1, 1, 4, 16, 2).with(338, kind).strips(packed(false, 16, deep)).file();
        assertArrayEquals(new byte[] {(byte) red, (byte) green, (byte) blue}, ImageDecoder.decode("a.tif", deepFile).pixels());
    }

    @Test
    void palettesGiveTheHighBytes() throws Exception {
        long[] colours = new Random(4).longs(3 * 16, 0, 65536).toArray();
        byte[] file = new TestTiff(false, 1, 2, 1, 4, 3).with(320, colours).strips(new byte[] {0x5C}).file();
        byte[] expected = new byte[6];
        for (int c = 0; c < 3; c++) {
            expected[c] = (byte) (colours[16 * c + 5] >> 8);
            expected[3 + c] = (byte) (colours[16 * c + 12] >> 8);
        }
        assertArrayEquals(expected, ImageDecoder.decode("a.tif", file).pixels());
    }

    @Test
    void stripsTilesAndPlanesHoldTheSamePicture() throws Exception {
        byte[] pixels = new byte[20 * 20 * 3];
        new Random(6).nextBytes(pixels);
        byte[] strips = new TestTiff(true, 20, 20, 3, 8, 2).with(278, 7)
                .strips(Arrays.copyOf(pixels, 420), Arrays.copyOfRange(pixels, 420, 840), Arrays.copyOfRange(pixels, 840, 1200)).file();
        assertArrayEquals(pixels, ImageDecoder.decode("strips.tif", strips).pixels());
        byte[][] tiles = new byte[4][16 * 16 * 3];
        byte[][] planes = new byte[3][400];
        for (int i = 0; i < 400; i++) {
            int y = i / 20;
            int x = i % 20;
            System.arraycopy(pixels, 3 * i, tiles[y / 16 * 2 + x / 16], (y % 16 * 16 + x % 16) * 3, 3);
            for (int c = 0; c < 3; c++) {
                planes[c][i] = pixels[3 * i + c];
            }
        }
        assertArrayEquals(pixels, ImageDecoder.decode("tiles.tif", new TestTiff(false, 20, 20, 3, 8, 2).tiles(16, tiles).file()).pixels());
        assertArrayEquals(pixels, ImageDecoder.decode("planes.tif", new TestTiff(true, 20, 20, 3, 8, 2).with(284, 2).strips(planes).file()).pixels());
        byte[] deflated = new TestTiff(true, 20, 20, 3, 8, 2).with(259, 8).strips(TestImages.deflate(pixels)).file();
        assertArrayEquals(pixels, ImageDecoder.decode("deflated.tif", deflated).pixels());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void orientationTurnsATiff(int orientation) throws Exception {
        byte[] pixels = new byte[2 * 3 * 3];
        new Random(7).nextBytes(pixels);
        byte[] file = new TestTiff(true, 2, 3, 3, 8, 2).with(274, orientation).strips(pixels).file();
        RgbImage expected = Orientation.apply(new RgbImage(2, 3, pixels), orientation);
        assertArrayEquals(expected.pixels(), ImageDecoder.decode("a.tif", file).pixels());
        assertArrayEquals(pixels, ImageDecoder.decode("a.tif", file, DecodeOptions.DEFAULT.withApplyOrientation(false)).pixels());
    }

    @Test
    void xmpTurnsATiffThatHasNoOrientation() throws Exception {
        byte[] xmp = "tiff:Orientation=\"3\"".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        long[] shorts = new long[xmp.length / 2];
        for (int i = 0; i < shorts.length; i++) {
            shorts[i] = xmp[2 * i] & 0xFF | xmp[2 * i + 1] << 8;
        }
        byte[] file = new TestTiff(true, 1, 2, 1, 8, 1).with(700, shorts).strips(new byte[] {5, 9}).file();
        assertEquals(9, ImageDecoder.decode("a.tif", file).sample(0, 0, 0));
    }

    @Test
    void whatIsUnsoundIsRefused() {
        byte[] strip = new byte[12];
        refused(new TestTiff(true, 2, 2, 3, 8, 2).strips(Arrays.copyOf(strip, 11)), "damaged", "can hold");
        refused(new TestTiff(true, 2, 2, 3, 8, 8).strips(strip), "this kind of TIFF is not supported");
        refused(new TestTiff(true, 2, 2, 3, 8, 2).with(259, 6).strips(strip), "this kind of TIFF is not supported");
        refused(new TestTiff(true, 2, 2, 3, 8, 2).with(258, 8, 8, 4).strips(strip), "this kind of TIFF is not supported");
        refused(new TestTiff(true, 2, 2, 3, 8, 2).with(278, 1).strips(strip), "strips or tiles are unsound");
        refused(new TestTiff(true, 0, 2, 3, 8, 2).strips(strip), "the image size is out of range");
        refused(new TestTiff(true, 9000, 9000, 3, 8, 2).strips(strip), "can hold");
        byte[] whole = new TestTiff(true, 2, 2, 3, 8, 2).strips(strip).file();
        for (int cut = 1; cut < whole.length - 4; cut++) {
            byte[] shorter = Arrays.copyOf(whole, whole.length - cut);
            InputException e = assertThrows(InputException.class, () -> ImageDecoder.decode("a.tif", shorter));
            assertTrue(e.getMessage().contains("the image is truncated"), e.getMessage());
        }
    }

    private static void refused(TestTiff tiff, String... rules) {
        InputException e = assertThrows(InputException.class, () -> ImageDecoder.decode("a.tif", tiff.file()));
        assertTrue(Arrays.stream(rules).anyMatch(e.getMessage()::contains), e.getMessage());
    }

    private static byte[] packed(boolean little, int bits, int[] samples) {
        if (bits < 8) {
            return new byte[] {(byte) (samples[0] << 8 - bits)};
        }
        byte[] bytes = new byte[samples.length * bits / 8];
        for (int i = 0; i < bytes.length; i++) {
            int high = bits == 8 ? 0 : (little ? i % 2 : 1 - i % 2) * 8;
            bytes[i] = (byte) (samples[bits == 8 ? i : i / 2] >> high);
        }
        return bytes;
    }

    private static byte[] written(BufferedImage image, String compression) throws Exception {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("tiff").next();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
            writer.setOutput(out);
            ImageWriteParam param = writer.getDefaultWriteParam();
            param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            param.setCompressionType(compression);
            writer.write(null, new IIOImage(image, null, null), param);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }
}
