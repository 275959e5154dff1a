package vit.model.image.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;
import javax.imageio.ImageIO;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import vit.model.InputException;
import vit.model.golden.Golden;
import vit.model.image.Resample;
import vit.model.image.RgbImage;

/** Images of every format decode to the pixels that Pillow gives, or to samples that are known from the way the file was made. */
class ImageDecoderTest {

    /** The pixels of both WebP files below, 7×5, computed by their formula. */
    private static final String LOSSLESS_WEBP = "UklGRjYAAABXRUJQVlA4TCkAAAAvBgABAImM6H8sovDR/4CCtm2YttsIjT+8z0AsmOL9cXTk/5gAEC+zLwA=";

    /** The same with alpha 77 and EXIF orientation 6. */
    private static final String TURNED_WEBP = "UklGRmwAAABXRUJQVlA4WAoAAAAYAAAABgAABAAAVlA4TCsAAAAvBgABEJmM6H9sovDR/4CCtm2YttsIjT+8z0AsmOL9cXTk/"
            + "3GaADCuzHoBAEVYSUYaAAAATU0AKgAAAAgAAQESAAMAAAABAAYAAAAAAAA=";

    @Test
    void photosDecodeAsPillowDecodesThem() throws Exception {
        Path photos = Golden.shared().resolve("photos");
        for (String photo : new String[] {"apple.jpg", "kitten.jpg", "polars.jpeg", "tench.jpg"}) {
            RgbImage jpeg = ImageDecoder.decode(photos.resolve(photo));
            RgbImage pillow = ImageDecoder.decode(photos.resolve(photo.substring(0, photo.indexOf('.')) + ".png"));
            assertArrayEquals(TestImages.rgb(ImageIO.read(Path.of(pillow.source()).toFile())).pixels(), pillow.pixels());
            assertEquals(pillow.height(), jpeg.height());
            int worst = 0;
            long sum = 0;
            for (int i = 0; i < jpeg.pixels().length; i++) {
                int error = Math.abs((jpeg.pixels()[i] & 0xFF) - (pillow.pixels()[i] & 0xFF));
                worst = Math.max(worst, error);
                sum += error;
            }
            System.out.println(photo + " against Pillow's decoding: worst " + worst + ", mean " + (double) sum / jpeg.pixels().length);
            // The libjpeg that the JDK brings gives Pillow's pixels. A JDK that uses another libjpeg may round differently.
            assertTrue(worst <= 3, photo + " is " + worst + " off");
        }
    }

    /** Colour types and depths of the standard: grey, RGB, palette, grey with alpha, RGB with alpha. */
    @ParameterizedTest
    @CsvSource({"0,1", "0,2", "0,4", "0,8", "0,16", "2,8", "2,16", "3,1", "3,2", "3,4", "3,8", "4,8", "4,16", "6,8", "6,16"})
    void pngSamplesAreTakenAsTheyAreStored(int colourType, int depth) throws Exception {
        int channels = new int[] {1, 0, 3, 1, 2, 0, 4}[colourType];
        byte[] palette = new byte[3 << Math.min(depth, 7)];
        new Random(5).nextBytes(palette);
        byte[] extra = colourType == 3
                ? TestImages.concat(TestImages.chunk("PLTE", palette), TestImages.chunk("tRNS", new byte[] {0, 100})) : new byte[0];
        byte[] gamma = TestImages.chunk("gAMA", new byte[] {0, 1, (byte) 0x86, (byte) 0xA0});
        int[] samples = new Random(colourType + depth).ints(11 * 13 * channels, 0, 1 << depth).toArray();
        byte[] expected = new byte[11 * 13 * 3];
        for (int i = 0; i < 11 * 13; i++) {
            for (int c = 0; c < 3; c++) {
                int sample = samples[i * channels + (channels < 3 ? 0 : c)];
                expected[3 * i + c] = (byte) switch (colourType) {
                    case 0 -> depth == 16 ? Math.min(sample, 255) : sample * 255 / ((1 << depth) - 1);
                    case 3 -> 3 * sample < palette.length ? palette[3 * sample + c] : sample;
                    default -> depth == 16 ? sample >> 8 : sample;
                };
            }
        }
        for (int interlace = 0; interlace < 2; interlace++) {
            byte[] plain = TestImages.png(11, 13, channels, samples, depth, colourType, interlace, extra);
            assertArrayEquals(expected, ImageDecoder.decode("plain.png", plain).pixels());
            byte[] corrected = TestImages.png(11, 13, channels, samples, depth, colourType, interlace, gamma, extra);
            assertArrayEquals(expected, ImageDecoder.decode("gamma.png", corrected).pixels());
        }
    }

    @Test
    void whatIsBesideThePictureInAPngDoesNotMatter() throws Exception {
        byte[] profile = TestImages.chunk("iCCP", "broken profile".getBytes(StandardCharsets.US_ASCII));
        byte[] words = TestImages.chunk("zTXt", new byte[] {'a', 0, 0, 9, 9, 9});
        words[words.length - 1] ^= 1; // also a wrong checksum
        byte[] png = TestImages.png(1, 3, 1, new int[] {7, 8, 9}, 8, 0, 0, profile, words);
        assertArrayEquals(greys(7, 8, 9), ImageDecoder.decode("a.png", png).pixels());
    }

    @Test
    void whatIsBesideThePictureInAJpegDoesNotMatter() throws Exception {
        byte[] jpeg = TestImages.encoded("jpg", 20, 30);
        byte[] expected = ImageDecoder.decode("a.jpg", jpeg).pixels();
        byte[] profile = "ICC_PROFILE\0\1\1 broken".getBytes(StandardCharsets.US_ASCII);
        assertArrayEquals(expected, ImageDecoder.decode("b.jpg", TestImages.withSegment(jpeg, 0xE2, profile)).pixels());
        assertArrayEquals(expected, ImageDecoder.decode("c.jpg", TestImages.withSegment(jpeg, 0xE0, new byte[] {'J', 'F', 'X', 'X', 0, 16})).pixels());
        byte[] stray = TestImages.concat(Arrays.copyOf(jpeg, 2), new byte[] {1, 2, 3}, Arrays.copyOfRange(jpeg, 2, jpeg.length));
        stray[2] = (byte) 0xFF; // libjpeg skips stray bytes before a marker, and padding
        stray[3] = (byte) 0xFF;
        stray[4] = (byte) 0xFF;
        assertArrayEquals(expected, ImageDecoder.decode("d.jpg", stray).pixels());
        assertArrayEquals(expected, ImageDecoder.decode("e.jpg", TestImages.concat(jpeg, profile)).pixels());
    }

    @Test
    void grey16IsWhiteAboveAByteUnlessScaled() throws Exception {
        byte[] png = TestImages.png(1, 4, 1, new int[] {7, 255, 256, 0xABCD}, 16, 0, 0);
        assertArrayEquals(greys(7, 255, 255, 255), ImageDecoder.decode("grey.png", png).pixels());
        assertArrayEquals(greys(0, 0, 1, 0xAB),
                ImageDecoder.decode("grey.png", png, DecodeOptions.DEFAULT.withScaleGrey16(true)).pixels());
    }

    private static byte[] greys(int... values) {
        byte[] rgb = new byte[3 * values.length];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) values[i / 3];
        }
        return rgb;
    }

    @Property(tries = 40)
    void jpegColoursAreLibjpegs(@ForAll @IntRange(min = 1, max = 40) int height, @ForAll @IntRange(min = 1, max = 40) int width,
            @ForAll boolean progressive) throws Exception {
        byte[] jpeg = TestImages.encoded("jpg", TestImages.scene(height, width, BufferedImage.TYPE_3BYTE_BGR), progressive);
        BufferedImage expected = ImageIO.read(new ByteArrayInputStream(jpeg));
        assertArrayEquals(TestImages.rgb(expected).pixels(), ImageDecoder.decode("a.jpg", jpeg).pixels());
    }

    @Test
    void greyJpegIsNotColourManaged() throws Exception {
        BufferedImage grey = TestImages.scene(20, 30, BufferedImage.TYPE_BYTE_GRAY);
        byte[] jpeg = TestImages.encoded("jpg", grey, false);
        int[] stored = ImageIO.read(new ByteArrayInputStream(jpeg)).getRaster().getPixels(0, 0, 30, 20, (int[]) null);
        assertArrayEquals(greys(stored), ImageDecoder.decode("grey.jpg", jpeg).pixels());
    }

    /** The expected colours follow the rules of libjpeg's default_decompress_parms. */
    @ParameterizedTest
    @CsvSource({"1,false,-1,GREY", "3,true,-1,YCC", "3,true,0,YCC", "3,false,0,RGB", "3,false,1,YCC", "3,false,2,YCC", "3,false,-1,YCC",
        "4,false,-1,CMYK", "4,false,0,CMYK", "4,false,1,YCCK", "4,false,2,YCCK"})
    void markersDecideWhatJpegComponentsMean(int components, boolean jfif, int adobe, JpegColour expected) {
        int[] ids = {1, 2, 3, 4};
        assertEquals(expected, JpegColour.of(Arrays.copyOf(ids, components), jfif, adobe));
        if (components == 3) {
            assertEquals(adobe == 0 && !jfif || adobe < 0 && !jfif ? JpegColour.RGB : expected,
                    JpegColour.of(new int[] {'R', 'G', 'B'}, jfif, adobe));
        }
    }

    /** Inks, and the colours to which Pillow 9.4 converts them. */
    @ParameterizedTest
    @CsvSource({"0,0,0,0,255,255,255", "255,0,0,0,0,255,255", "0,0,0,255,0,0,0", "10,20,30,40,207,198,190", "128,64,200,99,78,117,34",
        "255,255,255,1,0,0,0", "1,2,3,254,1,1,1", "77,177,27,127,89,39,114"})
    void inksBecomePillowsColours(int c, int m, int y, int k, int red, int green, int blue) throws Exception {
        byte[] stored = new byte[8 * 8 * 4]; // at quality 1, a JPEG still keeps a block of one colour exactly
        for (int i = 0; i < stored.length; i += 4) {
            stored[i] = (byte) (255 - c);
            stored[i + 1] = (byte) (255 - m);
            stored[i + 2] = (byte) (255 - y);
            stored[i + 3] = (byte) (255 - k);
        }
        byte[] jpeg = TestImages.fourComponentJpeg(8, 8, stored);
        byte[] expected = {(byte) red, (byte) green, (byte) blue};
        for (byte[] file : new byte[][] {jpeg, TestImages.withAdobe(jpeg, 0)}) {
            RgbImage image = ImageDecoder.decode("cmyk.jpg", file);
            assertArrayEquals(expected, Arrays.copyOf(image.pixels(), 3));
        }
        // The same components count as Y, Cb and Cr of the inverted inks. They are grey where Cb and Cr are 128.
        byte[] neutral = stored.clone();
        for (int i = 0; i < stored.length; i += 4) {
            neutral[i + 1] = (byte) 128;
            neutral[i + 2] = (byte) 128;
        }
        RgbImage ycck = ImageDecoder.decode("ycck.jpg", TestImages.withAdobe(TestImages.fourComponentJpeg(8, 8, neutral), 2));
        // libjpeg turns Y into the ink 255 − Y, and Pillow inverts that again
        int ink = Math.round((255 - c) * (255 - k) / 255f);
        assertEquals(255 - k - ink, ycck.sample(0, 0, 0), 1);
    }

    @Test
    void firstFrameOfAGifLiesOnItsScreen() throws Exception {
        byte[] gif = TestImages.encoded("gif", 6, 9);
        RgbImage frame = ImageDecoder.decode("a.gif", gif);
        assertArrayEquals(TestImages.rgb(ImageIO.read(new ByteArrayInputStream(gif))).pixels(), frame.pixels());

        int image = 13 + (gif[10] < 0 ? 3 << (gif[10] & 7) + 1 : 0);
        while (gif[image] != 0x2C) {
            image++;
        }
        byte[] placed = gif.clone();
        placed[6] = 20; // screen 20×15, the frame at column 3, row 4
        placed[8] = 15;
        placed[image + 1] = 3;
        placed[image + 3] = 4;
        RgbImage screen = ImageDecoder.decode("b.gif", placed);
        assertEquals(20, screen.width());
        assertEquals(15, screen.height());
        assertArrayEquals(frame.pixels(), Resample.crop(screen, 4, 3, 6, 9).pixels());
        assertEquals(screen.sample(0, 0, 1), screen.sample(14, 19, 1));
    }

    /** Noise fills the table of codes again and again, so that the codes are counted through full tables. */
    @Test
    void longGifsAreCountedThroughFullTables() throws Exception {
        BufferedImage noise = new BufferedImage(120, 100, BufferedImage.TYPE_BYTE_INDEXED);
        int[] places = new Random(3).ints(120 * 100, 0, 216).toArray();
        noise.getRaster().setPixels(0, 0, 120, 100, places);
        byte[] gif = TestImages.encoded("gif", noise, false);
        assertArrayEquals(TestImages.rgb(noise).pixels(), ImageDecoder.decode("noise.gif", gif).pixels());
    }

    @Test
    void bitmapsOfEveryDepthAreRead() throws Exception {
        assertArrayEquals(TestImages.rgb(TestImages.scene(7, 5, BufferedImage.TYPE_3BYTE_BGR)).pixels(),
                ImageDecoder.decode("24.bmp", TestImages.encoded("bmp", 7, 5)).pixels());

        ByteBuffer two = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN); // rows of two pixels, the lower row first
        two.putShort((short) (1 << 10 | 2 << 5 | 3)).putShort((short) (31 << 10)).putShort((short) 0).putShort((short) 0x7FFF);
        byte[] up = {0, 0, 0, (byte) 255, (byte) 255, (byte) 255, 8, 16, 24, (byte) 255, 0, 0};
        assertArrayEquals(up, ImageDecoder.decode("555.bmp", TestImages.bmp(2, 2, 16, 0, new byte[0], two.array())).pixels());
        byte[] down = {8, 16, 24, (byte) 255, 0, 0, 0, 0, 0, (byte) 255, (byte) 255, (byte) 255};
        assertArrayEquals(down, ImageDecoder.decode("top.bmp", TestImages.bmp(-2, 2, 16, 0, new byte[0], two.array())).pixels());

        ByteBuffer masks = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN).putInt(0xF800).putInt(0x7E0).putInt(0x1F);
        byte[] pixel = {(byte) 0x41, (byte) 0x08, 0, 0}; // 1, 2, 1
        assertArrayEquals(new byte[] {8, 8, 8}, ImageDecoder.decode("565.bmp", TestImages.bmp(1, 1, 16, 3, masks.array(), pixel)).pixels());

        byte[] ramp = new byte[1024]; // a palette that looks like a grey ramp, but runs downwards
        for (int i = 0; i < 1024; i++) {
            ramp[i] = (byte) (255 - i / 4);
        }
        assertArrayEquals(greys(255, 254, 100), ImageDecoder.decode("ramp.bmp",
                TestImages.bmp(1, 3, 8, 0, ramp, new byte[] {0, 1, (byte) 155, 0})).pixels());
        byte[] colours = {1, 2, 3, 0, 40, 50, 60, 0}; // blue, green, red, nothing
        assertArrayEquals(new byte[] {60, 50, 40, 3, 2, 1}, ImageDecoder.decode("colours.bmp",
                TestImages.bmp(1, 2, 4, 0, Arrays.copyOf(colours, 64), new byte[] {0x10, 0, 0, 0})).pixels());
        assertArrayEquals(greys(254, 255, 255, 254, 255), ImageDecoder.decode("1.bmp",
                TestImages.bmp(1, 5, 1, 0, Arrays.copyOf(ramp, 8), new byte[] {(byte) 0b10010000, 0, 0, 0})).pixels());
    }

    /** Some programs leave the size of the run lengths out, and some get it wrong; the runs end by themselves. */
    @Test
    void theSizeOfRunLengthsInABitmapDoesNotMatter() throws Exception {
        ByteArrayOutputStream runs = new ByteArrayOutputStream();
        for (int row = 0; row < 5; row++) {
            runs.writeBytes(new byte[] {3, (byte) row, 0, 0}); // three pixels, end of the row
        }
        runs.writeBytes(new byte[] {0, 1}); // end of the picture
        byte[] palette = new byte[1024];
        for (int i = 0; i < 256; i++) {
            Arrays.fill(palette, 4 * i, 4 * i + 3, (byte) (10 * i));
        }
        byte[] file = TestImages.bmp(5, 3, 8, 1, palette, runs.toByteArray());
        byte[] expected = greys(40, 40, 40, 30, 30, 30, 20, 20, 20, 10, 10, 10, 0, 0, 0); // the bottom row comes first
        for (int size : new int[] {runs.size(), 0, 4, 1000, Integer.MAX_VALUE, -1}) {
            ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putInt(34, size);
            assertArrayEquals(expected, ImageDecoder.decode("runs.bmp", file).pixels(), "size " + size);
        }
    }

    @Test
    void webpIsReadThroughThePlugin() throws Exception {
        byte[] expected = new byte[7 * 5 * 3];
        for (int i = 0; i < 35; i++) {
            int y = i / 7;
            int x = i % 7;
            expected[3 * i] = (byte) (x * 37 + y * 11);
            expected[3 * i + 1] = (byte) (x * 5 + y * 50);
            expected[3 * i + 2] = (byte) (200 - x * 20 - y * 7);
        }
        RgbImage upright = new RgbImage(5, 7, expected);
        assertArrayEquals(expected, ImageDecoder.decode("a.webp", Base64.getDecoder().decode(LOSSLESS_WEBP)).pixels());
        RgbImage turned = ImageDecoder.decode("b.webp", Base64.getDecoder().decode(TURNED_WEBP));
        assertEquals(7, turned.height());
        assertArrayEquals(Orientation.apply(upright, 6).pixels(), turned.pixels());
        assertFalse(PluginReader.ofPlugin("png").isPresent());
    }

    @Test
    void readerThatInsistsAtTheEndIsStopped() throws Exception {
        try (ByteArrayImageInput input = new ByteArrayImageInput(new byte[] {5}, 2, AllocationLimit.none())) {
            assertEquals(5, input.read());
            assertEquals(2, input.read(new byte[9], 0, 9)); // the zeros that follow
            assertEquals(-1, input.read());
            assertThrows(UncheckedIOException.class, () -> {
                for (int i = 0; i < 2000; i++) {
                    input.read(new byte[8], 0, 8);
                }
            });
        }
    }

    @Test
    void pluginsDoNotDecideWhatTheJdkReads() {
        for (String format : new String[] {"jpeg", "png", "gif", "bmp"}) {
            assertEquals("java.desktop", PluginReader.ofJdk(format).getClass().getModule().getName());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void exifTurnsThePictureUnlessTold(int orientation) throws Exception {
        byte[] jpeg = TestImages.encoded("jpg", 24, 40);
        RgbImage stored = ImageDecoder.decode("a.jpg", jpeg);
        byte[] exif = TestImages.exif(orientation % 2 == 0, orientation);
        byte[] turned = TestImages.withExif(jpeg, exif);
        assertArrayEquals(Orientation.apply(stored, orientation).pixels(), ImageDecoder.decode("b.jpg", turned).pixels());
        assertArrayEquals(stored.pixels(),
                ImageDecoder.decode("b.jpg", turned, DecodeOptions.DEFAULT.withApplyOrientation(false)).pixels());
        byte[] png = TestImages.png(2, 3, 1, new int[] {1, 2, 3, 4, 5, 6}, 8, 0, 0, TestImages.chunk("eXIf", exif));
        RgbImage grey = new RgbImage(2, 3, greys(1, 2, 3, 4, 5, 6));
        assertArrayEquals(Orientation.apply(grey, orientation).pixels(), ImageDecoder.decode("c.png", png).pixels());
    }

    @Test
    void limitsAreTheCallers() {
        byte[] png = TestImages.encoded("png", 10, 10);
        InputException pixels = assertThrows(InputException.class,
                () -> ImageDecoder.decode("a.png", png, DecodeOptions.DEFAULT.withMaxPixels(99)));
        assertTrue(pixels.getMessage().contains("expected at most 99 pixels; found 10×10"), pixels.getMessage());
        InputException bytes = assertThrows(InputException.class,
                () -> ImageDecoder.decode("a.png", png, DecodeOptions.DEFAULT.withMaxFileBytes(png.length - 1)));
        assertTrue(bytes.getMessage().contains("the image file is too large"), bytes.getMessage());
        assertThrows(IllegalArgumentException.class, () -> DecodeOptions.DEFAULT.withMaxFileBytes(0));
        assertThrows(IllegalArgumentException.class, () -> DecodeOptions.DEFAULT.withMaxPixels(1L << 40));
    }

    @Test
    void filesAreReadWithinLimits(@TempDir Path folder) throws Exception {
        Path file = Files.write(folder.resolve("photo.dat"), TestImages.encoded("jpg", 12, 10));
        RgbImage image = ImageDecoder.decode(file);
        assertEquals(file.toString(), image.source());
        assertThrows(InputException.class, () -> ImageDecoder.decode(file, DecodeOptions.DEFAULT.withMaxFileBytes(10)));
        assertThrows(InputException.class, () -> ImageDecoder.decode(folder));
        assertThrows(InputException.class, () -> ImageDecoder.decode(folder.resolve("absent.png")));
    }
}
