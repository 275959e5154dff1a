package vit.model.service;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import vit.kernels.parallel.CallInterruptedException;
import vit.model.VitModel;
import vit.model.config.VitConfig;
import vit.model.image.RgbImage;
import vit.model.image.format.DecodeOptions;
import vit.model.image.format.ImageDecoder;

/**
 * Decodes and preprocesses images on the threads of the callers, only so many at once, first come first served. Each image may take its part of the bytes, so
 * all of them together stay within the bound.
 */
final class ImagePreparation {

    private final Semaphore places;
    private final DecodeOptions decoding;

    ImagePreparation(ServiceOptions options) {
        places = new Semaphore(options.decoders(), true);
        long each = options.decodeBytes() / options.decoders();
        DecodeOptions all = DecodeOptions.DEFAULT;
        decoding = all.withMaxMemoryBytes(Math.min(each, all.maxMemoryBytes())).withMaxFileBytes(Math.min(each, all.maxFileBytes()));
    }

    /**
     * Waits for a place. The caller then calls {@link #pixels} and {@link #leave}.
     *
     * @return whether there was a place within the given time
     * @throws CallInterruptedException if the thread is interrupted while it waits
     */
    boolean enter(long nanos) {
        try {
            return places.tryAcquire(nanos, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            throw CallInterruptedException.restoring("interrupted while images of other requests were decoded");
        }
    }

    void leave() {
        places.release();
    }

    /**
     * What the model sees of an image.
     *
     * @param image an {@link RgbImage}, the bytes of an image file, or its {@link Path}
     * @return (channels, height, width), a new array
     * @throws IOException if the image cannot be read, decoded or preprocessed
     */
    float[] pixels(VitModel model, Object image) throws IOException {
        RgbImage decoded = switch (image) {
            case RgbImage done -> done;
            case byte[] file -> ImageDecoder.decode("image", file, decoding);
            case Path file -> ImageDecoder.decode(file, decoding);
            default -> throw new IllegalArgumentException("an image of " + image.getClass());
        };
        VitConfig config = model.config();
        return model.preprocessing().apply(decoded, config.imageHeight(), config.imageWidth());
    }
}
