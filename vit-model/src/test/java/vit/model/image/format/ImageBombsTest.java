package vit.model.image.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import vit.kernels.verify.ChildProcess;
import vit.model.InputException;

/** Images that cost more than their size suggests are refused because of their estimated cost, or decoded within it. */
class ImageBombsTest {

    /** The limit of the estimate is two seconds. A busy or slow machine takes longer than the estimate. */
    private static final long MOST_NANOS = 10_000_000_000L;

    @Test
    void scansTimesPixelsIsBounded() {
        byte[] jpeg = ImageBombs.progressive(2000, 1, 500); // 15 KB, three seconds
        InputException e = assertThrows(InputException.class, () -> ImageDecoder.decode("a.jpg", jpeg));
        assertTrue(e.getMessage().contains("decoding the image would take too long") && e.getMessage().contains("withMaxMilliseconds")
                && e.getMessage().contains("an estimate of "), e.getMessage());
        byte[] colours = ImageBombs.progressive(5200, 4, 100); // 200 KB, 16 seconds: the picture is large, and its number of scans is just allowed
        DecodeOptions roomy = DecodeOptions.DEFAULT.withMaxMemoryBytes(4L << 30);
        assertThrows(InputException.class, () -> ImageDecoder.decode("bomb", colours, roomy));
    }

    @Test
    void boundsAreSettable() throws Exception {
        byte[] jpeg = ImageBombs.progressive(512, 1, 100);
        assertEquals(512, ImageDecoder.decode("a.jpg", jpeg).width());
        DecodeOptions hasty = DecodeOptions.DEFAULT.withMaxMilliseconds(10);
        assertThrows(InputException.class, () -> ImageDecoder.decode("a.jpg", jpeg, hasty));
        byte[] ordinary = ImageBombs.progressive(512, 1, 10); // an ordinary image is decoded whatever the bound
        assertEquals(512, ImageDecoder.decode("a.jpg", ordinary, hasty.withMaxMilliseconds(1)).width());
        DecodeOptions small = DecodeOptions.DEFAULT.withMaxMemoryBytes(1 << 20);
        InputException e = assertThrows(InputException.class, () -> ImageDecoder.decode("a.jpg", ordinary, small));
        assertTrue(e.getMessage().contains("too much memory") && e.getMessage().contains("withMaxMemoryBytes"), e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> small.withMaxMilliseconds(0));
        assertThrows(IllegalArgumentException.class, () -> small.withMaxMemoryBytes(0));
    }

    @Test
    void tablesOfALosslessWebpAreBounded() throws Exception {
        byte[] webp = ImageBombs.all().get("webp-groups-16000").get(); // 88 MB of tables for 16×16 pixels
        InputException e = assertThrows(InputException.class,
                () -> ImageDecoder.decode("a.webp", webp, DecodeOptions.DEFAULT.withMaxMemoryBytes(20 << 20)));
        assertTrue(e.getMessage().contains("too much memory"), e.getMessage());
        assertEquals(16, ImageDecoder.decode("a.webp", webp, DecodeOptions.DEFAULT.withMaxMemoryBytes(1L << 30)).width());
    }

    /**
     * Each kind with the bytes per pixel that decoding takes at its peak: stored samples, the coefficients that libjpeg keeps, and the picture
     * if it is copied.
     */
    @ParameterizedTest
    @CsvSource({"jpeg-progressive-1-2000-20,6", "jpeg-progressive-3-2000-20,9", "jpeg-progressive-4-2000-20,15", "png-rgb-3000-1,3", "png-rgba16-3000-1,11",
        "png-bits-3000-0,3", "png-grey-3000-1,4", "webp-lossy-2000,5"})
    void estimatesFollowTheKind(String name, int bytesPerPixel) throws Exception {
        byte[] file = ImageBombs.all().get(name).get();
        EncodedImage image = ImageFormat.parse(new FileBytes(name, file));
        long pixels = image.height() * image.width();
        double estimated = (image.cost().bytes() - 3.0 * file.length) / pixels;
        assertTrue(estimated <= bytesPerPixel + 0.2 && image.cost().bytes() >= bytesPerPixel * pixels, name + ": " + estimated);
    }

    /** A text may be as large as a file may be, beside which a copy would not fit into the heap. */
    @ParameterizedTest
    @ValueSource(strings = {"png-xmp-text", "png-exif-text"})
    void textsAreReadWhereTheyStand(String name) throws Exception {
        byte[] file = ImageBombs.all().get(name).get();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        ImageDecoder.decode(name, file);
        long before = threads.getCurrentThreadAllocatedBytes();
        assertEquals(8, ImageDecoder.decode(name, file).width());
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < 4 << 20, allocated + " bytes for a file of " + file.length);
    }

    /** The small bombs run in every build, all of them with the heavy tests. */
    @Test
    void smallBombsEndNoSmallJvm() throws Exception {
        judge("png-empty-data-chunks,png-rgb-5600-1,jpeg-progressive-4-5200-20,jpeg-progressive-1-6900-500,webp-groups-65536,webp-chunks,png-packed-texts,gif-clear-codes,"
                + "tiff-large-tile,tiff-jpeg-scans,tiff-tiles,bmp-runs");
    }

    @Test
    @Tag("heavy")
    void noBombEndsASmallJvm() throws Exception {
        judge(String.join(",", ImageBombs.all().keySet()));
    }

    /** Decodes in a JVM that ends at the first OutOfMemoryError. */
    private static void judge(String names) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElseThrow(), "-Xmx256m", "-XX:+UseSerialGC",
                "-XX:+ExitOnOutOfMemoryError", "-cp", System.getProperty("java.class.path"), Child.class.getName(), names));
        System.out.print(ChildProcess.output(new ProcessBuilder(command).redirectErrorStream(true)));
    }

    /** The program in the child: decodes each named image and prints processor time, allocated bytes and the answer. */
    static final class Child {

        private Child() {}

        public static void main(String[] names) {
            Map<String, Supplier<byte[]>> all = ImageBombs.all();
            boolean sound = true;
            for (String name : names[0].split(",")) {
                sound &= decode(name, all.get(name).get());
            }
            System.exit(sound ? 0 : 1);
        }

        private static boolean decode(String name, byte[] file) {
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long bytes = threads.getCurrentThreadAllocatedBytes();
            long nanos = threads.getCurrentThreadCpuTime();
            String answer;
            boolean sound = true;
            try {
                answer = ImageDecoder.decode(name, file).toString();
            } catch (InputException e) {
                answer = e.getMessage();
            } catch (RuntimeException | StackOverflowError e) {
                answer = e.toString();
                sound = false;
            }
            nanos = threads.getCurrentThreadCpuTime() - nanos;
            System.out.printf("%5d ms %6d KiB allocated %6d KiB file  %s%n", nanos / 1_000_000, threads.getCurrentThreadAllocatedBytes() - bytes >> 10,
                    file.length >> 10, answer);
            return sound && nanos < MOST_NANOS;
        }
    }
}
