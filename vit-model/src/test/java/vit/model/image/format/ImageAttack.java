package vit.model.image.format;

import com.sun.management.ThreadMXBean;
import java.awt.image.BufferedImage;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32;
import vit.model.InputException;
import vit.model.image.RgbImage;

/**
 * Changes small images of every format and decodes the result. Whatever is changed, the answer must be an image or an {@link InputException}
 * of one line, and it must come soon and at little cost. If a checksum or a count vouches for the pixels, an image that is accepted must have
 * the pixels of the unchanged one.
 */
public final class ImageAttack {

    /** A lossy WebP of 16×16 pixels, made by libwebp. */
    private static final String LOSSY_WEBP = "UklGRqwAAABXRUJQVlA4IKAAAABQAQCdASoQABAABUB8JaQABYwAAOQ+kTUYWbt89wf/ttufDexz8L2bnDf7LOASjBa1xdmag2Bc7JGvx/3b/Sfvmdtr0cKy"
            + "GXt7ZK15pXsoKHm7sw8qQpNk9Tz9P+37o59xMqzHjTdCreJpuXMsfpOx/n0XXwWl+ca/QZyTnf9dEJ7X6ufi+v+wDXmJf57UYvS5hGgO3Mhcds+2KYh6CAAA";
    private static final String LOSSLESS_WEBP = "UklGRjYAAABXRUJQVlA4TCkAAAAvBgABAImM6H8sovDR/4CCtm2YttsIjT+8z0AsmOL9cXTk/5gAEC+zLwA=";
    private static final String TURNED_WEBP = "UklGRmwAAABXRUJQVlA4WAoAAAAYAAAABgAABAAAVlA4TCsAAAAvBgABEJmM6H9sovDR/4CCtm2YttsIjT+8z0AsmOL9cXTk/"
            + "3GaADCuzHoBAEVYSUYaAAAATU0AKgAAAAgAAQESAAMAAAABAAYAAAAAAAA=";

    /** The limits are so small that a million images pass in an hour. They are far above what the unchanged images need. */
    private static final DecodeOptions OPTIONS = DecodeOptions.DEFAULT.withMaxPixels(1 << 20).withMaxMemoryBytes(24 << 20);

    /** The limit of allocation includes a decoder's own buffers and garbage, which the estimate does not: a lossy WebP makes 130 bytes per pixel. */
    private static final long MOST_BYTES = 256 << 20;

    private static final long MOST_NANOS = 10_000_000_000L;

    private static final int SPLICE = 6;
    private static final int[] EDGES = {0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 129, 192, 254, 255};

    private final Map<String, byte[]> originals = originals();
    private final List<String> names = List.copyOf(originals.keySet());
    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private int accepted;
    private long worstNanos;
    private long worstBytes;

    /** A summary for the console. */
    String report() {
        return accepted + " accepted; at worst " + worstNanos / 1_000_000 + " ms and " + (worstBytes >> 10) + " KiB for one";
    }

    /** Sound images of every format, by their names. */
    public static Map<String, byte[]> originals() {
        Map<String, byte[]> all = new LinkedHashMap<>();
        all.put("baseline.jpg", TestImages.encoded("jpg", 30, 20));
        all.put("progressive.jpg", TestImages.encoded("jpg", TestImages.scene(30, 20, BufferedImage.TYPE_3BYTE_BGR), true));
        all.put("grey.jpg", TestImages.encoded("jpg", TestImages.scene(30, 20, BufferedImage.TYPE_BYTE_GRAY), false));
        all.put("cmyk.jpg", TestImages.withAdobe(TestImages.fourComponentJpeg(16, 16, new byte[1024]), 2));
        all.put("scans.jpg", ImageBombs.progressive(64, 3, 12));
        all.put("turned.jpg", TestImages.withExif(TestImages.encoded("jpg", 9, 9), TestImages.exif(true, 6)));
        for (int[] kind : new int[][] {{0, 1, 1}, {0, 16, 1}, {2, 8, 3}, {3, 4, 1}, {4, 8, 2}, {6, 16, 4}}) {
            int[] samples = new Random(kind[0]).ints(11 * 13 * kind[2], 0, 1 << kind[1]).toArray();
            byte[] palette = kind[0] == 3 ? TestImages.chunk("PLTE", new byte[30]) : new byte[0];
            byte[] text = TestImages.chunk("tEXt", "XML:com.adobe.xmp\0tiff:Orientation=\"6\"".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            for (int interlace = 0; interlace < 2; interlace++) {
                all.put("type" + kind[0] + "-" + kind[1] + "-" + interlace + ".png",
                        TestImages.png(11, 13, kind[2], samples, kind[1], kind[0], interlace, palette, text, TestImages.chunk("eXIf", TestImages.exif(false, 3))));
            }
        }
        all.put("a.gif", TestImages.encoded("gif", 30, 20));
        all.put("rgb.bmp", TestImages.encoded("bmp", 30, 20));
        all.put("runs.bmp", TestImages.bmp(1, 4, 8, 1, new byte[1024], new byte[] {4, 9, 0, 0, 0, 1}));
        all.put("masks.bmp", TestImages.bmp(2, 2, 16, 3, new byte[] {0, (byte) 0xF8, 0, 0, (byte) 0xE0, 7, 0, 0, 0x1F, 0, 0, 0}, new byte[8]));
        all.put("lossless.webp", Base64.getDecoder().decode(LOSSLESS_WEBP));
        all.put("turned.webp", Base64.getDecoder().decode(TURNED_WEBP));
        all.put("lossy.webp", Base64.getDecoder().decode(LOSSY_WEBP));
        byte[] pixels = new byte[16 * 16 * 3];
        new Random(8).nextBytes(pixels);
        all.put("plain.tif", new TestTiff(true, 16, 16, 3, 8, 2).with(274, 6).strips(pixels).file());
        all.put("deflated.tif", new TestTiff(false, 16, 16, 3, 8, 2).with(259, 8).with(317, 2).strips(TestImages.deflate(pixels)).file());
        all.put("tiles.tif", new TestTiff(true, 20, 20, 1, 8, 1).tiles(16, pixels, pixels, pixels, pixels).file());
        all.put("fax.tif", new TestTiff(true, 4, 16, 1, 1, 0).with(259, 4).strips(new byte[] {-1, -1}).file());
        all.put("packed.tif", new TestTiff(true, 1, 8, 1, 8, 1).with(259, 32773).strips(new byte[] {-7, 5}).file());
        all.put("jpeg.tif", new TestTiff(true, 16, 16, 1, 8, 1).with(259, 7).strips(ImageBombs.progressive(16, 1, 3)).file());
        all.put("palette.tif", new TestTiff(false, 2, 2, 1, 4, 3).with(320, new long[48]).strips(new byte[] {0x12, 0x34}).file());
        all.put("binary.ppm", TestImages.concat("P6 4 4 255\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII), new byte[48]));
        all.put("text.pgm", "P2 # c\n3 2\n1000\n1 2 3 4 1000 5".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        all.put("bits.pbm", "P1 4 2\n0110 1001".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        return all;
    }

    /**
     * Runs one attack.
     *
     * @throws AssertionError if a rule is broken, with the seed and the bytes
     */
    void attack(long seed) {
        Random random = new Random(seed);
        String name = names.get(random.nextInt(names.size()));
        byte[] original = originals.get(name);
        byte[] changed = original;
        boolean cut = random.nextInt(8) == 0;
        boolean spliced = false;
        boolean mended = name.endsWith(".png") && random.nextBoolean();
        if (cut) {
            changed = Arrays.copyOf(original, random.nextInt(original.length));
        } else {
            for (int i = 1 + random.nextInt(4); i > 0; i--) {
                int kind = random.nextInt(8);
                spliced |= kind == SPLICE;
                changed = changed(changed, kind, random);
            }
            changed = mended ? withRightChecksums(changed) : changed;
        }
        try {
            judge(name, changed, cut || name.endsWith(".png") && !mended && !spliced && changed.length == original.length ? original : null);
        } catch (AssertionError e) {
            throw new AssertionError("seed " + seed + ": " + e.getMessage() + "; the file is " + HexFormat.of().formatHex(changed), e);
        }
    }

    /**
     * Decodes a file and checks the answer.
     *
     * @param vouched the file whose pixels an accepted image must have; null if nothing vouches for them
     */
    public void judge(String name, byte[] file, byte[] vouched) {
        long bytes = threads.getCurrentThreadAllocatedBytes();
        long nanos = threads.getCurrentThreadCpuTime();
        RgbImage image = null;
        try {
            image = ImageDecoder.decode(name, file, OPTIONS);
        } catch (InputException e) {
            check(e.getMessage().lines().count() == 1, "a message of several lines: " + e.getMessage());
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
            throw new AssertionError(name + ": " + e, e);
        }
        nanos = threads.getCurrentThreadCpuTime() - nanos;
        bytes = threads.getCurrentThreadAllocatedBytes() - bytes;
        worstNanos = Math.max(worstNanos, nanos);
        worstBytes = Math.max(worstBytes, bytes);
        check(nanos < MOST_NANOS, name + " took " + nanos / 1_000_000 + " ms");
        check(bytes < MOST_BYTES, name + " allocated " + bytes + " bytes");
        if (image == null) {
            return;
        }
        accepted++;
        if (vouched != null) {
            check(Arrays.equals(upright(vouched), upright(file)), name + " was accepted with other pixels");
        }
    }

    /** The pixels as they are stored. Their orientation is not applied, because metadata may change without harm. */
    private static byte[] upright(byte[] file) {
        try {
            return ImageDecoder.decode("a file", file, OPTIONS.withApplyOrientation(false)).pixels();
        } catch (InputException e) {
            throw new AssertionError("refused the second time: " + e.getMessage(), e);
        }
    }

    private static void check(boolean holds, String message) {
        if (!holds) {
            throw new AssertionError(message);
        }
    }

    private byte[] changed(byte[] file, int kind, Random random) {
        if (file.length < 4) {
            return file;
        }
        byte[] out = file.clone();
        int range = random.nextInt(3) > 0 ? Math.min(96, file.length) : file.length; // mostly headers
        int at = random.nextInt(range);
        switch (kind) {
            case 0 -> out[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> out[at] = (byte) random.nextInt(256);
            case 2 -> out[at] = (byte) EDGES[random.nextInt(EDGES.length)];
            case 3 -> { // a number of two or four bytes
                for (int i = at; i < Math.min(at + (random.nextBoolean() ? 2 : 4), out.length); i++) {
                    out[i] = (byte) EDGES[random.nextInt(EDGES.length)];
                }
            }
            case 4 -> { // repeats some bytes
                int count = 1 + random.nextInt(Math.min(64, file.length - at));
                out = TestImages.concat(Arrays.copyOf(file, at + count), Arrays.copyOfRange(file, at, file.length));
            }
            case 5 -> { // removes some bytes
                int count = 1 + random.nextInt(Math.min(16, file.length - at));
                out = TestImages.concat(Arrays.copyOf(file, at), Arrays.copyOfRange(file, at + count, file.length));
            }
            case SPLICE -> { // takes the end of another file
                byte[] other = originals.get(names.get(random.nextInt(names.size())));
                out = TestImages.concat(Arrays.copyOf(file, at), Arrays.copyOfRange(other, Math.min(at, other.length), other.length));
            }
            default -> { // exchanges two bytes
                int with = random.nextInt(file.length);
                out[at] = file[with];
                out[with] = file[at];
            }
        }
        return out;
    }

    /** Gives the chunks of a PNG right checksums, as far as the chunks can be followed. A change then gets past the checksums. */
    public static byte[] withRightChecksums(byte[] png) {
        ByteBuffer out = ByteBuffer.wrap(png.clone());
        int at = 8;
        while (at + 12 <= png.length) {
            int length = out.getInt(at);
            if (length < 0 || length > png.length - at - 12) {
                break;
            }
            CRC32 crc = new CRC32();
            crc.update(png, at + 4, length + 4);
            out.putInt(at + 8 + length, (int) crc.getValue());
            at += 12 + length;
        }
        return out.array();
    }
}
