package vit.model.image.format;

import java.awt.image.Raster;
import java.io.IOException;
import java.util.Arrays;
import javax.imageio.spi.ImageReaderSpi;
import vit.model.InputException;
import vit.model.image.RgbImage;

/**
 * A TIFF file, of which the first image is decoded. TwelveMonkeys' plug-in, if it is on the class path, decompresses the samples; what they mean is
 * decided here, as Pillow decides it.
 */
final class TiffFile implements EncodedImage {

    private static final int WIDTH = 256;
    private static final int HEIGHT = 257;
    private static final int BITS = 258;
    private static final int COMPRESSION = 259;
    private static final int PHOTOMETRIC = 262;
    private static final int FILL_ORDER = 266;
    private static final int STRIP_OFFSETS = 273;
    private static final int SAMPLES = 277;
    private static final int ROWS_PER_STRIP = 278;
    private static final int STRIP_BYTES = 279;
    private static final int PLANAR = 284;
    private static final int FAX3_OPTIONS = 292;
    private static final int FAX4_OPTIONS = 293;
    private static final int PREDICTOR = 317;
    private static final int COLOUR_MAP = 320;
    private static final int TILE_WIDTH = 322;
    private static final int TILE_HEIGHT = 323;
    private static final int TILE_OFFSETS = 324;
    private static final int TILE_BYTES = 325;
    private static final int EXTRA_SAMPLES = 338;
    private static final int SAMPLE_FORMAT = 339;
    private static final int JPEG_TABLES = 347;
    private static final int YCC_SUBSAMPLING = 530;
    private static final int YCC_POSITIONING = 531;

    private static final int WHITE_IS_ZERO = 0;
    private static final int BLACK_IS_ZERO = 1;
    private static final int RGB = 2;
    private static final int PALETTE = 3;
    private static final int CMYK = 5;
    private static final int YCC = 6;
    private static final int JPEG = 7;
    private static final int ASSOCIATED_ALPHA = 1;
    private static final int MOST_SAMPLES = 8;

    private final FileBytes file;
    private final TiffDirectory directory;
    private final long height;
    private final long width;
    private final int bits; // of a sample
    private final int samples; // of a pixel
    private final int compression;
    private final int photometric;
    private final OrientationTags tags = new OrientationTags();
    private long compressed; // bytes of all strips or tiles
    private long partPixels; // of a strip or tile
    private long parts;
    private int planes = 1;
    private long jpegBytes; // of the largest JPEG
    private long jpegNanos; // of all of them

    private TiffFile(FileBytes file) throws InputException {
        this.file = file;
        this.directory = new TiffDirectory(file);
        this.width = directory.value(WIDTH, 0L);
        this.height = directory.value(HEIGHT, 0L);
        this.bits = (int) directory.value(BITS, 1L);
        this.compression = (int) directory.value(COMPRESSION, 1L);
        this.photometric = (int) directory.value(PHOTOMETRIC, -1L);
        this.samples = (int) directory.value(SAMPLES, 1L);
    }

    static TiffFile parse(FileBytes file) throws InputException {
        TiffFile tiff = new TiffFile(file);
        tiff.checkKind();
        if (tiff.width > 0 && tiff.height > 0 && tiff.width <= DecodeOptions.MAX_SIDE && tiff.height <= DecodeOptions.MAX_SIDE) {
            tiff.checkParts();
        }
        ExifDirectory exif = ExifDirectory.read(file.data(), 0, file.length());
        tiff.tags.exif(exif);
        if (exif.xmp() >= 0) {
            tiff.tags.xmp(file.data(), exif.xmp(), exif.xmp() + exif.xmpLength());
        }
        return tiff;
    }

    private void checkKind() throws InputException {
        boolean known = switch (compression) {
            case 1, 2, 3, 4, 5, JPEG, 8, 32773, 32946 -> true;
            default -> false;
        };
        boolean deep = bits == 8 || bits == 16;
        boolean sound = known && samples >= 1 && samples <= MOST_SAMPLES && switch (photometric) {
            case WHITE_IS_ZERO, BLACK_IS_ZERO -> bits == 1 || bits == 2 || bits == 4 || deep || bits == 12 || bits == 32;
            case PALETTE -> samples == 1 && bits <= 8 && (bits & bits - 1) == 0 && bits > 0;
            case RGB -> deep && samples >= 3;
            case CMYK -> deep && samples >= 4;
            case YCC -> bits == 8 && samples == 3;
            default -> false;
        };
        for (int i = 1; sound && i < Math.min(samples, directory.count(BITS)); i++) {
            sound = directory.value(BITS, i) == bits;
        }
        if (!sound) {
            throw file.fault(0).expected("grey, palette, RGB, CMYK or YCbCr of 1 … 16 bits, plain or packed as LZW, deflate, PackBits, fax or JPEG")
                    .found("photometric interpretation " + photometric + ", " + samples + " × " + bits + " bits, compression " + compression)
                    .because("this kind of TIFF is not supported");
        }
    }

    /** Checks that every strip or tile is present and lies inside the file. */
    private void checkParts() throws InputException {
        boolean tiled = directory.has(TILE_OFFSETS);
        int offsets = tiled ? TILE_OFFSETS : STRIP_OFFSETS;
        int bytes = tiled ? TILE_BYTES : STRIP_BYTES;
        long partWidth = tiled ? directory.value(TILE_WIDTH, 0L) : width;
        long partHeight = tiled ? directory.value(TILE_HEIGHT, 0L) : Math.min(directory.value(ROWS_PER_STRIP, height), height);
        if (partWidth < 1 || partHeight < 1 || partWidth > DecodeOptions.MAX_SIDE || partHeight > DecodeOptions.MAX_SIDE) {
            throw file.fault(0).expected("strips or tiles of 1 … " + DecodeOptions.MAX_SIDE + " rows and columns").found(partHeight + "×" + partWidth)
                    .because("the TIFF's strips or tiles are unsound");
        }
        partPixels = partWidth * partHeight;
        planes = directory.value(PLANAR, 1L) == 2 ? samples : 1;
        parts = (width + partWidth - 1) / partWidth * ((height + partHeight - 1) / partHeight) * planes;
        if (directory.count(offsets) < parts || directory.count(bytes) < parts) {
            throw file.fault(0).expected(parts + " strips or tiles").found(Math.min(directory.count(offsets), directory.count(bytes)))
                    .because("the TIFF's strips or tiles are unsound");
        }
        for (int i = 0; i < parts; i++) {
            long at = directory.value(offsets, i);
            long length = directory.value(bytes, i);
            file.require(at, length, "a strip or tile of a TIFF");
            compressed += length;
            if (compression == JPEG) {
                checkJpeg((int) at, (int) length, partHeight, partWidth);
            }
        }
    }

    /** Checks that the JPEG header of a strip does not claim more than the strip's size. */
    private void checkJpeg(int at, int length, long partHeight, long partWidth) throws InputException {
        JpegFile jpeg = JpegFile.parse(new FileBytes(file.source(), Arrays.copyOfRange(file.data(), at, at + length)));
        if (jpeg.height() > partHeight || jpeg.width() > partWidth) {
            throw file.fault(at).expected("at most " + partHeight + "×" + partWidth).found(jpeg.height() + "×" + jpeg.width())
                    .because("a JPEG in a TIFF is larger than its strip or tile");
        }
        if (jpeg.height() > 0 && jpeg.width() > 0) {
            DecodeCost cost = jpeg.cost();
            jpegBytes = Math.max(jpegBytes, cost.bytes());
            jpegNanos += cost.nanos();
        }
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
        boolean copied = samples != RgbImage.CHANNELS || bits != 8 || planes > 1;
        long bytes = pixels * storedBytes() + (copied ? pixels * RgbImage.CHANNELS : 0) + 2 * partPixels * storedBytes() + file.length() + jpegBytes;
        long ordinary = 60 * pixels * samples + 20 * compressed;
        return new DecodeCost(bytes, ordinary + parts * (compression == JPEG ? 200_000L : 20_000L) + jpegNanos, 2 * ordinary);
    }

    private int storedBytes() {
        return samples * (bits <= 8 ? 1 : bits <= 16 ? 2 : 4);
    }

    /** The bound follows from the highest ratio of each compression. A row of a fax takes at least one bit. */
    @Override
    public long mostPixels() {
        long ratio = switch (compression) {
            case 1 -> 1;
            case 5 -> 2731; // a code of 12 bits for 4096 bytes
            case 32773 -> 64; // a run of 128 bytes in two
            default -> 1032; // deflate
        };
        return switch (compression) {
            case 2, 3, 4 -> compressed * 8 * width;
            case JPEG -> compressed * 512;
            default -> compressed * ratio * 8 / (samples * bits);
        };
    }

    @Override
    public int orientation() {
        return tags.orientation();
    }

    @Override
    public RgbImage decode(DecodeOptions options) throws IOException {
        ImageReaderSpi plugin = PluginReader.requirePlugin(file.source(), "TIFF",
                "JPEG, PNG, GIF, BMP or PPM, or com.twelvemonkeys.imageio:imageio-tiff on the class path");
        byte[] stream = directory.only(WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER, STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES,
                PLANAR, FAX3_OPTIONS, FAX4_OPTIONS, PREDICTOR, COLOUR_MAP, TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES, EXTRA_SAMPLES, SAMPLE_FORMAT,
                JPEG_TABLES, YCC_SUBSAMPLING, YCC_POSITIONING);
        Raster raster = PluginReader.read(file.source(), plugin, stream, height, width, PluginReader.STORED);
        if (raster.getNumBands() < samples) {
            throw InputException.in(file.source()).expected(samples + " samples a pixel").found(raster.getNumBands())
                    .because("the image data has another number of samples than the header says");
        }
        return RasterPixels.rgb(file.source(), raster, conversion(options));
    }

    private RasterPixels.Conversion conversion(DecodeOptions options) throws InputException {
        int down = bits == 16 ? 8 : 0;
        return switch (photometric) {
            case PALETTE -> RasterPixels.palette(palette());
            case RGB -> samples == 4 && directory.value(EXTRA_SAMPLES, 0L) == ASSOCIATED_ALPHA
                    ? (pixel, at, rgb, out) -> undoAlpha(pixel, at, down, rgb, out)
                    : RasterPixels.rgb(down);
            case CMYK -> (pixel, at, rgb, out) -> JpegColour.inks(pixel, at, down, rgb, out);
            case YCC -> compression == JPEG ? JpegColour.RGB::toRgb : JpegColour.YCC::toRgb; // the plug-in converts JPEG itself
            default -> grey(options);
        };
    }

    private static void undoAlpha(int[] pixel, int at, int down, byte[] rgb, int out) {
        int alpha = pixel[at + 3] >> down;
        for (int c = 0; c < RgbImage.CHANNELS; c++) {
            int value = pixel[at + c] >> down;
            rgb[out + c] = (byte) (alpha == 0 ? 0 : alpha == 255 ? value : Math.min(255, 255 * value / alpha));
        }
    }

    /** Grey of more than 8 bits is clipped at white and not inverted, as in Pillow; so is floating-point grey. */
    private RasterPixels.Conversion grey(DecodeOptions options) throws InputException {
        if (bits > 8) {
            boolean scaled = options.scaleGrey16() && bits <= 16 && directory.value(SAMPLE_FORMAT, 1L) == 1;
            return (pixel, at, rgb, out) -> RasterPixels.grey(scaled ? pixel[at] >> bits - 8 : Math.clamp(pixel[at], 0, 255), rgb, out);
        }
        int factor = 255 / ((1 << bits) - 1);
        int flip = photometric == WHITE_IS_ZERO ? 255 : 0;
        return (pixel, at, rgb, out) -> RasterPixels.grey(pixel[at] * factor ^ flip, rgb, out);
    }

    /** Red, green, blue of each palette entry: the high bytes of the stored values. */
    private byte[] palette() throws InputException {
        int colours = Math.min(directory.count(COLOUR_MAP) / RgbImage.CHANNELS, 1 << bits);
        byte[] palette = new byte[colours * RgbImage.CHANNELS];
        for (int i = 0; i < colours; i++) {
            for (int c = 0; c < RgbImage.CHANNELS; c++) {
                palette[RgbImage.CHANNELS * i + c] = (byte) (directory.value(COLOUR_MAP, c * (directory.count(COLOUR_MAP) / RgbImage.CHANNELS) + i) >> 8);
            }
        }
        return palette;
    }
}
