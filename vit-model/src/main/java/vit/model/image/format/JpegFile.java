package vit.model.image.format;

import java.awt.image.Raster;
import java.io.IOException;
import vit.model.InputException;
import vit.model.image.RgbImage;

/**
 * A JPEG file. The JDK's reader (libjpeg) is given a stream of only those segments that hold the picture, and it returns the components as they are
 * stored. Profiles, thumbnails and comments of an untrusted file are therefore never interpreted, CMYK needs no plug-in, and the conversion to RGB
 * equals libjpeg's and Pillow's to the bit.
 */
final class JpegFile implements EncodedImage {

    /** Each scan refines the picture, and a file of thousands of scans would keep the decoder busy for hours. libjpeg-turbo suggests this limit. */
    private static final int MAX_SCANS = 500;

    /** A progressive scan of nothing but DC coefficients takes one bit for a block of 64 pixels. */
    private static final int PIXELS_PER_BYTE = 8 * 64;

    /** libjpeg keeps 64 coefficients of 16 bits for each block of a picture of several scans. */
    private static final int COEFFICIENT_BYTES = 128;

    /** Measured on scans that consist only of "no change" codes, which cost the most time per byte of file. */
    private static final int NANOS_PER_BLOCK = 110;

    /** Scans that an ordinary encoder makes of one component at most: libjpeg's default script visits the first component six times, the others four. */
    private static final int ORDINARY_SCANS = 6;

    private static final int SOF0 = 0xC0;
    private static final int SOF2 = 0xC2;
    private static final int DHT = 0xC4;
    private static final int SOF15 = 0xCF;
    private static final int EOI = 0xD9;
    private static final int SOS = 0xDA;
    private static final int DQT = 0xDB;
    private static final int DRI = 0xDD;
    private static final int APP0 = 0xE0;
    private static final int APP1 = 0xE1;
    private static final int APP14 = 0xEE;

    private static final String XMP = "http://ns.adobe.com/xap/1.0/\0";

    private final FileBytes file;
    private final Slices picture;
    private int height;
    private int width;
    private int[] components = {}; // their ids
    private int[] samplings = {}; // of each component: across in the high half byte, down in the low one
    private int scans;
    private long blocksVisited; // by all scans
    private boolean jfif;
    private int adobeTransform = -1; // no Adobe marker
    private final OrientationTags tags = new OrientationTags();
    private boolean progressive;
    private boolean withoutEnd;

    private JpegFile(FileBytes file) {
        this.file = file;
        this.picture = new Slices(file);
    }

    static JpegFile parse(FileBytes file) throws InputException {
        JpegFile jpeg = new JpegFile(file);
        jpeg.picture.add(0, 2);
        int scan = jpeg.tables(2);
        jpeg.picture.add(scan - 2, jpeg.scans(scan));
        return jpeg;
    }

    /** Reads the segments before the first scan; returns where that scan's segment begins, after its marker. */
    private int tables(int start) throws InputException {
        int at = start;
        while (true) {
            at = marker(at);
            int marker = file.u8(at++);
            if (marker == EOI) {
                throw file.fault(at - 2).expected("a scan").found("the end marker").because("the JPEG holds no picture");
            }
            if (standsAlone(marker)) {
                continue;
            }
            int length = length(at);
            if (marker == SOS) {
                if (components.length == 0) {
                    throw file.fault(at - 2).expected("a frame header").found("a scan").because("the JPEG's scan comes before its frame");
                }
                return at;
            }
            segment(marker, at, length);
            at += length;
        }
    }

    private void segment(int marker, int at, int length) throws InputException {
        boolean keep = false;
        if (marker == DHT || marker == DQT || marker == DRI) {
            keep = true;
        } else if (marker >= SOF0 && marker <= SOF15) {
            frame(marker, at, length);
            keep = true;
        } else if (marker == APP0 && file.has(at + 2, "JFIF\0")) {
            jfif = true;
        } else if (marker == APP1 && length >= 8 && file.has(at + 2, "Exif\0\0")) {
            tags.moreExif(file.data(), at + 8, at + length);
        } else if (marker == APP1 && length >= 2 + XMP.length() && file.has(at + 2, XMP)) {
            tags.xmp(file.data(), at + 2 + XMP.length(), at + length);
        } else if (marker == APP14 && length >= 14 && file.has(at + 2, "Adobe")) {
            adobeTransform = file.u8(at + 13);
        }
        if (keep) {
            picture.add(at - 2, at + length);
        }
    }

    private void frame(int marker, int at, int length) throws InputException {
        if (components.length > 0) {
            throw file.fault(at - 2).expected("one frame").found("a second").because("the JPEG has several frames");
        }
        if (marker > SOF2) {
            throw file.fault(at - 2).expected("baseline, extended or progressive JPEG")
                    .found(marker >= 0xC9 ? "arithmetic coding" : "lossless or hierarchical JPEG").because("this kind of JPEG is not supported");
        }
        int precision = file.u8(at + 2);
        if (precision != 8) {
            throw file.fault(at + 2).expected("8 bits a sample").found(precision).because("this kind of JPEG is not supported");
        }
        progressive = marker == SOF2;
        height = file.u16be(at + 3);
        width = file.u16be(at + 5);
        int count = file.u8(at + 7);
        if (count != 1 && count != 3 && count != 4 || length != 8 + 3 * count) {
            throw file.fault(at + 7).expected("1, 3 or 4 components").found(count).because("the JPEG's components are unsound");
        }
        components = new int[count];
        samplings = new int[count];
        for (int i = 0; i < count; i++) {
            components[i] = file.u8(at + 8 + 3 * i);
            samplings[i] = file.u8(at + 9 + 3 * i);
        }
    }

    /** Skips all scans; returns the end of the file's end marker, or the file's end where a sequential JPEG has none. */
    private int scans(int firstScan) throws InputException {
        long[] blocks = blocks();
        int componentsScanned = scan(firstScan, blocks);
        int at = firstScan + length(firstScan);
        byte[] data = file.data();
        while (true) {
            while (at < data.length && data[at] != (byte) 0xFF) {
                at++;
            }
            if (at + 2 > data.length) {
                return end(at, componentsScanned);
            }
            int marker = data[at + 1] & 0xFF;
            if (marker == EOI) {
                return at + 2;
            }
            if (marker == 0xFF) {
                at++;
            } else if (marker == 0 || standsAlone(marker)) {
                at += 2;
            } else {
                if (marker == SOS) {
                    componentsScanned += scan(at + 2, blocks);
                    if (scans > MAX_SCANS) {
                        throw file.fault(at).expected("at most " + MAX_SCANS).found("more").because("the JPEG has too many scans");
                    }
                }
                at += 2 + length(at + 2);
            }
        }
    }

    /** Counts the blocks of the scan at {@code at}; returns how many components it holds. */
    private int scan(int at, long[] blocks) throws InputException {
        int length = length(at);
        int count = file.u8(at + 2);
        for (int i = 0; i < count && 3 + 2 * i < length; i++) {
            int id = file.u8(at + 3 + 2 * i);
            for (int c = 0; c < components.length; c++) {
                blocksVisited += components[c] == id ? blocks[c] : 0;
            }
        }
        scans++;
        return count;
    }

    /**
     * The end marker is missing. A progressive picture might have been refined further, which cannot be known, so it is refused. A sequential one
     * that has a scan for each component is whole unless libjpeg runs out of data, which libjpeg reports.
     */
    private int end(int at, int componentsScanned) throws InputException {
        if (progressive || componentsScanned < components.length) {
            file.require(at, 2, "the picture or its end marker");
        }
        withoutEnd = true;
        return file.length();
    }

    /** Where the next marker's code stands. Stray bytes before it are skipped, as libjpeg does. */
    private int marker(int start) throws InputException {
        int at = start;
        while (file.u8(at) != 0xFF || file.u8(at + 1) == 0xFF || file.u8(at + 1) == 0) {
            at++;
        }
        return at + 1;
    }

    private static boolean standsAlone(int marker) {
        return marker >= 0xD0 && marker <= 0xD8 || marker == 1;
    }

    /** The length of the segment at {@code at}, its own two bytes included. */
    private int length(int at) throws InputException {
        int length = file.u16be(at);
        if (length < 2) {
            throw file.fault(at).expected("at least 2").found(length).because("the JPEG segment's length is unsound");
        }
        file.require(at, length, "a JPEG segment");
        return length;
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
        long pixels = (long) height * width;
        long blocks = 0; // of all components
        for (long count : blocks()) {
            blocks += count;
        }
        boolean copied = components.length != RgbImage.CHANNELS; // otherwise the JDK's array becomes the image's
        long bytes = pixels * components.length + (copied ? pixels * RgbImage.CHANNELS : 0) + picture.size();
        long coefficients = progressive || scans > 1 ? blocks * COEFFICIENT_BYTES : 0;
        long plain = 15 * pixels * components.length + 20L * picture.size();
        return new DecodeCost(bytes + coefficients, plain + blocksVisited * NANOS_PER_BLOCK, plain + ORDINARY_SCANS * blocks * NANOS_PER_BLOCK);
    }

    /** Blocks of 8×8 samples of each component. */
    private long[] blocks() {
        int mostAcross = 1;
        int mostDown = 1;
        for (int sampling : samplings) {
            mostAcross = Math.max(mostAcross, sampling >> 4);
            mostDown = Math.max(mostDown, sampling & 15);
        }
        long[] blocks = new long[components.length];
        for (int i = 0; i < blocks.length; i++) {
            long across = ((long) width * (samplings[i] >> 4) + 8L * mostAcross - 1) / (8L * mostAcross);
            long down = ((long) height * (samplings[i] & 15) + 8L * mostDown - 1) / (8L * mostDown);
            blocks[i] = across * down;
        }
        return blocks;
    }

    @Override
    public long mostPixels() {
        return (long) file.length() * PIXELS_PER_BYTE;
    }

    @Override
    public int orientation() {
        return tags.orientation();
    }

    @Override
    public RgbImage decode(DecodeOptions options) throws IOException {
        byte[] stream = withoutEnd ? picture.joinWith((byte) 0xFF, (byte) EOI) : picture.join();
        Raster raster = PluginReader.read(file.source(), PluginReader.ofJdk("jpeg"), stream, height, width, PluginReader.STORED);
        if (raster.getNumBands() != components.length) {
            throw InputException.in(file.source()).expected(components.length).found(raster.getNumBands())
                    .because("the image data has another number of components than the header says");
        }
        JpegColour colour = JpegColour.of(components, jfif, adobeTransform);
        return RasterPixels.rgb(file.source(), raster, colour::toRgb);
    }
}
