package vit.model.image.format;

import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import vit.model.image.RgbImage;

/** Makes small image files in memory. */
public final class TestImages {

    private TestImages() {}

    /** A smooth picture with some noise, so that every part of a decoder has work. */
    public static BufferedImage scene(int height, int width, int type) {
        BufferedImage image = new BufferedImage(width, height, type);
        Random random = new Random(height * 31L + width);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int red = 255 * x / width;
                int green = 255 * y / height;
                int blue = 128 + random.nextInt(40);
                image.setRGB(x, y, 0xFF000000 | red << 16 | green << 8 | blue);
            }
        }
        return image;
    }

    /** The scene in one of ImageIO's formats. */
    public static byte[] encoded(String format, int height, int width) {
        int type = format.equals("gif") ? BufferedImage.TYPE_BYTE_INDEXED : BufferedImage.TYPE_3BYTE_BGR;
        return encoded(format, scene(height, width, type), false);
    }

    /** An image in one of ImageIO's formats. */
    static byte[] encoded(String format, BufferedImage image, boolean progressive) {
        ImageWriter writer = ImageIO.getImageWritersByFormatName(format).next();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
            writer.setOutput(out);
            ImageWriteParam param = writer.getDefaultWriteParam();
            if (progressive) {
                param.setProgressiveMode(ImageWriteParam.MODE_DEFAULT);
            }
            IIOMetadata metadata = writer.getDefaultImageMetadata(new ImageTypeSpecifier(image), param);
            writer.write(null, new IIOImage(image, null, metadata), param);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    /** The red, green and blue samples of an image that stores them as such. */
    static RgbImage rgb(BufferedImage image) {
        byte[] pixels = new byte[image.getHeight() * image.getWidth() * 3];
        int at = 0;
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                int argb = image.getRGB(x, y);
                pixels[at++] = (byte) (argb >> 16);
                pixels[at++] = (byte) (argb >> 8);
                pixels[at++] = (byte) argb;
            }
        }
        return new RgbImage(image.getHeight(), image.getWidth(), pixels);
    }

    /** A JPEG of four components that are stored as they are, without a marker that tells their meaning. */
    static byte[] fourComponentJpeg(int height, int width, byte[] samples) {
        Raster raster = Raster.createInterleavedRaster(new DataBufferByte(samples, samples.length), width, height, 4 * width, 4,
                new int[] {0, 1, 2, 3}, null);
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
            writer.setOutput(out);
            ImageWriteParam param = writer.getDefaultWriteParam();
            param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            param.setCompressionQuality(1);
            writer.write(null, new IIOImage(raster, null, null), param);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    /** Inserts a segment with {@code marker} after the first two bytes of a JPEG. */
    static byte[] withSegment(byte[] jpeg, int marker, byte[] content) {
        ByteBuffer out = ByteBuffer.allocate(jpeg.length + 4 + content.length);
        out.put(jpeg, 0, 2).put((byte) 0xFF).put((byte) marker).putShort((short) (content.length + 2)).put(content);
        out.put(jpeg, 2, jpeg.length - 2);
        return out.array();
    }

    /** A JPEG with Adobe's marker. */
    static byte[] withAdobe(byte[] jpeg, int transform) {
        byte[] content = {'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, (byte) transform};
        return withSegment(jpeg, 0xEE, content);
    }

    /** The JPEG with EXIF metadata, which is the TIFF structure {@code exif}. */
    static byte[] withExif(byte[] jpeg, byte[] exif) {
        byte[] content = ByteBuffer.allocate(6 + exif.length).put("Exif\0\0".getBytes(StandardCharsets.US_ASCII)).put(exif).array();
        return withSegment(jpeg, 0xE1, content);
    }

    /** A TIFF structure with one directory: width, then the orientation. */
    public static byte[] exif(boolean littleEndian, int orientation) {
        ByteBuffer tiff = ByteBuffer.allocate(8 + 2 + 24 + 4).order(littleEndian ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        tiff.put((byte) (littleEndian ? 'I' : 'M')).put((byte) (littleEndian ? 'I' : 'M')).putShort((short) 42).putInt(8).putShort((short) 2);
        tiff.putShort((short) 0x100).putShort((short) 4).putInt(1).putInt(640);
        tiff.putShort((short) 0x112).putShort((short) 3).putInt(1).putShort((short) orientation).putShort((short) 0).putInt(0);
        return tiff.array();
    }

    /** A PNG chunk with a right checksum. */
    static byte[] chunk(String type, byte[] content) {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 crc = new CRC32();
        crc.update(name);
        crc.update(content);
        return ByteBuffer.allocate(12 + content.length).putInt(content.length).put(name).put(content).putInt((int) crc.getValue()).array();
    }

    /** A PNG's header chunk. */
    static byte[] header(int width, int height, int depth, int colourType, int interlace) {
        return chunk("IHDR", ByteBuffer.allocate(13).putInt(width).putInt(height).put((byte) depth).put((byte) colourType).putShort((short) 0)
                .put((byte) interlace).array());
    }

    /** Deflated. */
    static byte[] deflate(byte[] raw) {
        try (Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION)) {
            deflater.setInput(raw);
            deflater.finish();
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            byte[] buffer = new byte[4096];
            while (!deflater.finished()) {
                out.write(buffer, 0, deflater.deflate(buffer));
            }
            return out.toByteArray();
        }
    }

    /** A PNG of these chunks. */
    static byte[] png(byte[]... chunks) {
        return concat(concat("\u0089PNG\r\n\u001A\n".getBytes(StandardCharsets.ISO_8859_1)), concat(chunks));
    }

    /**
     * A PNG of the samples (height, width, channels), packed to {@code depth} bits.
     *
     * @param interlace 1: in Adam7's seven passes
     * @param extra     chunks between header and picture
     */
    static byte[] png(int height, int width, int channels, int[] samples, int depth, int colourType, int interlace, byte[]... extra) {
        ByteArrayOutputStream raw = new ByteArrayOutputStream();
        int[][] passes = interlace == 0 ? new int[][] {{0, 0, 1, 1}}
                : new int[][] {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
        for (int[] pass : passes) {
            for (int y = pass[1]; y < height && pass[0] < width; y += pass[3]) {
                raw.write(0); // filter: none
                int bits = 0;
                int count = 0;
                for (int x = pass[0]; x < width; x += pass[2]) {
                    for (int c = 0; c < channels; c++) {
                        int sample = samples[(y * width + x) * channels + c];
                        for (int b = depth - 1; b >= 0; b--) {
                            bits = bits << 1 | sample >> b & 1;
                            if (++count == 8) {
                                raw.write(bits);
                                count = 0;
                            }
                        }
                    }
                }
                if (count > 0) {
                    raw.write(bits << 8 - count);
                }
            }
        }
        return png(header(width, height, depth, colourType, interlace), concat(extra), chunk("IDAT", deflate(raw.toByteArray())),
                chunk("IEND", new byte[0]));
    }

    /**
     * A bitmap with a 40-byte header.
     *
     * @param height negative: the top row comes first
     * @param extra  palette or masks
     */
    static byte[] bmp(int height, int width, int bits, int compression, byte[] extra, byte[] pixels) {
        int data = 54 + extra.length;
        ByteBuffer out = ByteBuffer.allocate(data + pixels.length).order(ByteOrder.LITTLE_ENDIAN);
        out.put((byte) 'B').put((byte) 'M').putInt(out.capacity()).putInt(0).putInt(data);
        out.putInt(40).putInt(width).putInt(height).putShort((short) 1).putShort((short) bits).putInt(compression).putInt(pixels.length);
        out.putInt(0).putInt(0).putInt(0).putInt(0);
        return out.put(extra).put(pixels).array();
    }

    /** One after the other. */
    static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }
}
