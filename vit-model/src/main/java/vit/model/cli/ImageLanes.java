package vit.model.cli;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import vit.model.InputException;
import vit.model.NonFiniteException;
import vit.model.image.RgbImage;

/**
 * Computes something of many images on several threads, and gives the results in the order of the images. Some threads decode images ahead; the others, the
 * lanes, run the model, each with a session of its own, so that no thread waits for another one within a pass. A result does not depend on the lane, nor on
 * the images that are computed together with it.
 *
 * <pre>
 *   decoding threads:  image → pixels        lanes:  pixels of up to B images → results        caller:  results, in order
 * </pre>
 *
 * At most {@code ahead} images are between the first step and the caller at any time, which bounds the memory: their pixels and results, and one decoded
 * image per decoding thread. {@link #take} is for one thread.
 *
 * @param <T> what is computed
 */
final class ImageLanes<T> implements AutoCloseable {

    private final LoadedModel model;
    private final List<ImageInput> images;
    private final int batch;
    private final int ahead;
    private final List<ImageWork.Pass<T>> passes = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();

    // Guarded by this.
    private final Slot<T>[] slots; // image i is in slot i % ahead
    private final Deque<float[]> free = new ArrayDeque<>();
    private final Deque<Slot<T>> decoded = new ArrayDeque<>(); // waiting for a lane
    private int nextToDecode;
    private int nextToTake;
    private boolean closed;

    /** One image on its way. */
    static final class Slot<T> {
        private float[] pixels;
        private boolean done;
        private T result;
        private Throwable fault;
        private int height;
        private int width;

        /** The result; null if there is a {@link #fault}. */
        T result() {
            return result;
        }

        /** Why there is no result, or null. */
        Throwable fault() {
            return fault;
        }

        /** Rows of the image as it was decoded; 0 if it was not. */
        int height() {
            return height;
        }

        /** Columns of the image as it was decoded. */
        int width() {
            return width;
        }
    }

    /**
     * Starts the threads.
     *
     * @param lanes number of threads that run the model, which is also that of threads that decode
     * @param batch most images in one pass
     */
    @SuppressWarnings("unchecked")
    ImageLanes(LoadedModel model, List<ImageInput> images, ImageWork<T> work, int lanes, int threadsOfALane, int batch) {
        this.model = model;
        this.images = images;
        this.batch = batch;
        this.ahead = 2 * lanes * batch + lanes;
        this.slots = (Slot<T>[]) new Slot<?>[ahead];
        boolean started = false;
        try {
            for (int lane = 0; lane < lanes; lane++) {
                passes.add(work.open(model, threadsOfALane, batch));
            }
            for (int lane = 0; lane < lanes; lane++) {
                ImageWork.Pass<T> pass = passes.get(lane);
                threads.add(Thread.ofPlatform().daemon().name("vit-decode-" + lane).start(this::decodeAll));
                threads.add(Thread.ofPlatform().daemon().name("vit-lane-" + lane).start(() -> computeAll(pass)));
            }
            started = true;
        } finally {
            if (!started) {
                close();
            }
        }
    }

    private void decodeAll() {
        while (true) {
            int index;
            Slot<T> slot = new Slot<>();
            synchronized (this) {
                while (!closed && nextToDecode < images.size() && nextToDecode - nextToTake >= ahead) {
                    if (!await()) {
                        return;
                    }
                }
                if (closed || nextToDecode >= images.size()) {
                    return;
                }
                index = nextToDecode++;
                slots[index % ahead] = slot;
                slot.pixels = free.poll();
            }
            try {
                slot.pixels = slot.pixels == null ? new float[model.imageElements()] : slot.pixels;
                RgbImage image = images.get(index).decode();
                slot.height = image.height();
                slot.width = image.width();
                model.preprocess(image, slot.pixels);
            } catch (IOException | RuntimeException | Error e) {
                slot.fault = e;
            }
            synchronized (this) {
                if (slot.fault == null) {
                    decoded.add(slot);
                } else {
                    slot.done = true;
                }
                notifyAll();
            }
        }
    }

    private void computeAll(ImageWork.Pass<T> pass) {
        float[] pixels = new float[batch * model.imageElements()];
        List<Slot<T>> together = new ArrayList<>();
        while (true) {
            together.clear();
            synchronized (this) {
                while (!closed && decoded.isEmpty()) {
                    if (!await()) {
                        return;
                    }
                }
                if (closed) {
                    return;
                }
                while (together.size() < batch && !decoded.isEmpty()) {
                    together.add(decoded.remove());
                }
            }
            compute(pass, together, pixels);
            synchronized (this) {
                together.forEach(slot -> slot.done = true);
                notifyAll();
            }
        }
    }

    private void compute(ImageWork.Pass<T> pass, List<Slot<T>> together, float[] pixels) {
        int elements = model.imageElements();
        for (int i = 0; i < together.size(); i++) {
            System.arraycopy(together.get(i).pixels, 0, pixels, i * elements, elements);
        }
        try {
            List<T> results = pass.of(pixels, together.size());
            for (int i = 0; i < results.size(); i++) {
                together.get(i).result = results.get(i);
            }
        } catch (NonFiniteException e) {
            if (together.size() == 1) {
                together.getFirst().fault = e;
            } else { // so that only the image whose result is not finite has none
                together.forEach(slot -> compute(pass, List.of(slot), pixels));
            }
        } catch (RuntimeException | Error e) {
            together.forEach(slot -> slot.fault = e);
        }
    }

    /** Waits for a change; false if the thread is to end. */
    private boolean await() {
        try {
            wait();
            return true;
        } catch (InterruptedException e) {
            return false; // by close
        }
    }

    /**
     * The next image; waits for it.
     *
     * @throws IOException if the thread is interrupted; its interrupt status is kept
     */
    synchronized Slot<T> take() throws IOException {
        int at = nextToTake % ahead;
        while (slots[at] == null || !slots[at].done) {
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted while waiting for images");
            }
        }
        Slot<T> slot = slots[at];
        slots[at] = null;
        if (slot.pixels != null) {
            free.add(slot.pixels);
            slot.pixels = null;
        }
        nextToTake++;
        notifyAll();
        return slot;
    }

    /** Whether a fault costs only its own image. */
    static boolean isOfItsImage(Throwable fault) {
        return fault instanceof InputException || fault instanceof NonFiniteException || fault instanceof OutOfMemoryError;
    }

    /** Ends the threads, waits for them, and closes the sessions. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (true) {
                try {
                    thread.join();
                    break;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        passes.forEach(ImageWork.Pass::close);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
