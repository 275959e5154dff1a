package vit.model.image;

import java.awt.image.Raster;
import java.io.IOException;
import java.util.Arrays;
import java.util.zip.CRC32;
import vit.model.InputException;

/**
 * A PNG file. Every chunk's place and the critical ones' checksums are verified; the JDK's reader gets only those, so that gamma, profiles
 * and compressed texts of an untrusted file are never interpreted.
 */
final class PngFile implements EncodedImage {

    static final String SIGNATURE = "\u0089PNG\r\n\u001A\n";

    /** The most that deflate can shrink: 258 bytes in two bits. */
    private static final long DEFLATE_RATIO = 1032;

    private static final int CHUNK_FRAME = 12; // length, type, checksum
    private static final int GREY = 0;
    private static final int RGB = 2;
    private static final int PALETTE = 3;
    private static final int GREY_ALPHA = 4;
    private static final int RGB_ALPHA = 6;

    private final FileBytes file;
    private final Slices picture;
    private long height;
    private long width;
    private int depth;
    private int colourType = -1; // no header yet
    private byte[] palette = {};
    private long compressed; // bytes of image data
    private int orientation = 1;

    private PngFile(FileBytes file) {
        this.file = file;
        this.picture = new Slices(file);
    }

    static PngFile parse(FileBytes file) throws InputException {
        PngFile png = new PngFile(file);
        int at = SIGNATURE.length();
        png.picture.add(0, at);
        while (!file.has(at + 4, "IEND")) {
            at = png.chunk(at);
        }
        png.chunk(at);
        if (png.compressed == 0) {
            throw file.fault(at).expected("image data (IDAT)").found("none").because("the PNG holds no picture");
        }
        return png;
    }

    /** Reads the chunk at {@code at}; returns where the next one begins. */
    private int chunk(int at) throws InputException {
        file.require(at, CHUNK_FRAME, "a PNG chunk");
        long length = file.u32be(at);
        file.require((long) at + CHUNK_FRAME, length, "a PNG chunk");
        int data = at + 8;
        int end = data + (int) length + 4;
        boolean critical = (file.u8(at + 4) & 0x20) == 0;
        if (critical) {
            checksum(at, (int) length);
        }
        if (colourType < 0 && !file.has(at + 4, "IHDR")) {
            throw file.fault(at + 4).expected("the header (IHDR) first").because("the PNG's chunks are out of order");
        }
        if (file.has(at + 4, "IHDR")) {
            header(data, length);
        } else if (file.has(at + 4, "PLTE")) {
            palette(data, length);
        } else if (file.has(at + 4, "IDAT")) {
            compressed += length;
        } else if (file.has(at + 4, "eXIf")) {
            orientation = Orientation.read(file.data(), data, data + (int) length);
        }
        if (critical) {
            picture.add(at, end);
        }
        return end;
    }

    private void checksum(int at, int length) throws InputException {
        CRC32 crc = new CRC32();
        crc.update(file.data(), at + 4, length + 4);
        long stored = file.u32be(at + 8 + length);
        if (crc.getValue() != stored) {
            throw file.fault(at + 8 + length).expected(Long.toHexString(stored)).found(Long.toHexString(crc.getValue()))
                    .because("the checksum of a PNG chunk does not match");
        }
    }

    private void header(int data, long length) throws InputException {
        if (colourType >= 0 || length != 13) {
            throw file.fault(data).expected("one header of 13 bytes").found(length + " bytes").because("the PNG's header is unsound");
        }
        width = file.u32be(data);
        height = file.u32be(data + 4);
        depth = file.u8(data + 8);
        colourType = file.u8(data + 9);
        boolean sound = switch (colourType) {
            case GREY -> depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
            case PALETTE -> depth == 1 || depth == 2 || depth == 4 || depth == 8;
            case RGB, GREY_ALPHA, RGB_ALPHA -> depth == 8 || depth == 16;
            default -> false;
        };
        if (!sound || file.u8(data + 10) != 0 || file.u8(data + 11) != 0 || file.u8(data + 12) > 1) {
            throw file.fault(data + 8).expected("a colour type and depth of the PNG standard")
                    .found("colour type " + colourType + ", depth " + depth).because("the PNG's header is unsound");
        }
    }

    private void palette(int data, long length) throws InputException {
        if (length == 0 || length > 768 || length % 3 != 0 || palette.length > 0) {
            throw file.fault(data).expected("one palette of 1 … 256 colours").found(length + " bytes")
                    .because("the PNG's palette is unsound");
        }
        palette = Arrays.copyOfRange(file.data(), data, data + (int) length);
    }

    private int channels() {
        return switch (colourType) {
            case GREY_ALPHA -> 2;
            case RGB -> 3;
            case RGB_ALPHA -> 4;
            default -> 1;
        };
    }

    @Override
    public long height() {
        return height;
    }

    @Override
    public long width() {
        return width;
    }

    @Override
    public int bytesPerPixel() {
        return channels() * (depth == 16 ? 2 : 1) + RgbImage.CHANNELS;
    }

    @Override
    public long mostPixels() {
        return compressed * DEFLATE_RATIO * 8 / (channels() * depth);
    }

    @Override
    public int orientation() {
        return orientation;
    }

    @Override
    public RgbImage decode(DecodeOptions options) throws IOException {
        if (colourType == PALETTE && palette.length == 0) {
            throw InputException.in(file.source()).expected("a palette (PLTE)").found("none").because("the PNG has no palette");
        }
        Raster raster = PluginReader.read(file.source(), PluginReader.ofJdk("png"), picture.join(), height, width,
                reader -> reader.read(0).getRaster());
        return RasterPixels.rgb(file.source(), raster, conversion(options));
    }

    private RasterPixels.Conversion conversion(DecodeOptions options) {
        int down = depth == 16 ? 8 : 0;
        return switch (colourType) {
            case GREY -> grey(options);
            case GREY_ALPHA -> (samples, at, rgb, out) -> RasterPixels.grey(samples[at] >> down, rgb, out);
            case PALETTE -> RasterPixels.palette(palette);
            default -> (samples, at, rgb, out) -> {
                rgb[out] = (byte) (samples[at] >> down);
                rgb[out + 1] = (byte) (samples[at + 1] >> down);
                rgb[out + 2] = (byte) (samples[at + 2] >> down);
            };
        };
    }

    private RasterPixels.Conversion grey(DecodeOptions options) {
        if (depth == 16) {
            return options.scaleGrey16()
                    ? (samples, at, rgb, out) -> RasterPixels.grey(samples[at] >> 8, rgb, out)
                    : (samples, at, rgb, out) -> RasterPixels.grey(Math.min(samples[at], 255), rgb, out);
        }
        int factor = 255 / ((1 << depth) - 1); // 255, 85, 17, 1
        return (samples, at, rgb, out) -> RasterPixels.grey(samples[at] * factor, rgb, out);
    }
}
