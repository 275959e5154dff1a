package vit.model.image.format;

import java.awt.image.Raster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import vit.model.InputException;
import vit.model.image.RgbImage;

/**
 * A PNG file. The checksums of the header and the palette are verified; an image data chunk whose checksum is wrong is accepted only if the deflate
 * stream's own checksum is right. Whatever follows the image data is irrelevant to the pixels. The JDK's reader is given a file that holds only
 * header, palette and image data, so that gamma, profiles and compressed texts of an untrusted file are never interpreted.
 */
final class PngFile implements EncodedImage {

    static final String SIGNATURE = "\u0089PNG\r\n\u001A\n";

    /** Deflate's highest compression: 258 bytes in two bits. */
    private static final long DEFLATE_RATIO = 1032;

    private static final int CHUNK_HEADER = 8; // length, type
    private static final int CHECKSUM = 4;
    private static final int HEADER_BYTES = 13;
    private static final int GREY = 0;
    private static final int RGB = 2;
    private static final int PALETTE = 3;
    private static final int GREY_ALPHA = 4;
    private static final int RGB_ALPHA = 6;

    private final FileBytes file;
    private final Slices data; // of the image
    private final OrientationTags tags = new OrientationTags();
    private final PngTexts texts;
    private boolean exif;
    private long height;
    private long width;
    private int depth;
    private int colourType = -1; // no header yet
    private boolean interlaced;
    private byte[] palette = {};
    private boolean dataSeen;
    private InputException cut; // thrown if the picture turns out to be incomplete
    private InputException mismatch; // thrown if the deflate stream's checksum is wrong, too

    private PngFile(FileBytes file) {
        this.file = file;
        this.data = new Slices(file);
        this.texts = new PngTexts(file.data());
    }

    static PngFile parse(FileBytes file) throws InputException {
        PngFile png = new PngFile(file);
        int at = SIGNATURE.length();
        while (at >= 0 && !file.has(at + 4, "IEND")) {
            at = png.chunk(at);
        }
        if (!png.dataSeen) {
            throw file.fault(at).expected("image data (IDAT)").found("none").because("the PNG holds no picture");
        }
        png.texts.give(png.tags, png.exif);
        return png;
    }

    /** Reads the chunk at {@code at}; returns where the next one begins, or −1 if the image data has been seen and no sound chunk follows. */
    private int chunk(int at) throws InputException {
        if (dataSeen && !named(at)) {
            return -1;
        }
        file.require(at, CHUNK_HEADER + CHECKSUM, "a PNG chunk");
        long length = file.u32be(at);
        boolean imageData = file.has(at + 4, "IDAT");
        long end = (long) at + CHUNK_HEADER + length + CHECKSUM;
        if (end > file.length()) {
            InputException truncated = file.fault(file.length()).expected(length + CHECKSUM + " bytes of a PNG chunk")
                    .found(file.length() - at - CHUNK_HEADER).because("the image is truncated");
            if (imageData) {
                cut = truncated;
                imageData(at, (int) Math.min(length, file.length() - at - CHUNK_HEADER));
            } else if (!dataSeen) {
                throw truncated;
            }
            return -1;
        }
        if (imageData) {
            checksum(at, (int) length);
            imageData(at, (int) length);
        } else if (dataSeen) {
            metadata(at, (int) length);
        } else {
            if ((file.u8(at + 4) & 0x20) == 0) { // a critical chunk
                requireChecksum(at, (int) length);
            }
            headers(at, (int) length);
            metadata(at, (int) length);
        }
        return (int) end;
    }

    /** Whether a chunk's length and name stand at {@code at}. */
    private boolean named(int at) {
        for (int i = at + 4; i < at + CHUNK_HEADER; i++) {
            if (i >= file.length() || file.data()[i] != '_' && !Character.isLetterOrDigit(file.data()[i])) {
                return false;
            }
        }
        return at + CHUNK_HEADER + CHECKSUM <= file.length();
    }

    private void imageData(int at, int length) throws InputException {
        if (colourType < 0) {
            throw file.fault(at + 4).expected("the header (IHDR) first").because("the PNG's chunks are out of order");
        }
        dataSeen = true;
        data.add(at + CHUNK_HEADER, at + CHUNK_HEADER + length);
    }

    private void headers(int at, int length) throws InputException {
        int start = at + CHUNK_HEADER;
        if (file.has(at + 4, "IHDR")) {
            header(start, length);
        } else if (file.has(at + 4, "PLTE")) {
            int colours = length / RgbImage.CHANNELS;
            if (colourType == PALETTE && (colours == 0 || colours > 256)) {
                throw file.fault(start).expected("a palette of 1 … 256 colours").found(length + " bytes").because("the PNG's palette is unsound");
            }
            palette = Arrays.copyOfRange(file.data(), start, start + Math.min(colours, 256) * RgbImage.CHANNELS);
        }
    }

    private void metadata(int at, int length) {
        int start = at + CHUNK_HEADER;
        int end = start + length;
        if (file.has(at + 4, "eXIf")) {
            exif = true;
            tags.exif(file.data(), start, end);
        } else if (file.has(at + 4, "tEXt")) {
            if (file.has(start, "exif\0")) { // Pillow takes this text for an EXIF structure
                exif = true;
                tags.exif(file.data(), Math.min(start + 5, end), end);
            }
            texts.plain(start, end);
        } else if (file.has(at + 4, "zTXt")) {
            texts.deflated(start, end);
        } else if (file.has(at + 4, "iTXt")) {
            texts.international(start, end);
        }
    }

    private InputException wrongChecksum(int at, int length) throws InputException {
        CRC32 crc = new CRC32();
        crc.update(file.data(), at + 4, length + 4);
        long stored = file.u32be(at + CHUNK_HEADER + length);
        return crc.getValue() == stored ? null
                : file.fault(at + CHUNK_HEADER + length).expected(Long.toHexString(stored)).found(Long.toHexString(crc.getValue()))
                        .because("the checksum of a PNG chunk does not match");
    }

    private void requireChecksum(int at, int length) throws InputException {
        InputException wrong = wrongChecksum(at, length);
        if (wrong != null) {
            throw wrong;
        }
    }

    private void checksum(int at, int length) throws InputException {
        if (mismatch == null) {
            mismatch = wrongChecksum(at, length);
        }
    }

    private void header(int at, int length) throws InputException {
        if (length < HEADER_BYTES) {
            throw file.fault(at).expected("a header of 13 bytes").found(length + " bytes").because("the PNG's header is unsound");
        }
        width = file.u32be(at);
        height = file.u32be(at + 4);
        depth = file.u8(at + 8);
        colourType = file.u8(at + 9);
        interlaced = file.u8(at + 12) != 0;
        boolean sound = switch (colourType) {
            case GREY -> depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
            case PALETTE -> depth == 1 || depth == 2 || depth == 4 || depth == 8;
            case RGB, GREY_ALPHA, RGB_ALPHA -> depth == 8 || depth == 16;
            default -> false;
        };
        if (!sound || file.u8(at + 11) != 0) {
            throw file.fault(at + 8).expected("a colour type and depth of the PNG standard")
                    .found("colour type " + colourType + ", depth " + depth).because("the PNG's header is unsound");
        }
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
    public DecodeCost cost() {
        long pixels = height * width;
        int bitsPerPixel = channels() * depth;
        long raster = depth < 8 ? pixels * depth / 8 + height : pixels * bitsPerPixel / 8;
        boolean copied = colourType != RGB || depth != 8; // otherwise the JDK's array becomes the image's
        long rows = 64 + 8 * width * Math.max(1, bitsPerPixel / 8); // the JDK's rows, as bytes and as integers
        return DecodeCost.of(raster + (copied ? pixels * RgbImage.CHANNELS : 0) + rows + 2L * data.size(), 20 * pixels + pixels * bitsPerPixel + 10L * data.size());
    }

    @Override
    public long mostPixels() {
        return data.size() * DEFLATE_RATIO * 8 / (channels() * depth);
    }

    @Override
    public int orientation() {
        return tags.orientation();
    }

    @Override
    public RgbImage decode(DecodeOptions options) throws IOException {
        if (colourType == PALETTE && palette.length == 0) {
            throw InputException.in(file.source()).expected("a palette (PLTE)").found("none").because("the PNG has no palette");
        }
        if (mismatch != null || cut != null) {
            checkDeflateStream();
        }
        try {
            Raster raster = PluginReader.read(file.source(), PluginReader.ofJdk("png"), picture(), height, width, PluginReader.DECODED);
            return RasterPixels.rgb(file.source(), raster, conversion(options));
        } catch (IOException | RuntimeException e) {
            if (cut != null) {
                throw cut;
            }
            throw e;
        }
    }

    /** A file of header, palette and one image data chunk. The JDK's reader looks at no checksum. */
    private byte[] picture() {
        byte[] joined = data.join();
        boolean coloured = colourType == PALETTE;
        int frame = CHUNK_HEADER + CHECKSUM;
        int before = SIGNATURE.length() + frame + HEADER_BYTES + (coloured ? frame + palette.length : 0) + CHUNK_HEADER;
        ByteBuffer png = ByteBuffer.allocate(before + joined.length + CHECKSUM + frame);
        png.put(SIGNATURE.getBytes(StandardCharsets.ISO_8859_1));
        png.putInt(HEADER_BYTES).put(ascii("IHDR")).putInt((int) width).putInt((int) height).put((byte) depth).put((byte) colourType)
                .putShort((short) 0).put((byte) (interlaced ? 1 : 0)).putInt(0);
        if (coloured) {
            png.putInt(palette.length).put(ascii("PLTE")).put(palette).putInt(0);
        }
        png.putInt(joined.length).put(ascii("IDAT")).put(joined).putInt(0);
        return png.putInt(0).put(ascii("IEND")).putInt(0).array();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /**
     * Checks the deflate stream's own checksum (Adler-32), which must be right if that of a chunk does not vouch for the pixels. In a truncated file
     * it may be missing, but not wrong.
     */
    private void checkDeflateStream() throws InputException {
        boolean whole = false;
        boolean wrong = false;
        try (Inflater inflater = new Inflater()) {
            inflater.setInput(data.join());
            byte[] sink = new byte[1 << 16];
            long left = 2 * height * (1 + (width * channels() * depth + 7) / 8) + sink.length; // interlaced rows have more filter bytes
            while (!inflater.finished() && left > 0) {
                int count = inflater.inflate(sink);
                if (count == 0 && !inflater.finished()) {
                    break;
                }
                left -= count;
            }
            whole = inflater.finished();
        } catch (DataFormatException e) {
            wrong = true;
        }
        if (mismatch != null && !whole) {
            throw mismatch;
        }
        if (wrong) {
            throw cut;
        }
    }

    private RasterPixels.Conversion conversion(DecodeOptions options) {
        int down = depth == 16 ? 8 : 0;
        return switch (colourType) {
            case GREY -> grey(options);
            case GREY_ALPHA -> RasterPixels.grey(down);
            case PALETTE -> RasterPixels.palette(palette);
            default -> RasterPixels.rgb(down);
        };
    }

    private RasterPixels.Conversion grey(DecodeOptions options) {
        if (depth == 16) {
            return options.scaleGrey16()
                    ? RasterPixels.grey(8)
                    : (samples, at, rgb, out) -> RasterPixels.grey(Math.min(samples[at], 255), rgb, out);
        }
        int factor = 255 / ((1 << depth) - 1); // 255, 85, 17, 1
        return (samples, at, rgb, out) -> RasterPixels.grey(samples[at] * factor, rgb, out);
    }
}
