package vit.model.image.format;

import static vit.model.image.format.TestImages.chunk;
import static vit.model.image.format.TestImages.concat;
import static vit.model.image.format.TestImages.header;
import static vit.model.image.format.TestImages.png;

import java.awt.image.BufferedImage;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Files that are no usable images, each broken in its own way. The tests of the decoder and of the command line use them. */
public final class BrokenImages {

    /**
     * One of them.
     *
     * @param fileName the name that it would have on disk; some names do not fit the content
     * @param bytes    the file
     * @param rule     what the message must say
     */
    public record Broken(String fileName, byte[] bytes, String rule) {
        @Override
        public String toString() {
            return fileName;
        }
    }

    private static final byte[] END = chunk("IEND", new byte[0]);

    private BrokenImages() {}

    /** All of them. */
    public static List<Broken> all() {
        List<Broken> all = new ArrayList<>();
        notImages(all);
        pngs(all);
        jpegs(all);
        gifs(all);
        bitmaps(all);
        webps(all);
        return all;
    }

    private static void notImages(List<Broken> all) {
        add(all, "empty.png", new byte[0], "found an empty file");
        add(all, "text.jpg", text("This is not a photo.\nIt only has its name.\n"), "found text that begins \"This is not a photo");
        add(all, "page.png", text("<!DOCTYPE html><html><body>404</body></html>"), "found text that begins \"<!DOCTYPE");
        add(all, "paper.jpg", text("%PDF-1.7\n%âãÏÓ\n1 0 obj"), "found a PDF document");
        add(all, "scan.jpg", text("II*\0\b\0\0\0\0\0"), "this kind of TIFF is not supported");
        add(all, "phone.jpg", text("\0\0\0\u0018ftypheic\0\0\0\0mif1heic"), "found a HEIC image");
        add(all, "archive.png", text("PK\3\4\24\0\0\0"), "found a ZIP archive");
        add(all, "zeros.bmp", new byte[100], "found unknown data");
        add(all, "letters.bmp", text("BMW is a maker of cars"), "found text that begins \"BMW");
    }

    private static void pngs(List<Broken> all) {
        byte[] whole = TestImages.encoded("png", 20, 30);
        byte[] bomb = png(header(20000, 20000, 8, 2, 0), chunk("IDAT", new byte[] {0x78, (byte) 0xDA, 3, 0, 0, 0, 0, 1}), END);
        add(all, "bomb.png", Arrays.copyOf(bomb, 69), "the image is too large"); // 20000×20000 in 69 bytes
        byte[] lie = png(header(9000, 9000, 8, 2, 0), chunk("IDAT", new byte[] {0x78, (byte) 0xDA, 3, 0, 0, 0, 0, 1}), END);
        add(all, "lie.png", lie, "the header claims more pixels than the file can hold");
        add(all, "endless.png", png(header(-1, 1, 8, 0, 0), chunk("IDAT", new byte[10]), END), "the image size is out of range");
        add(all, "zero.png", png(header(0, 7, 8, 0, 0), chunk("IDAT", new byte[10]), END), "the image size is out of range");
        add(all, "half.png", Arrays.copyOf(whole, whole.length / 2), "the image is truncated");
        byte[] flipped = whole.clone();
        flipped[whole.length / 2] ^= 1;
        add(all, "flipped.png", flipped, "the checksum of a PNG chunk does not match");
        add(all, "depth.png", png(header(4, 4, 3, 0, 0), chunk("IDAT", new byte[10]), END), "the PNG's header is unsound");
        add(all, "headless.png", png(chunk("IDAT", new byte[10]), END), "the PNG's chunks are out of order");
        add(all, "empty-picture.png", png(header(4, 4, 8, 0, 0), END), "the PNG holds no picture");
        byte[] rows = TestImages.deflate(new byte[5 * 2]); // two of four rows
        add(all, "rows-missing.png", png(header(4, 4, 8, 0, 0), chunk("IDAT", rows), END), "the image data is damaged");
        add(all, "colourless.png", png(header(4, 4, 8, 3, 0), chunk("IDAT", TestImages.deflate(new byte[20])), END), "the PNG has no palette");
        byte[] palette = png(header(4, 4, 8, 3, 0), chunk("PLTE", new byte[2]), chunk("IDAT", TestImages.deflate(new byte[20])), END);
        add(all, "palette.png", palette, "the PNG's palette is unsound");
        byte[] noise = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
        add(all, "not-deflate.png", png(header(4, 4, 8, 0, 0), chunk("IDAT", noise), END), "the image data is damaged");
    }

    private static void jpegs(List<Broken> all) {
        byte[] whole = TestImages.encoded("jpg", 40, 60);
        add(all, "half.jpg", Arrays.copyOf(whole, whole.length / 2), "the image is truncated");
        int scanData = find(whole, 0xDA) + 14;
        byte[] patched = Arrays.copyOf(whole, (scanData + whole.length) / 2); // the end marker amid the picture
        patched[patched.length - 2] = (byte) 0xFF;
        patched[patched.length - 1] = (byte) 0xD9;
        add(all, "patched.jpg", patched, "the image data is damaged");
        byte[] progressive = TestImages.encoded("jpg", TestImages.scene(40, 60, BufferedImage.TYPE_3BYTE_BGR), true);
        add(all, "progressive-without-end.jpg", Arrays.copyOf(progressive, progressive.length - 2), "the image is truncated");
        add(all, "start.jpg", Arrays.copyOf(whole, 3), "the image is truncated");
        add(all, "nothing.jpg", concat(Arrays.copyOf(whole, 2), new byte[] {(byte) 0xFF, (byte) 0xD9}), "the JPEG holds no picture");
        int frame = find(whole, 0xC0);
        add(all, "zero.jpg", with(whole, frame + 5, 0, 0), "the image size is out of range");
        add(all, "lie.jpg", with(whole, frame + 5, 0x20, 0, 0x20, 0), "the header claims more pixels than the file can hold");
        add(all, "huge.jpg", with(whole, frame + 5, 0xFF, 0xFF, 0xFF, 0xFF), "the image is too large");
        add(all, "12-bit.jpg", with(whole, frame + 4, 12), "this kind of JPEG is not supported");
        add(all, "arithmetic.jpg", with(whole, frame + 1, 0xC9), "this kind of JPEG is not supported");
        add(all, "two-components.jpg", with(whole, frame + 9, 2), "the JPEG's components are unsound");
        byte[] scan = {(byte) 0xFF, (byte) 0xDA, 0, 8, 1, 1, 0, 0, 63, 0};
        byte[] scans = Arrays.copyOf(whole, whole.length - 2);
        for (int i = 0; i < 500; i++) {
            scans = concat(scans, scan);
        }
        add(all, "many-scans.jpg", concat(scans, new byte[] {(byte) 0xFF, (byte) 0xD9}), "the JPEG has too many scans");
    }

    private static void gifs(List<Broken> all) {
        byte[] whole = TestImages.encoded("gif", 40, 60);
        add(all, "half.gif", Arrays.copyOf(whole, whole.length / 2), "the image is truncated");
        add(all, "header.gif", Arrays.copyOf(whole, 10), "the image is truncated");
        add(all, "nothing.gif", concat(text("GIF89a"), new byte[] {5, 0, 5, 0, 0, 0, 0, 0x3B}), "the GIF holds no picture");
        byte[] codes = {0x2C, 0, 0, 0, 0, 5, 0, 5, 0, 0, 2, 1, 0x2C, 0, 0x3B}; // one byte of codes for 25 pixels
        byte[] header = concat(text("GIF89a"), new byte[] {5, 0, 5, 0, 0, 0, 0});
        add(all, "incomplete.gif", concat(header, codes), "the GIF's picture is incomplete");
        codes[5] = 0;
        add(all, "flat.gif", concat(header, codes), "the GIF's frame is empty");
        add(all, "blocks.gif", concat(header, new byte[] {7}), "the image is truncated");
        byte[] screen = TestImages.encoded("gif", 2, 2);
        add(all, "screen.gif", with(screen, 6, 0xFF, 0x1F, 0xFF, 0x1F), "the header claims more pixels than the file can hold");
    }

    private static void bitmaps(List<Broken> all) {
        byte[] whole = TestImages.encoded("bmp", 40, 60);
        add(all, "half.bmp", Arrays.copyOf(whole, whole.length / 2), "the image is truncated");
        add(all, "header.bmp", Arrays.copyOf(whole, 30), "the image is truncated");
        add(all, "lie.bmp", with(whole, 18, 0, 32, 0, 0, 0, 32, 0, 0), "the image is truncated");
        add(all, "negative.bmp", with(whole, 18, 0xFF, 0xFF, 0xFF, 0xFF), "the image size is out of range");
        add(all, "depth.bmp", with(whole, 28, 7), "this kind of bitmap is not supported");
        add(all, "jpeg-inside.bmp", with(whole, 30, 4), "this kind of bitmap is not supported");
        add(all, "run-length.bmp", TestImages.bmp(3000, 3000, 8, 1, new byte[1024], new byte[] {9, 1, 0, 1}),
                "the header claims more pixels than the file can hold");
    }

    private static void webps(List<Broken> all) {
        add(all, "half.webp", text("RIFF\u00FF\0\0\0WEBPVP8L"), "the image is truncated");
        add(all, "nothing.webp", text("RIFF\4\0\0\0WEBP"), "the WebP holds no picture");
        add(all, "outside.webp", text("RIFF\f\0\0\0WEBPVP8L\n\0\0\0\u002F\u0006\0\1\0\u00FF\u00FF\u00FF\u00FF\u00FF"), "the WebP's last chunk is longer");
        add(all, "pictureless.webp", text("RIFF\u0016\0\0\0WEBPVP8X\n\0\0\0\0\0\0\0\u000F\0\0\u000F\0\0"), "the WebP holds no picture");
        add(all, "huge.webp", text("RIFF\u001E\0\0\0WEBPVP8X\n\0\0\0\2\0\0\0\u00FF\u00FF\0\u00FF\u00FF\0ANMF\0\0\0\0"), "the image size is out of range");
        add(all, "damaged.webp", text("RIFF\u0016\0\0\0WEBPVP8L\n\0\0\0\u002F\u0006\0\1\0\u00FF\u00FF\u00FF\u00FF\u00FF"), "the image data is damaged");
    }

    private static void add(List<Broken> all, String fileName, byte[] bytes, String rule) {
        all.add(new Broken(fileName, bytes, rule));
    }

    private static byte[] text(String latin1) {
        return latin1.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** The file with other bytes from {@code at} on. */
    private static byte[] with(byte[] file, int at, int... bytes) {
        byte[] changed = file.clone();
        for (int i = 0; i < bytes.length; i++) {
            changed[at + i] = (byte) bytes[i];
        }
        return changed;
    }

    /** Where a JPEG's marker begins. */
    static int find(byte[] jpeg, int marker) {
        for (int at = 2; at < jpeg.length; at += 2 + (jpeg[at + 2] & 0xFF) * 256 + (jpeg[at + 3] & 0xFF)) {
            if ((jpeg[at + 1] & 0xFF) == marker) {
                return at;
            }
        }
        throw new IllegalArgumentException("no marker " + Integer.toHexString(marker));
    }
}
