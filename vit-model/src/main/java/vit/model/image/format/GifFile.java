package vit.model.image.format;

import java.awt.image.Raster;
import java.io.IOException;
import java.util.Arrays;
import vit.model.InputException;
import vit.model.image.RgbImage;

/**
 * A GIF file. The image is its first frame on the whole screen, as Pillow shows it. The JDK's reader is given that frame alone, so extensions of an
 * untrusted file are never interpreted.
 */
final class GifFile implements EncodedImage {

    /** A code of 12 bits stands for at most 4096 pixels. */
    private static final int PIXELS_PER_BYTE = 4096;

    /** A small first frame on a large screen is legitimate, so the screen's size is believed up to this many pixels. */
    private static final int SCREEN_PIXELS = 1 << 20;

    /** Zeros appended to the picture: they replace what may be missing of its last block, and form the empty block that ends it. */
    private static final int MISSING_BLOCK = 256;

    private static final int SCREEN_BYTES = 13;
    private static final int EXTENSION = 0x21;
    private static final int GRAPHIC_CONTROL = 0xF9;
    private static final int IMAGE = 0x2C;
    private static final int TRAILER = 0x3B;

    private final FileBytes file;
    private final Slices picture;
    private byte[] palette = {};
    private int transparent;
    private int top;
    private int left;
    private int frameHeight;
    private int frameWidth;
    private long compressed;

    private GifFile(FileBytes file) {
        this.file = file;
        this.picture = new Slices(file);
    }

    static GifFile parse(FileBytes file) throws InputException {
        GifFile gif = new GifFile(file);
        file.require(0, SCREEN_BYTES, "the GIF's header");
        int at = gif.palette(SCREEN_BYTES, file.u8(10));
        gif.picture.add(0, at);
        while (file.u8(at) != IMAGE) {
            int kind = file.u8(at);
            if (kind == TRAILER) {
                throw file.fault(at).expected("a picture").found("the end").because("the GIF holds no picture");
            }
            if (kind != EXTENSION) {
                at++; // stray bytes between blocks are skipped, as other readers do
                continue;
            }
            if (file.u8(at + 1) == GRAPHIC_CONTROL && file.u8(at + 2) >= 4 && (file.u8(at + 3) & 1) != 0) {
                gif.transparent = file.u8(at + 6);
            }
            at = gif.blocks(at + 2);
        }
        gif.frame(at);
        return gif;
    }

    private void frame(int at) throws InputException {
        left = file.u16le(at + 1);
        top = file.u16le(at + 3);
        frameWidth = file.u16le(at + 5);
        frameHeight = file.u16le(at + 7);
        if (frameWidth == 0 || frameHeight == 0) {
            throw file.fault(at + 5).expected("at least one pixel").found(frameHeight + "×" + frameWidth).because("the GIF's frame is empty");
        }
        int data = palette(at + 10, file.u8(at + 9));
        int codeBits = file.u8(data);
        if (codeBits < 1 || codeBits > 8) {
            throw file.fault(data).expected("1 … 8 bits").found(codeBits).because("the GIF's code size is unsound");
        }
        int end = pictureBlocks(data + 1);
        compressed = end - data;
        long wanted = (long) frameHeight * frameWidth;
        long found = GifCodes.pixels(file.data(), data + 1, codeBits, wanted);
        if (found < wanted && file.length() - end < 1) {
            throw file.fault(end).expected(wanted + " pixels").found(found).because("the image is truncated");
        }
        if (found < wanted) {
            throw file.fault(end).expected(wanted + " pixels").found(found).because("the GIF's picture is incomplete");
        }
        picture.add(at, end);
    }

    /** Reads the colour table that {@code flags} announce; returns where it ends. */
    private int palette(int at, int flags) throws InputException {
        if ((flags & 0x80) == 0) {
            return at;
        }
        int bytes = RgbImage.CHANNELS << (flags & 7) + 1;
        file.require(at, bytes, "a GIF's colour table");
        palette = Arrays.copyOfRange(file.data(), at, at + bytes);
        return at + bytes;
    }

    /** Skips the blocks that begin at {@code start}, including the empty one that ends them. */
    private int blocks(int start) throws InputException {
        int at = start;
        while (file.u8(at) != 0) {
            file.require(at, file.u8(at) + 2, "a GIF's blocks");
            at += file.u8(at) + 1;
        }
        return at + 1;
    }

    /**
     * As {@link #blocks}, but the file may end amid the blocks; the end of the file is then their end. The codes tell whether the picture is whole.
     */
    private int pictureBlocks(int start) {
        int at = start;
        while (at < file.length() && file.data()[at] != 0) {
            at += (file.data()[at] & 0xFF) + 1;
        }
        return Math.min(at + 1, file.length());
    }

    /** The rows of the screen, enlarged if the frame does not fit, as in Pillow. */
    @Override
    public long height() {
        return Math.max((file.data()[9] & 0xFF) << 8 | file.data()[8] & 0xFF, top + frameHeight);
    }

    @Override
    public long width() {
        return Math.max((file.data()[7] & 0xFF) << 8 | file.data()[6] & 0xFF, left + frameWidth);
    }

    @Override
    public DecodeCost cost() {
        long frame = (long) frameHeight * frameWidth;
        long screen = height() * width();
        return DecodeCost.of(frame + screen * RgbImage.CHANNELS + compressed, 25 * frame + 5 * screen + 30 * compressed);
    }

    @Override
    public long mostPixels() {
        return Math.max(compressed * PIXELS_PER_BYTE, SCREEN_PIXELS);
    }

    @Override
    public RgbImage decode(DecodeOptions options) throws IOException {
        Raster raster = PluginReader.read(file.source(), PluginReader.ofJdk("gif"), picture.joinWith(new byte[MISSING_BLOCK]), frameHeight, frameWidth,
                PluginReader.DECODED);
        RasterPixels.Conversion conversion = RasterPixels.palette(palette);
        int rows = (int) height();
        int columns = (int) width();
        byte[] rgb = new byte[Math.multiplyExact(Math.multiplyExact(rows, columns), RgbImage.CHANNELS)];
        if (rows != frameHeight || columns != frameWidth) {
            for (int out = 0; out < rgb.length; out += RgbImage.CHANNELS) {
                conversion.toRgb(new int[] {transparent}, 0, rgb, out);
            }
        }
        RasterPixels.put(raster, conversion, rgb, top * columns + left, columns);
        return new RgbImage(file.source(), rows, columns, rgb);
    }
}
