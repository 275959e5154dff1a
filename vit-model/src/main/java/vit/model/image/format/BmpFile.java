package vit.model.image.format;

import java.awt.image.BufferedImage;
import java.awt.image.DirectColorModel;
import java.io.IOException;
import java.util.Arrays;
import vit.model.InputException;
import vit.model.image.RgbImage;

/** A Windows or OS/2 bitmap. Alpha is dropped; 5- and 6-bit samples are scaled to v · 255 / max and truncated, as in Pillow. */
final class BmpFile implements EncodedImage {

    private static final int FILE_SIZE = 2;
    private static final int IMAGE_SIZE = 34;
    private static final int FILE_HEADER = 14;
    private static final int CORE_HEADER = 12;
    private static final int MASKS_END = FILE_HEADER + 40 + 12;
    private static final int RGB = 0;
    private static final int BITFIELDS = 3;

    /** A run of two bytes stands for at most 255 pixels; pixels that no run covers stay background. */
    private static final int PIXELS_PER_BYTE = 128;
    private static final int BACKGROUND_PIXELS = 1 << 20;

    private final FileBytes file;
    private final long height;
    private final long width;
    private final int bits;
    private final int compression;
    private long pixelsEnd; // with the last row's padding; 0 for run lengths

    private BmpFile(FileBytes file) throws InputException {
        this.file = file;
        boolean core = file.u32le(FILE_HEADER) == CORE_HEADER;
        file.require(0, FILE_HEADER + (core ? CORE_HEADER : 40), "the bitmap's header");
        int storedHeight = core ? file.u16le(20) : (int) file.u32le(22);
        width = core ? file.u16le(18) : (int) file.u32le(18);
        height = Math.abs((long) storedHeight); // negative: the top row comes first
        bits = file.u16le(core ? 24 : 28);
        compression = core ? RGB : (int) file.u32le(30);
    }

    /** Whether the header has one of the sizes that exist. "BM" alone does not suffice, since many texts begin with it. */
    static boolean plausible(FileBytes file) throws InputException {
        if (file.length() < FILE_HEADER + 4) {
            return false;
        }
        long size = file.u32le(FILE_HEADER);
        return size == CORE_HEADER || size >= 40 && size <= 124;
    }

    static BmpFile parse(FileBytes file) throws InputException {
        BmpFile bmp = new BmpFile(file);
        boolean sound = switch (bmp.compression) {
            case RGB -> bmp.bits == 1 || bmp.bits == 4 || bmp.bits == 8 || bmp.bits == 16 || bmp.bits == 24 || bmp.bits == 32;
            case 1 -> bmp.bits == 8;
            case 2 -> bmp.bits == 4;
            case BITFIELDS -> bmp.bits == 16 || bmp.bits == 32;
            default -> false;
        };
        if (!sound) {
            throw file.fault(28).expected("1, 4, 8, 16, 24 or 32 bits, plain, run-length coded or with masks")
                    .found(bmp.bits + " bits, compression " + bmp.compression).because("this kind of bitmap is not supported");
        }
        long data = file.u32le(10);
        if (bmp.plain() && bmp.height > 0 && bmp.width > 0 && bmp.height <= DecodeOptions.MAX_SIDE && bmp.width <= DecodeOptions.MAX_SIDE) {
            bmp.pixelsEnd = data + bmp.rowBytes() * bmp.height;
            file.require(data, bmp.pixelsEnd - data - bmp.padding(), "pixels");
        }
        if (bmp.compression == BITFIELDS) {
            file.require(0, MASKS_END, "the bitmap's masks");
        }
        return bmp;
    }

    private long rowBytes() {
        return (width * bits + 31) / 32 * 4;
    }

    /** Bytes behind the pixels of a row; those of the last row may be missing. */
    private long padding() {
        return rowBytes() - (width * bits + 7) / 8;
    }

    private boolean plain() {
        return compression == RGB || compression == BITFIELDS;
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
        long stored = pixels * (bits <= 8 ? 1 : bits / 8);
        boolean copied = bits != 24; // the JDK's array becomes the image's
        return DecodeCost.of(stored + (copied ? pixels * RgbImage.CHANNELS : 0) + Math.max(file.length(), pixelsEnd), 30 * pixels);
    }

    @Override
    public long mostPixels() {
        return plain() ? file.length() * 8L / bits : Math.max((long) file.length() * PIXELS_PER_BYTE, BACKGROUND_PIXELS);
    }

    /** Red, green, blue of each palette entry. */
    private byte[] palette() throws InputException {
        long header = file.u32le(FILE_HEADER);
        int entry = header == CORE_HEADER ? 3 : 4; // blue, green, red, and in newer files one of padding
        long used = header == CORE_HEADER ? 0 : file.u32le(46);
        int colours = (int) (used == 0 ? 1 << bits : Math.min(used, 1 << bits));
        int at = FILE_HEADER + (int) header;
        file.require(at, (long) colours * entry, "the bitmap's palette");
        byte[] palette = new byte[colours * RgbImage.CHANNELS];
        for (int i = 0; i < colours; i++) {
            for (int c = 0; c < RgbImage.CHANNELS; c++) {
                palette[RgbImage.CHANNELS * i + c] = file.data()[at + entry * i + 2 - c];
            }
        }
        return palette;
    }

    @Override
    public RgbImage decode(DecodeOptions options) throws IOException {
        BufferedImage[] read = new BufferedImage[1];
        PluginReader.read(file.source(), PluginReader.ofJdk("bmp"), stream(), height, width, reader -> {
            read[0] = reader.read(0);
            return read[0].getRaster();
        });
        return RasterPixels.rgb(file.source(), read[0].getRaster(), conversion(read[0]));
    }

    /**
     * The file with its real size in the header, without a size of the run lengths, and with the padding of its last row. The JDK's reader believes both sizes and requires
     * the padding; other readers read to the file's end.
     */
    private byte[] stream() throws InputException {
        int size = (int) Math.max(file.length(), pixelsEnd);
        boolean sized = !plain() && file.u32le(IMAGE_SIZE) != 0;
        if (size == file.length() && file.u32le(FILE_SIZE) == size && !sized) {
            return file.data();
        }
        byte[] whole = Arrays.copyOf(file.data(), size);
        for (int i = 0; i < 4; i++) {
            whole[FILE_SIZE + i] = (byte) (size >> 8 * i);
            if (sized) {
                whole[IMAGE_SIZE + i] = 0; // then the JDK's reader takes what is left of the file
            }
        }
        return whole;
    }

    /** Uses the palette as the file stores it, because the JDK's reader may take a palette for a grey ramp. */
    private RasterPixels.Conversion conversion(BufferedImage image) throws InputException {
        if (image.getRaster().getNumBands() == 1) {
            return RasterPixels.palette(palette());
        }
        int[] most = {255, 255, 255};
        if (image.getColorModel() instanceof DirectColorModel) {
            int[] bits = image.getSampleModel().getSampleSize();
            for (int c = 0; c < RgbImage.CHANNELS; c++) {
                most[c] = (1 << bits[c]) - 1;
            }
        }
        return (samples, at, rgb, out) -> {
            for (int c = 0; c < RgbImage.CHANNELS; c++) {
                rgb[out + c] = (byte) (samples[at + c] * 255 / most[c]);
            }
        };
    }
}
