package vit.model.image.format;

import static vit.model.image.format.TestImages.chunk;
import static vit.model.image.format.TestImages.concat;
import static vit.model.image.format.TestImages.header;
import static vit.model.image.format.TestImages.png;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import java.util.zip.Deflater;

/** Images that cost far more to decode than their size suggests. Their files have a few bytes to some megabytes. */
final class ImageBombs {

    private static final byte[] END = chunk("IEND", new byte[0]);
    private static final byte[] SMALL = chunk("IDAT", TestImages.deflate(new byte[8 * 25])); // 8×8 RGB

    private ImageBombs() {}

    /** All of them by name. Each is made only when it is asked for. */
    static Map<String, Supplier<byte[]>> all() {
        Map<String, Supplier<byte[]>> all = new LinkedHashMap<>();
        pngs(all);
        jpegs(all);
        webps(all);
        others(all);
        return all;
    }

    private static void pngs(Map<String, Supplier<byte[]>> all) {
        for (int side : new int[] {3000, 5600, 6900, 10_000}) {
            for (int interlace = 0; interlace < 2; interlace++) {
                int passes = interlace;
                all.put("png-bits-" + side + "-" + passes, () -> flatPng(side, 1, 0, passes));
                all.put("png-grey-" + side + "-" + passes, () -> flatPng(side, 8, 0, passes));
                all.put("png-rgb-" + side + "-" + passes, () -> flatPng(side, 8, 2, passes));
                all.put("png-rgba16-" + side + "-" + passes, () -> flatPng(side, 16, 6, passes));
            }
        }
        all.put("png-much-data", () -> png(header(8, 8, 8, 2, 0), chunk("IDAT", zeros(300_000_000)), END));
        all.put("png-empty-data-chunks", () -> png(header(8, 8, 8, 2, 0), repeat(chunk("IDAT", new byte[0]), 500_000), SMALL, END));
        all.put("png-text-chunks", () -> png(header(8, 8, 8, 2, 0), repeat(chunk("tEXt", new byte[] {'k', 0, 'v'}), 500_000), SMALL, END));
        byte[] xmp = repeat("tiff:Orientation=".getBytes(StandardCharsets.US_ASCII), 600_000);
        all.put("png-xmp-text", () -> png(header(8, 8, 8, 2, 0), chunk("tEXt", concat("XML:com.adobe.xmp\0".getBytes(StandardCharsets.US_ASCII), xmp)), SMALL, END));
        byte[] profile = "Raw profile type exif\0\nexif\n9\n".getBytes(StandardCharsets.US_ASCII);
        all.put("png-exif-text", () -> png(header(8, 8, 8, 2, 0), chunk("tEXt", concat(profile, repeat(new byte[] {'0'}, 10_000_000))), SMALL, END));
        byte[] keyword = "XML:com.adobe.xmp\0\0".getBytes(StandardCharsets.US_ASCII);
        all.put("png-packed-texts", () -> png(header(8, 8, 8, 2, 0), repeat(chunk("zTXt", concat(keyword, zeros(30_000_000))), 100), SMALL, END));
    }

    private static void jpegs(Map<String, Supplier<byte[]>> all) {
        for (int side : new int[] {512, 2000, 5200, 6900}) {
            for (int components : new int[] {1, 3, 4}) {
                all.put("jpeg-progressive-" + components + "-" + side + "-500", () -> progressive(side, components, 500));
                all.put("jpeg-progressive-" + components + "-" + side + "-20", () -> progressive(side, components, 20));
            }
        }
        byte[] jpeg = TestImages.encoded("jpg", 8, 8);
        all.put("jpeg-comments", () -> concat(Arrays.copyOf(jpeg, 2), repeat(new byte[] {-1, -2, 0, 2}, 1_000_000), Arrays.copyOfRange(jpeg, 2, jpeg.length)));
        all.put("jpeg-padding", () -> concat(Arrays.copyOf(jpeg, 2), repeat(new byte[] {-1}, 4_000_000), Arrays.copyOfRange(jpeg, 2, jpeg.length)));
        byte[] exif = concat("Exif\0\0".getBytes(StandardCharsets.US_ASCII), new byte[60_000]);
        all.put("jpeg-exif-segments", () -> {
            byte[] segment = concat(new byte[] {-1, (byte) 0xE1, (byte) (exif.length + 2 >> 8), (byte) (exif.length + 2)}, exif);
            return concat(Arrays.copyOf(jpeg, 2), repeat(segment, 500), Arrays.copyOfRange(jpeg, 2, jpeg.length));
        });
    }

    private static void webps(Map<String, Supplier<byte[]>> all) {
        all.put("webp-groups-16000", () -> riff("VP8L", groups(16_000)));
        all.put("webp-groups-65536", () -> riff("VP8L", groups(65_536)));
        byte[] lossy = {0x10, 0, 0, (byte) 0x9D, 1, 0x2A, (byte) 0xD0, 7, (byte) 0xD0, 7};
        all.put("webp-lossy-2000", () -> riff("VP8 ", concat(lossy, new byte[70_000])));
        all.put("webp-chunks", () -> {
            byte[] picture = riff("VP8L", groups(1));
            byte[] junk = repeat("JUNK\0\0\0\0".getBytes(StandardCharsets.US_ASCII), 500_000);
            byte[] file = concat(Arrays.copyOf(picture, 12), junk, Arrays.copyOfRange(picture, 12, picture.length));
            ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putInt(4, file.length - 8);
            return file;
        });
    }

    private static void others(Map<String, Supplier<byte[]>> all) {
        all.put("gif-blocks", () -> {
            byte[] gif = TestImages.encoded("gif", 8, 8); // has no global colour table, so its blocks begin at byte 13
            byte[] comment = repeat(new byte[] {0x21, -2, 1, 'x', 0}, 500_000);
            return concat(Arrays.copyOf(gif, 13), comment, Arrays.copyOfRange(gif, 13, gif.length));
        });
        byte[] codes = repeat(new byte[] {0x24, 0x49, (byte) 0x92}, 85); // only clear codes
        all.put("gif-clear-codes", () -> concat("GIF89a".getBytes(StandardCharsets.US_ASCII), new byte[] {100, 0, 100, 0, 0, 0, 0, 0x2C, 0, 0, 0, 0, 100, 0, 100, 0, 0, 2},
                repeat(concat(new byte[] {-1}, codes), 2000), new byte[] {0, 0x3B}));
        all.put("bmp-runs", () -> TestImages.bmp(9000, 9000, 8, 1, new byte[1024], repeat(new byte[] {-1, 0}, 400_000)));
        for (int side : new int[] {3000, 6000, 9000}) {
            all.put("tiff-deflate-" + side, () -> new TestTiff(true, side, side, 4, 16, 2).with(259, 8).strips(zeros(8L * side * side)).file());
            all.put("tiff-fax-" + side, () -> new TestTiff(true, side, side, 1, 1, 0).with(259, 4).strips(repeat(new byte[] {-1}, side / 8 + 1)).file());
        }
        all.put("tiff-tiles", () -> new TestTiff(true, 65, 65, 1, 8, 1).tiles(1, repeat2(new byte[1], 65 * 65)).file());
        all.put("tiff-large-tile", () -> new TestTiff(true, 2, 2, 4, 16, 2).with(259, 8).tiles(60_000, TestImages.deflate(new byte[100])).file());
        all.put("tiff-jpeg-scans", () -> new TestTiff(true, 2000, 2000, 1, 8, 1).with(259, 7).strips(progressive(2000, 1, 500)).file());
        all.put("ppm-text", () -> textBitmap(9000));
    }

    /** A square PBM in text form, in one array: the JVM that decodes it has little memory. */
    private static byte[] textBitmap(int side) {
        byte[] header = ("P1 " + side + " " + side + "\n").getBytes(StandardCharsets.US_ASCII);
        byte[] file = Arrays.copyOf(header, header.length + side * side);
        Arrays.fill(file, header.length, file.length, (byte) '1');
        return file;
    }

    /** A square PNG of zeros. */
    private static byte[] flatPng(int side, int depth, int colourType, int interlace) {
        int bits = depth * (colourType == 2 ? 3 : colourType == 6 ? 4 : 1);
        long raw = 0;
        int[][] passes = interlace == 0 ? new int[][] {{0, 0, 1, 1}}
                : new int[][] {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
        for (int[] pass : passes) {
            long columns = (side - pass[0] + pass[2] - 1) / pass[2];
            long rows = (side - pass[1] + pass[3] - 1) / pass[3];
            raw += rows * (1 + (columns * bits + 7) / 8);
        }
        return png(header(side, side, depth, colourType, interlace), chunk("IDAT", zeros(raw)), END);
    }

    private static byte[] zeros(long count) {
        try (Deflater deflater = new Deflater(Deflater.BEST_SPEED)) {
            byte[] piece = new byte[1 << 20];
            byte[] buffer = new byte[1 << 16];
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            long left = count;
            while (!deflater.finished()) {
                if (deflater.needsInput()) {
                    int next = (int) Math.min(left, piece.length);
                    deflater.setInput(piece, 0, next);
                    left -= next;
                    if (left == 0) {
                        deflater.finish();
                    }
                }
                out.write(buffer, 0, deflater.deflate(buffer));
            }
            return out.toByteArray();
        }
    }

    private static byte[] repeat(byte[] piece, int times) {
        byte[] out = new byte[piece.length * times];
        for (int i = 0; i < times; i++) {
            System.arraycopy(piece, 0, out, i * piece.length, piece.length);
        }
        return out;
    }

    private static byte[][] repeat2(byte[] piece, int times) {
        byte[][] out = new byte[times][];
        Arrays.fill(out, piece);
        return out;
    }

    /**
     * A progressive JPEG of one colour: one DC scan per component, then AC scans of runs that each say "no change" to up to 32767 blocks in 15
     * bits.
     */
    static byte[] progressive(int side, int components, int scans) {
        int blocks = ((side + 7) / 8) * ((side + 7) / 8);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {-1, (byte) 0xD8, -1, (byte) 0xDB, 0, 67, 0});
        out.writeBytes(repeat(new byte[] {1}, 64));
        out.writeBytes(new byte[] {-1, (byte) 0xC2, 0, (byte) (8 + 3 * components), 8, (byte) (side >> 8), (byte) side, (byte) (side >> 8), (byte) side, (byte) components});
        for (int c = 1; c <= components; c++) {
            out.writeBytes(new byte[] {(byte) c, 0x11, 0});
        }
        out.writeBytes(table(0x00, 0x00, 0x01)); // DC: 0 is "no difference"
        out.writeBytes(table(0x10, 0xE0, 0x00)); // AC: 0 and 14 bits begin a run of blocks; 10 is the end of one block
        for (int scan = 0; scan < scans; scan++) {
            boolean dc = scan < components;
            out.writeBytes(new byte[] {-1, (byte) 0xDA, 0, 8, 1, (byte) (1 + scan % components), 0, (byte) (dc ? 0 : 1), (byte) (dc ? 0 : 63), 0});
            out.writeBytes(dc ? new byte[blocks / 8 + 1] : runs(blocks));
        }
        out.writeBytes(new byte[] {-1, (byte) 0xD9});
        return out.toByteArray();
    }

    /** A Huffman table with one code of one bit and one of two bits. */
    private static byte[] table(int kind, int first, int second) {
        byte[] table = new byte[4 + 17 + 2];
        table[0] = -1;
        table[1] = (byte) 0xC4;
        table[3] = 21;
        table[4] = (byte) kind;
        table[5] = 1;
        table[6] = 1;
        table[21] = (byte) first;
        table[22] = (byte) second;
        return table;
    }

    private static byte[] runs(int blocks) {
        Bits bits = new Bits(true);
        int left = blocks;
        while (left > 0) {
            if (left >= 1 << 14) {
                int run = Math.min(left, (1 << 15) - 2); // the longest possible run would contain a byte of ones
                bits.put(0, 1);
                bits.put(run - (1 << 14), 14);
                left -= run;
            } else {
                bits.put(2, 2);
                left--;
            }
        }
        return bits.bytes();
    }

    /**
     * A lossless picture of 16×16 pixels. Each of its sixteen blocks refers to the last of {@code count} groups, and each group has five codes
     * of one symbol.
     */
    static byte[] groups(int count) {
        Bits bits = new Bits(false);
        bits.put(0x2F, 8);
        bits.put(15, 14);
        bits.put(15, 14);
        bits.put(0, 4); // no alpha, version 0
        bits.put(0, 2); // no transform, no colour cache
        bits.put(1, 1); // an image of groups
        bits.put(0, 3); // for blocks of 4×4
        bits.put(0, 1); // without colour cache
        for (int symbol : new int[] {count - 1 & 255, count - 1 >> 8, 0, 0, 0}) {
            bits.put(1, 2);
            bits.put(symbol < 2 ? 0 : 1, 1);
            bits.put(symbol, symbol < 2 ? 1 : 8);
        }
        for (int code = 0; code < 5 * count; code++) {
            bits.put(1, 4); // a simple code of one symbol, which is 0
        }
        return bits.bytes();
    }

    private static byte[] riff(String type, byte[] content) {
        int padded = content.length + 1 & ~1;
        return ByteBuffer.allocate(20 + padded).order(ByteOrder.LITTLE_ENDIAN).put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(12 + padded)
                .put("WEBP".getBytes(StandardCharsets.US_ASCII)).put(type.getBytes(StandardCharsets.US_ASCII)).putInt(content.length).put(content).array();
    }

    /**
     * Packs bits into bytes. In JPEG the first bit is the highest, and a zero byte follows each byte of ones; in WebP the first bit is the
     * lowest.
     */
    private static final class Bits {

        private final boolean highFirst;
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();
        private long held;
        private int count;

        Bits(boolean highFirst) {
            this.highFirst = highFirst;
        }

        void put(int value, int bits) {
            held = highFirst ? held << bits | value : held | (long) value << count;
            count += bits;
            while (count >= 8) {
                int next = (int) (highFirst ? held >> count - 8 : held) & 0xFF;
                out.write(next);
                if (highFirst && next == 0xFF) {
                    out.write(0);
                }
                held = highFirst ? held & (1L << count - 8) - 1 : held >> 8;
                count -= 8;
            }
        }

        byte[] bytes() {
            if (count > 0) {
                put(highFirst ? (1 << 8 - count) - 1 : 0, 8 - count);
            }
            return out.toByteArray();
        }
    }
}
