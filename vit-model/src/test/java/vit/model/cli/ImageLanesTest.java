package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static vit.model.cli.Ran.vit;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import vit.model.InputException;
import vit.model.NonFiniteException;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.image.Preprocessing;

/** Images on several lanes: order, bits and faults are those of one image after the other, memory is bounded, and no thread is left. */
@Timeout(120)
class ImageLanesTest {

    private static final int IMAGES = 41;

    @TempDir
    private Path folder;

    private Path weights;
    private final List<ImageInput> images = new ArrayList<>();

    @BeforeEach
    void writeModelAndImages() throws IOException {
        weights = TinyModel.weights(folder);
        TinyModel.config(folder);
        Path data = Files.createDirectory(folder.resolve("images"));
        for (int i = 0; i < IMAGES; i++) {
            Path file = data.resolve(i + ".png");
            images.add(ImageInput.of(i % 9 == 4 ? Files.writeString(file, "no image") : TinyModel.image(file, 16 + i % 11 * 20, 24 + i % 7 * 30, i)));
        }
    }

    private Object[] arguments(String command, Object... more) {
        List<Object> arguments = new ArrayList<>(List.of(command, "--weights", weights));
        arguments.addAll(List.of(more));
        images.forEach(image -> arguments.add(image.name()));
        return arguments.toArray();
    }

    private LoadedModel loaded(VitModel model, int threads) throws IOException {
        return new LoadedModel(null, null, model, threads, model.preprocessing());
    }

    @Test
    void commandsGiveTheSameOnAnyNumberOfLanesAndInAnyBatch() throws IOException {
        Ran one = vit(arguments("classify", "--json", "--threads", 1));
        assertEquals(1, one.code());
        assertTrue(one.err().contains("5 of 41 images gave no result"), one::err);
        for (int threads : new int[] {2, 3, 5, 30}) { // with 30, the threads share the passes
            for (int batch : new int[] {1, 4, 64}) {
                assertEquals(one, vit(arguments("classify", "--json", "--threads", threads, "--batch", batch)), threads + " threads, batches of " + batch);
            }
        }
        Path serial = folder.resolve("serial.npy");
        Path lanes = folder.resolve("lanes.npy");
        vit(arguments("embed", "--threads", 1, "--output", serial));
        vit(arguments("embed", "--threads", 3, "--output", lanes));
        assertEquals(-1, Files.mismatch(serial, lanes));
        assertEquals(-1, Files.mismatch(folder.resolve("serial.npy.names.txt"), folder.resolve("lanes.npy.names.txt")));
        assertEquals(1, vit(arguments("logits", "--threads", 1, "--output", folder.resolve("a.safetensors"))).code());
        vit(arguments("logits", "--threads", 4, "--output", folder.resolve("b.safetensors")));
        assertEquals(-1, Files.mismatch(folder.resolve("a.safetensors"), folder.resolve("b.safetensors")));
    }

    @Test
    void resultsAreThoseOfASessionForEachImage() throws IOException {
        try (VitModel model = VitModel.load(weights); VitSession session = model.newSession(SessionOptions.threads(1));
                ImageLanes<float[]> lanes = new ImageLanes<>(loaded(model, 3), images, ImageWork.ofLogits(float[]::clone), 3, 1, 4)) {
            Preprocessing preprocessing = model.preprocessing();
            float[] pixels = new float[3 * 24 * 16];
            float[] logits = new float[7];
            for (int i = 0; i < IMAGES; i++) {
                ImageLanes.Slot<float[]> slot = lanes.take();
                if (i % 9 == 4) {
                    assertInstanceOf(InputException.class, slot.fault());
                    continue;
                }
                preprocessing.apply(images.get(i).decode(), 24, 16, pixels, 0);
                session.logits(pixels, 1, logits);
                assertArrayEquals(logits, slot.result(), "image " + i);
                assertEquals(24 + i % 7 * 30, slot.height());
            }
        }
    }

    @Test
    void atMostSoManyImagesAreOnTheirWay() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        List<ImageInput> endless = new AbstractList<>() {
            @Override
            public ImageInput get(int index) {
                asked.accumulateAndGet(index + 1, Math::max);
                return images.get(0);
            }

            @Override
            public int size() {
                return 1_000_000;
            }
        };
        int ahead = 2 * 2 * 3 + 2;
        try (VitModel model = VitModel.load(weights);
                ImageLanes<float[]> lanes = new ImageLanes<>(loaded(model, 2), endless, ImageWork.ofLogits(float[]::clone), 2, 1, 3)) {
            long end = System.nanoTime() + 20_000_000_000L;
            while (asked.get() < ahead && System.nanoTime() < end) {
                Thread.sleep(5);
            }
            Thread.sleep(100);
            assertEquals(ahead, asked.get(), "nothing is taken, so decoding stops");
            for (int i = 1; i <= 50; i++) {
                assertNotNull(lanes.take().result());
                assertTrue(asked.get() <= ahead + i);
            }
        }
        assertFalse(Thread.getAllStackTraces().keySet().stream().anyMatch(thread -> thread.getName().matches("vit-(lane|decode)-\\d+") && thread.isAlive()),
                "close ends the threads, though a million images are left");
    }

    @Test
    void aResultThatIsNotFiniteCostsItsOwnImage() throws IOException {
        ImageWork<Float> work = (model, threads, batch) -> new ImageWork.Pass<>() {
            @Override
            public List<Float> of(float[] pixels, int count) {
                List<Float> sums = new ArrayList<>();
                try (VitSession session = model.model().newSession(SessionOptions.threads(1).withBatch(count).withFiniteCheck(true))) {
                    for (int i = 0; i < count; i++) {
                        float first = pixels[i * model.imageElements()];
                        pixels[i * model.imageElements()] = first > 0 ? Float.NaN : first;
                        sums.add(first);
                    }
                    session.logits(pixels, count, new float[count * 7]);
                }
                return sums;
            }

            @Override
            public void close() {}
        };
        try (VitModel model = VitModel.load(weights)) {
            List<Boolean> alone = faults(model, work, 1);
            assertTrue(alone.contains(true) && alone.contains(false), "some of the images, not all: " + alone);
            assertEquals(alone, faults(model, work, 16));
        }
    }

    private List<Boolean> faults(VitModel model, ImageWork<Float> work, int batch) throws IOException {
        List<Boolean> faults = new ArrayList<>();
        try (ImageLanes<Float> lanes = new ImageLanes<>(loaded(model, 1), images, work, 1, 1, batch)) {
            for (int i = 0; i < IMAGES; i++) {
                faults.add(lanes.take().fault() instanceof NonFiniteException);
            }
        }
        return faults;
    }

    @Test
    void aFaultOfTheProgramComesInItsPlace() throws IOException {
        ImageWork<float[]> broken = (model, threads, batch) -> new ImageWork.Pass<>() {
            @Override
            public List<float[]> of(float[] pixels, int count) {
                throw new IllegalStateException("broken");
            }

            @Override
            public void close() {}
        };
        try (VitModel model = VitModel.load(weights); ImageLanes<float[]> lanes = new ImageLanes<>(loaded(model, 2), images, broken, 2, 1, 1)) {
            assertInstanceOf(IllegalStateException.class, lanes.take().fault());
            Thread.currentThread().interrupt();
            org.junit.jupiter.api.Assertions.assertThrows(InterruptedIOException.class, () -> {
                for (int i = 1; i < IMAGES; i++) {
                    lanes.take();
                }
            });
            assertTrue(Thread.interrupted(), "the interrupt status is kept");
        }
    }

    @Test
    void onATerminalABarShowsImagesPerSecond() throws IOException {
        System.setProperty("vit.stderr.terminal", "true");
        try {
            Ran ran = vit(arguments("classify", "--top", 1, "--threads", 2));
            assertTrue(ran.err().contains("classifying") && ran.err().contains("41") && ran.err().contains("images/s"), () -> ran.err().replace('\u001b', '^'));
            assertEquals(ran.out(), vit(arguments("classify", "--top", 1, "--threads", 1)).out());
        } finally {
            System.clearProperty("vit.stderr.terminal");
        }
    }
}
