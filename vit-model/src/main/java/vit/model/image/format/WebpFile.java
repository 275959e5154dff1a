package vit.model.image.format;

import java.awt.image.Raster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import javax.imageio.spi.ImageReaderSpi;
import vit.model.InputException;
import vit.model.image.RgbImage;

/** A WebP file. The JDK has no reader for it; TwelveMonkeys' plug-in decodes it if it is on the class path. */
final class WebpFile implements EncodedImage {

    /**
     * A picture of one colour takes next to no bytes however large it is, so no ratio exposes a false header. Up to this many pixels (48 MB) any
     * header is believed; beyond that a file must hold one byte per block of 16×16 pixels.
     */
    private static final int BELIEVED_PIXELS = 1 << 24;
    private static final int PIXELS_PER_BYTE = 256;

    private static final int CHUNK_HEADER = 8;
    private static final int FIRST_CHUNK = 12;
    private static final int EXIF_FLAG = 8;
    private static final int XMP_FLAG = 4;
    private static final int ANIMATION_FLAG = 2;
    private static final int ALPHA_FLAG = 16;
    private static final int EXTENDED_HEADER = 18;

    /** Three samples, and what the plug-in holds of a lossy picture in addition. */
    private static final int LOSSY_BYTES_PER_PIXEL = 5;

    private final FileBytes file;
    private long height;
    private long width;
    private int flags; // of VP8X; without it there is no metadata
    private boolean lossy;
    private boolean pictureSeen;
    private final Slices picture;
    private boolean exifSeen;
    private boolean xmpSeen;
    private final OrientationTags tags = new OrientationTags();

    private WebpFile(FileBytes file) {
        this.file = file;
        this.picture = new Slices(file);
    }

    static WebpFile parse(FileBytes file) throws InputException {
        WebpFile webp = new WebpFile(file);
        file.require(CHUNK_HEADER, file.u32le(4), "the WebP's chunks");
        long end = CHUNK_HEADER + file.u32le(4);
        int at = FIRST_CHUNK;
        while (at + CHUNK_HEADER <= end) {
            long length = file.u32le(at + 4);
            file.require((long) at + CHUNK_HEADER, length, "a WebP chunk");
            if (at + CHUNK_HEADER + length > end) {
                throw file.fault(at).expected("chunks of " + (end - CHUNK_HEADER) + " bytes in all").found("more")
                        .because("the WebP's last chunk is longer than the file that its header announces");
            }
            webp.chunk(at, at + CHUNK_HEADER, (int) length);
            at = Math.toIntExact(at + CHUNK_HEADER + length + (length & 1));
        }
        if (!webp.pictureSeen) {
            throw file.fault(FIRST_CHUNK).expected("a chunk VP8, VP8L or ANMF").found("none").because("the WebP holds no picture");
        }
        return webp;
    }

    /** Notes a chunk if it belongs to the first picture: the picture itself, or an animation's settings and first frame. */
    private void picture(int at, int data, int length) throws InputException {
        if (pictureSeen) {
            return;
        }
        if (animated() && (file.has(at, "ANIM") || file.has(at, "ANMF"))) {
            pictureSeen = file.has(at, "ANMF");
            lossy |= pictureSeen; // it may be
            picture.add(at, data + length + (length & 1 & file.length() - data - length));
        } else if (!animated() && file.has(at, "VP8L")) {
            long sizes = file.u32le(data + 1);
            still(data, 1 + (sizes & 0x3FFF), 1 + (sizes >> 14 & 0x3FFF));
            picture.add(at, data + length);
        } else if (!animated() && file.has(at, "VP8 ")) {
            lossy = true;
            still(data, file.u16le(data + 6) & 0x3FFF, file.u16le(data + 8) & 0x3FFF);
            picture.add(at, data + length);
        }
    }

    private boolean animated() {
        return (flags & ANIMATION_FLAG) != 0;
    }

    private void still(int data, long pictureWidth, long pictureHeight) throws InputException {
        pictureSeen = true;
        if (width != 0 && (width != pictureWidth || height != pictureHeight)) {
            throw file.fault(data).expected(height + "×" + width).found(pictureHeight + "×" + pictureWidth)
                    .because("the WebP's picture is of another size than its header says");
        }
        width = pictureWidth;
        height = pictureHeight;
    }

    /** A file of the first picture's chunks alone. */
    private byte[] stream() throws InputException {
        byte[] chunks = picture.join();
        ByteBuffer webp = ByteBuffer.allocate(FIRST_CHUNK + (animated() ? EXTENDED_HEADER : 0) + chunks.length + 1 & ~1).order(ByteOrder.LITTLE_ENDIAN);
        webp.put(file.data(), 0, 4).putInt(webp.capacity() - CHUNK_HEADER).put(file.data(), CHUNK_HEADER, 4);
        if (animated()) {
            webp.put("VP8X".getBytes(StandardCharsets.US_ASCII)).putInt(EXTENDED_HEADER - CHUNK_HEADER).putInt(flags & (ANIMATION_FLAG | ALPHA_FLAG));
            webp.put((byte) (width - 1)).putShort((short) (width - 1 >> 8)).put((byte) (height - 1)).putShort((short) (height - 1 >> 8));
        }
        return webp.put(chunks).array();
    }

    private void chunk(int at, int data, int length) throws InputException {
        boolean first = width == 0; // VP8X speaks for the picture that follows it
        picture(at, data, length);
        if (first && file.has(at, "VP8X")) {
            flags = file.u8(data);
            width = 1 + (file.u32le(data + 4) & 0xFFFFFF);
            height = 1 + (file.u32le(data + 6) >> 8);
        } else if ((flags & EXIF_FLAG) != 0 && !exifSeen && file.has(at, "EXIF")) {
            exifSeen = true; // of several chunks the first counts
            tags.exif(file.data(), data, data + length);
        } else if ((flags & XMP_FLAG) != 0 && !xmpSeen && file.has(at, "XMP ")) {
            xmpSeen = true;
            tags.xmp(file.data(), data, data + length);
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
        // A still lossy picture has the form of an image and is converted in place; others are copied from a canvas with alpha.
        long bytes = lossy && !animated() ? LOSSY_BYTES_PER_PIXEL * pixels : pixels * ((animated() ? 2 : 1) * 4 + RgbImage.CHANNELS);
        return DecodeCost.of(bytes + picture.size(), (lossy ? 450 : 150) * pixels + 20L * picture.size());
    }

    @Override
    public long mostPixels() {
        return Math.max((long) file.length() * PIXELS_PER_BYTE, BELIEVED_PIXELS);
    }

    @Override
    public int orientation() {
        return tags.orientation();
    }

    @Override
    public RgbImage decode(DecodeOptions options) throws IOException {
        ImageReaderSpi plugin = PluginReader.requirePlugin(file.source(), "WebP",
                "JPEG, PNG, GIF or BMP, or com.twelvemonkeys.imageio:imageio-webp on the class path");
        byte[] stream = stream();
        // Decoding a lossy picture allocates about a hundred bytes of garbage per pixel, which can be estimated from the headers. The tables of a lossless one cannot.
        AllocationLimit limit = lossy ? AllocationLimit.none() : AllocationLimit.of(options.maxMemoryBytes());
        Raster raster = PluginReader.read(file.source(), plugin, stream, height, width, limit, PluginReader.DECODED);
        return RasterPixels.rgb(file.source(), raster, raster.getNumBands() <= 2 ? RasterPixels.grey(0) : RasterPixels.rgb(0));
    }
}
