package vit.model.image.format;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import vit.model.InputException;
import vit.model.image.RgbImage;

/**
 * Decodes JPEG, PNG, BMP and GIF (its first frame) with the JDK's readers, PPM, PGM and PBM with a reader of its own, and WebP and TIFF (its first
 * image) if TwelveMonkeys' plug-ins are on the class path. The result has the samples that Pillow's {@code Image.open(f).convert("RGB")} gives:
 * colour profiles and gamma are not applied, and alpha is dropped, not blended.
 *
 * <p>Files are untrusted. The format is recognised by content; size and structure are checked before pixels are decoded; a damaged or truncated file
 * is an {@link InputException}, never a partly decoded image. Stateless; any number of threads may call.
 */
public final class ImageDecoder {

    private ImageDecoder() {}

    /** As {@link #decode(Path, DecodeOptions)}, with {@link DecodeOptions#DEFAULT}. */
    public static RgbImage decode(Path file) throws InputException {
        return decode(file, DecodeOptions.DEFAULT);
    }

    /**
     * The image in {@code file}. A named pipe is read until its last writer closes it; if it has no writer, this waits for one, without a limit.
     *
     * @throws InputException if there is no such file, it is no image of a known format, too large, or damaged
     */
    public static RgbImage decode(Path file, DecodeOptions options) throws InputException {
        return decode(file.toString(), read(file, options), options);
    }

    /**
     * Decodes the image that {@code in} gives until its end; the stream stays open.
     *
     * @param source a name for messages
     * @throws InputException if the bytes are no image of a known format, too large, or damaged, or if reading fails
     */
    public static RgbImage decode(String source, InputStream in, DecodeOptions options) throws InputException {
        try {
            return decode(source, bounded(source, in, options), options);
        } catch (InputException e) {
            throw e;
        } catch (IOException e) {
            throw InputException.in(source).cause(e).found(e.getClass().getSimpleName() + " " + e.getMessage()).because("the image cannot be read");
        }
    }

    /** As {@link #decode(String, byte[], DecodeOptions)}, with {@link DecodeOptions#DEFAULT}. */
    public static RgbImage decode(String source, byte[] file) throws InputException {
        return decode(source, file, DecodeOptions.DEFAULT);
    }

    /**
     * The image in the bytes of a file.
     *
     * @param source the file's name, or another one that a user recognises
     * @throws InputException if the bytes are no image of a known format, too large, or damaged
     */
    public static RgbImage decode(String source, byte[] file, DecodeOptions options) throws InputException {
        FileBytes bytes = new FileBytes(source, file);
        if (file.length > options.maxFileBytes()) {
            throw tooLarge(source, options);
        }
        EncodedImage encoded = ImageFormat.parse(bytes);
        checkSize(bytes, encoded, options);
        try {
            RgbImage image = encoded.decode(options);
            return options.applyOrientation() ? Orientation.apply(image, encoded.orientation()) : image;
        } catch (InputException e) {
            throw e;
        } catch (AllocationLimit.Exceeded e) {
            throw InputException.in(source).cause(e).expected(memoryBound(options)).found("more").because("decoding the image would take too much memory");
        } catch (IOException | RuntimeException e) {
            // On damaged data, ImageIO's readers throw whatever exception they happen to run into.
            throw InputException.in(source).cause(e).found(description(e)).because("the image data is damaged");
        } catch (OutOfMemoryError e) {
            // One large array could not be allocated; nothing is left half done.
            throw InputException.in(source).cause(e).found(encoded.height() + "×" + encoded.width() + " pixels")
                    .because("the image does not fit into the heap (-Xmx)");
        }
    }

    private static String description(Exception e) {
        if (e instanceof EOFException && e.getMessage() == null) {
            return "the end of the data before that of the picture";
        }
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    private static byte[] read(Path file, DecodeOptions options) throws InputException {
        try {
            if (Files.isDirectory(file)) {
                throw InputException.in(file).expected("an image file").found("a folder").because("this is a folder");
            }
            if (Files.size(file) > options.maxFileBytes()) {
                throw tooLarge(file, options);
            }
            try (InputStream in = Files.newInputStream(file)) {
                return bounded(file, in, options); // a file may grow, and a pipe has no size
            }
        } catch (NoSuchFileException e) {
            throw InputException.in(file).cause(e).because("there is no such file");
        } catch (InputException e) {
            throw e;
        } catch (IOException e) {
            throw InputException.in(file).cause(e).found(e.getClass().getSimpleName() + " " + e.getMessage())
                    .because("the file cannot be read");
        }
    }

    private static byte[] bounded(Object source, InputStream in, DecodeOptions options) throws IOException {
        byte[] bytes = in.readNBytes((int) options.maxFileBytes() + 1);
        if (bytes.length > options.maxFileBytes()) {
            throw tooLarge(source, options);
        }
        return bytes;
    }

    private static InputException tooLarge(Object file, DecodeOptions options) {
        return InputException.in(file.toString()).expected("at most " + options.maxFileBytes() + " bytes").found("more")
                .because("the image file is too large");
    }

    /** Checks everything that the header claims against its bound, before anything is allocated for it. */
    private static void checkSize(FileBytes file, EncodedImage encoded, DecodeOptions options) throws InputException {
        long height = encoded.height();
        long width = encoded.width();
        if (height < 1 || width < 1 || height > DecodeOptions.MAX_SIDE || width > DecodeOptions.MAX_SIDE) {
            throw claims(file, height, width).expected("sides of 1 … " + DecodeOptions.MAX_SIDE + " pixels")
                    .because("the image size is out of range");
        }
        long pixels = height * width;
        if (pixels > options.maxPixels()) {
            throw claims(file, height, width).expected("at most " + options.maxPixels() + " pixels")
                    .because("the image is too large");
        }
        if (pixels > encoded.mostPixels()) {
            throw claims(file, height, width).expected("at most " + encoded.mostPixels() + " pixels in a file of " + file.length() + " bytes")
                    .because("the header claims more pixels than the file can hold");
        }
        DecodeCost cost = encoded.cost();
        long bytes = cost.bytes() + (encoded.orientation() > 1 && options.applyOrientation() ? pixels * RgbImage.CHANNELS : 0);
        if (bytes > options.maxMemoryBytes()) {
            throw claims(mebibytes(bytes), file, height, width).expected(memoryBound(options))
                    .because("decoding the image would take too much memory");
        }
        if (cost.milliseconds() > options.maxMilliseconds() && cost.nanos() > 2 * cost.ordinary()) {
            throw claims(cost.milliseconds() + " ms", file, height, width)
                    .expected("at most " + options.maxMilliseconds() + " ms, or twice the " + cost.ordinary() / 1_000_000
                            + " ms of an ordinary image of this size (DecodeOptions.withMaxMilliseconds)")
                    .because("decoding the image would take too long");
        }
    }

    private static String memoryBound(DecodeOptions options) {
        return "at most " + mebibytes(options.maxMemoryBytes()) + " of memory (half of -Xmx, or DecodeOptions.withMaxMemoryBytes)";
    }

    private static String mebibytes(long bytes) {
        return (bytes + (1 << 20) - 1 >> 20) + " MiB";
    }

    private static InputException.Report claims(String estimate, FileBytes file, long height, long width) {
        return InputException.in(file.source()).found("an estimate of " + estimate + " for " + height + "×" + width + " pixels");
    }

    private static InputException.Report claims(FileBytes file, long height, long width) {
        return InputException.in(file.source()).found(height + "×" + width + " (height × width)");
    }
}
