package vit.model.train.data;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import vit.model.image.RgbImage;

/** Keeps decoded images up to a bound on their bytes; images beyond it are decoded every time. Any number of threads may call. */
public final class CachedImages implements ImageSource {

    private final ImageSource images;
    private final AtomicReferenceArray<RgbImage> kept;
    private final AtomicLong room;

    /** Caches {@code images} in at most {@code bytes} bytes. */
    public CachedImages(ImageSource images, long bytes) {
        this.images = images;
        this.kept = new AtomicReferenceArray<>(images.size());
        this.room = new AtomicLong(bytes);
    }

    @Override
    public int size() {
        return images.size();
    }

    @Override
    public List<String> classes() {
        return images.classes();
    }

    @Override
    public int label(int index) {
        return images.label(index);
    }

    @Override
    public RgbImage image(int index) throws IOException {
        RgbImage image = kept.get(index);
        if (image == null) {
            image = images.image(index);
            int bytes = image.pixels().length;
            if (room.addAndGet(-bytes) < 0 || !kept.compareAndSet(index, null, image)) {
                room.addAndGet(bytes);
            }
        }
        return image;
    }

    @Override
    public boolean isFreshEveryEpoch() {
        return images.isFreshEveryEpoch();
    }

    @Override
    public RgbImage image(int epoch, int index) throws IOException {
        return isFreshEveryEpoch() ? images.image(epoch, index) : image(index);
    }
}
