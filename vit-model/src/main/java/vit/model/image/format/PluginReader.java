package vit.model.image.format;

import java.awt.image.Raster;
import java.io.IOException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Locale;
import java.util.Optional;
import javax.imageio.ImageReader;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ImageReaderSpi;
import vit.model.InputException;

/** Runs one ImageIO reader over bytes in memory. */
final class PluginReader {

    /** What a caller does with a reader whose input is set. */
    @FunctionalInterface
    interface Work {
        Raster read(ImageReader reader) throws IOException;
    }

    /** The samples as they are stored, without a conversion of colours. */
    static final Work STORED = reader -> reader.readRaster(0, null);

    /** The samples of the decoded image: for readers that cannot give stored ones. */
    static final Work DECODED = reader -> reader.read(0).getRaster();

    /** TwelveMonkeys' WebP reader fills its buffer of 64 bits before it needs them. */
    private static final int PLUGIN_LOOK_AHEAD = 64;

    private PluginReader() {}

    /**
     * The JDK's own reader. It is chosen explicitly, because plug-ins on the class path must not change what a photo decodes to.
     *
     * @param format {@code jpeg}, {@code png}, {@code gif} or {@code bmp}
     */
    static ImageReaderSpi ofJdk(String format) {
        return find(format, true).orElseThrow(() -> new IllegalStateException("the JDK's " + format + " reader is not registered with ImageIO"));
    }

    /** A reader from the class path. */
    static Optional<ImageReaderSpi> ofPlugin(String format) {
        return find(format, false);
    }

    /**
     * A reader from the class path that must be there.
     *
     * @param name     the format, as messages name it
     * @param expected what the message of a refusal asks for: the formats that need no plug-in, and the plug-in's artifact
     */
    static ImageReaderSpi requirePlugin(String source, String name, String expected) throws InputException {
        return ofPlugin(name.toLowerCase(Locale.ROOT)).orElseThrow(() -> InputException.in(source)
                .expected(expected).found(name).because(name + " needs a plug-in that is not there"));
    }

    private static Optional<ImageReaderSpi> find(String format, boolean jdk) {
        Iterator<ImageReaderSpi> all = IIORegistry.getDefaultInstance().getServiceProviders(ImageReaderSpi.class, true);
        while (all.hasNext()) {
            ImageReaderSpi spi = all.next();
            boolean reads = Arrays.stream(spi.getFormatNames()).anyMatch(n -> n.toLowerCase(Locale.ROOT).equals(format));
            if (reads && isJdk(spi) == jdk) {
                return Optional.of(spi);
            }
        }
        return Optional.empty();
    }

    private static boolean isJdk(ImageReaderSpi spi) {
        return "java.desktop".equals(spi.getClass().getModule().getName());
    }

    /**
     * Reads from {@code stream}, which the reader sees as a whole file. Warnings that mean lost pixels are errors.
     *
     * @param height rows that the raster must have
     * @param width  columns that it must have
     */
    static Raster read(String source, ImageReaderSpi spi, byte[] stream, long height, long width, Work work) throws IOException {
        return read(source, spi, stream, height, width, AllocationLimit.none(), work);
    }

    /** @param limit what the reader may allocate while it reads */
    static Raster read(String source, ImageReaderSpi spi, byte[] stream, long height, long width, AllocationLimit limit, Work work) throws IOException {
        ImageReader reader = spi.createReaderInstance();
        try (ByteArrayImageInput input = new ByteArrayImageInput(stream, isJdk(spi) ? 0 : PLUGIN_LOOK_AHEAD, limit)) {
            String[] damage = new String[1];
            reader.addIIOReadWarningListener((from, warning) -> {
                if (damage[0] == null && meansLostPixels(warning)) {
                    damage[0] = warning;
                }
            });
            reader.setInput(input, true, true);
            Raster raster = work.read(reader);
            if (damage[0] != null) {
                throw InputException.in(source).found(damage[0]).because("the image data is damaged");
            }
            if (raster.getHeight() != height || raster.getWidth() != width) {
                throw InputException.in(source).expected(height + "×" + width).found(raster.getHeight() + "×" + raster.getWidth())
                        .because("the image data is of another size than the header says");
            }
            return raster;
        } finally {
            reader.dispose();
        }
    }

    /**
     * Whether a warning means grey or garbled blocks. libjpeg's warnings (jerror.h) are a closed list; those listed here, and the JDK's own for a
     * missing end, mean lost pixels. The others report stray bytes or odd markers, which harm nothing.
     */
    private static boolean meansLostPixels(String warning) {
        return warning.startsWith("Corrupt JPEG data") && !warning.contains("extraneous bytes")
                || warning.startsWith("Premature end") || warning.startsWith("Truncated File")
                || warning.startsWith("Inconsistent progression");
    }
}
