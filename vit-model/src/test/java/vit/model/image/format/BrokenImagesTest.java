package vit.model.image.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.awt.image.BufferedImage;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import vit.model.InputException;
import vit.model.image.RgbImage;

/** Broken images are refused with the rule that they break, in bounded time and memory. The same holds for truncated and randomly changed files. */
class BrokenImagesTest {

    /** The largest broken image that reaches a decoder has 40×60 pixels. The readers themselves keep some hundred kilobytes. */
    private static final long MOST_BYTES = 8 << 20;

    static List<BrokenImages.Broken> broken() {
        return BrokenImages.all();
    }

    @ParameterizedTest
    @MethodSource("broken")
    void eachIsRefusedByItsRuleAtLittleCost(BrokenImages.Broken broken) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        InputException e = assertThrows(InputException.class, () -> ImageDecoder.decode(broken.fileName(), broken.bytes()));
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(e.getMessage().startsWith(broken.fileName()) && e.getMessage().contains(broken.rule()), e.getMessage());
        assertEquals(1, e.getMessage().lines().count());
        assertTrue(allocated < MOST_BYTES, allocated + " bytes for a file of " + broken.bytes().length);
    }

    @Test
    void thereAreEnoughKindsAndNamesAreDistinct() {
        List<BrokenImages.Broken> all = broken();
        assertTrue(all.size() >= 40, all.size() + " kinds");
        assertEquals(all.size(), all.stream().map(BrokenImages.Broken::fileName).distinct().count());
    }

    @Test
    void bombOf69BytesIsRefused() {
        BrokenImages.Broken bomb = broken().stream().filter(b -> b.fileName().equals("bomb.png")).findFirst().orElseThrow();
        assertEquals(69, bomb.bytes().length);
        InputException e = assertThrows(InputException.class, () -> ImageDecoder.decode("bomb.png", bomb.bytes()));
        assertTrue(e.getMessage().contains("20000×20000"), e.getMessage());
    }

    /** A prefix of a file is either refused, or it lacks only the end of the format's frame and has the pixels of the whole file. */
    @Property(tries = 400)
    void truncatedFilesAreRefusedOrWhole(@ForAll("files") byte[] file, @ForAll @IntRange(min = 0, max = 1 << 20) int cut) throws Exception {
        int removed = 1 + (cut % 2 == 0 ? cut % 40 : cut) % (file.length - 1); // many short cuts, because the last bytes decide
        byte[] whole = ImageDecoder.decode("whole", file).pixels();
        RgbImage image;
        try {
            image = ImageDecoder.decode("cut", Arrays.copyOf(file, file.length - removed));
        } catch (InputException refused) {
            return;
        }
        assertArrayEquals(whole, image.pixels());
    }

    /** Whatever bytes are changed, the answer is an image or an InputException, and it comes soon. */
    @Property(tries = 1500)
    void changedBytesGiveAnImageOrAnInputException(@ForAll("files") byte[] file, @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 6) int changes) {
        Random random = new Random(seed);
        byte[] changed = file.clone();
        for (int i = 0; i < changes; i++) {
            int range = random.nextBoolean() ? Math.min(64, file.length) : file.length; // mostly headers
            changed[random.nextInt(range)] = (byte) random.nextInt(256);
        }
        assertTimeout(Duration.ofSeconds(10), () -> {
            try {
                ImageDecoder.decode("changed", changed);
            } catch (InputException expected) {
                assertEquals(1, expected.getMessage().lines().count());
            }
        });
    }

    @Provide
    Arbitrary<byte[]> files() {
        return Arbitraries.of(
                TestImages.encoded("png", 30, 20),
                TestImages.png(9, 7, 1, new int[63], 2, 0, 1),
                TestImages.encoded("jpg", 30, 20),
                TestImages.encoded("jpg", TestImages.scene(30, 20, BufferedImage.TYPE_3BYTE_BGR), true),
                TestImages.withExif(TestImages.encoded("jpg", 9, 9), TestImages.exif(true, 6)),
                TestImages.fourComponentJpeg(8, 8, new byte[256]),
                TestImages.encoded("gif", 30, 20),
                TestImages.encoded("bmp", 30, 20),
                TestImages.bmp(1, 4, 8, 1, new byte[1024], new byte[] {4, 9, 0, 0, 0, 1}),
                Base64.getDecoder().decode(
                        "UklGRjYAAABXRUJQVlA4TCkAAAAvBgABAImM6H8sovDR/4CCtm2YttsIjT+8z0AsmOL9cXTk/5gAEC+zLwA="));
    }
}
