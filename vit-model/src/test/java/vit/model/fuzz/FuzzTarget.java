package vit.model.fuzz;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import vit.model.InputException;
import vit.model.image.ImageReaderRules;
import vit.model.image.format.OrientationRules;
import vit.model.weights.WeightReaderRules;

/**
 * A reader of untrusted files, as a target of a fuzzer. Whatever the bytes are, the reader must answer at bounded cost, either with a result
 * that keeps the target's rule or with an {@link InputException} of one line.
 */
public enum FuzzTarget {
    SAFETENSORS(WeightReaderRules::safetensors, WeightReaderRules::headers),
    NPZ(WeightReaderRules::archive, WeightReaderRules::archives),
    CONFIGURATION(WeightReaderRules::configuration, WeightReaderRules::configurations),
    LABELS(WeightReaderRules::labels, WeightReaderRules::labelFiles),
    PREPROCESSOR(ImageReaderRules::preprocessor, ImageReaderRules::preprocessors),
    ORIENTATION(OrientationRules::orientation, OrientationRules::orientations),
    JPEG(ImageReaderRules::image, () -> ImageReaderRules.images(".jpg"), "\u00FF\u00D8\u00FF"),
    PNG(ImageReaderRules::image, () -> ImageReaderRules.images(".png"), "\u0089PNG"),
    GIF(ImageReaderRules::image, () -> ImageReaderRules.images(".gif"), "GIF8"),
    BMP(ImageReaderRules::image, () -> ImageReaderRules.images(".bmp"), "BM"),
    WEBP(ImageReaderRules::image, () -> ImageReaderRules.images(".webp"), "RIFF"),
    TIFF(ImageReaderRules::image, () -> ImageReaderRules.images(".tif"), "II*", "MM\0*"),
    PNM(ImageReaderRules::image, () -> ImageReaderRules.images(".ppm", ".pgm", ".pbm"), "P");

    /** A rule that reads the bytes and throws {@link AssertionError} if the result is wrong. */
    @FunctionalInterface
    interface Rule {
        void check(byte[] file) throws IOException;
    }

    private static final long MOST_NANOS = 10_000_000_000L;
    private static final long MOST_BYTES = 512 << 20;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final Rule rule;
    private final Supplier<List<byte[]>> seeds;
    private final String[] signatures;

    FuzzTarget(Rule rule, Supplier<List<byte[]>> seeds, String... signatures) {
        this.rule = rule;
        this.seeds = seeds;
        this.signatures = signatures;
    }

    /** The name of the folder with this target's files. */
    public String folder() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Sound files to start from. */
    public List<byte[]> seeds() {
        return seeds.get();
    }

    /**
     * Reads the bytes and judges the answer. If they do not begin with a signature of the target's format, nothing is judged, because they
     * belong to another target.
     *
     * @return whether the reader accepted the bytes, as far as the rule can tell
     * @throws AssertionError if the bytes are a finding
     */
    public boolean check(byte[] file) {
        return isOwn(file) && check(name(), rule, file);
    }

    /**
     * Counts a fault only if it shows twice, because the first reading may also pay for loading classes and for the fuzzer's instrumentation
     * of them.
     */
    static boolean check(String name, Rule rule, byte[] file) {
        try {
            return judge(name, rule, file);
        } catch (AssertionError _) {
            return judge(name, rule, file);
        }
    }

    private static boolean judge(String name, Rule rule, byte[] file) {
        long bytes = THREADS.getCurrentThreadAllocatedBytes();
        long nanos = THREADS.getCurrentThreadCpuTime();
        boolean accepted = true;
        try {
            rule.check(file);
        } catch (InputException e) {
            if (e.getMessage().lines().count() != 1) {
                throw new AssertionError("a message of several lines: " + e.getMessage(), e);
            }
            accepted = false;
        } catch (IOException | RuntimeException | StackOverflowError | OutOfMemoryError e) {
            throw new AssertionError(name + ": " + e, e);
        }
        nanos = THREADS.getCurrentThreadCpuTime() - nanos;
        bytes = THREADS.getCurrentThreadAllocatedBytes() - bytes;
        if (nanos > MOST_NANOS || bytes > MOST_BYTES) {
            throw new AssertionError(name + " took " + nanos / 1_000_000 + " ms and allocated " + bytes + " bytes for " + file.length);
        }
        return accepted;
    }

    private boolean isOwn(byte[] file) {
        boolean own = signatures.length == 0;
        for (String signature : signatures) {
            own |= file.length >= signature.length() && new String(file, 0, signature.length(), StandardCharsets.ISO_8859_1).equals(signature);
        }
        return own;
    }
}
