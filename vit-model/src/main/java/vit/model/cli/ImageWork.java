package vit.model.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import vit.model.FeatureRequest;
import vit.model.Features;
import vit.model.NonFiniteException;
import vit.model.SessionOptions;
import vit.model.VitSession;

/**
 * What a command computes of each image.
 *
 * @param <T> the result, which must not share memory with a later one
 */
@FunctionalInterface
interface ImageWork<T> {

    /** Makes what one thread needs: a session and room for its results. */
    Pass<T> open(LoadedModel model, int threads, int batch);

    /** The computation on one thread. */
    interface Pass<T> extends AutoCloseable {

        /**
         * Computes.
         *
         * @param pixels (count, channels, H, W)
         * @return a result per image
         * @throws NonFiniteException if a result is not finite
         */
        List<T> of(float[] pixels, int count);

        @Override
        void close();
    }

    /** Something that is made of the logits of an image, (classes), which are valid only during the call. */
    static <T> ImageWork<T> ofLogits(Function<float[], T> result) {
        return (model, threads, batch) -> {
            int classes = model.config().classes();
            VitSession session = session(model, threads, batch);
            float[] logits = new float[batch * classes];
            float[] one = new float[classes];
            return pass(session, (pixels, count) -> {
                session.logits(pixels, count, logits);
                List<T> results = new ArrayList<>(count);
                for (int i = 0; i < count; i++) {
                    System.arraycopy(logits, i * classes, one, 0, classes);
                    results.add(result.apply(one));
                }
                return results;
            });
        };
    }

    /** Something that is made of the features of one image, which are valid only during the call. One image is in a pass, however large a batch may be. */
    static <T> ImageWork<T> ofFeatures(FeatureRequest request, Function<Features, T> result) {
        return (model, threads, batch) -> {
            VitSession session = session(model, threads, 1);
            Features features = Features.of(model.config(), request, 1);
            float[] one = new float[model.imageElements()];
            return pass(session, (pixels, count) -> {
                List<T> results = new ArrayList<>(count);
                for (int i = 0; i < count; i++) {
                    System.arraycopy(pixels, i * one.length, one, 0, one.length);
                    session.features(one, 1, features);
                    results.add(result.apply(features));
                }
                return results;
            });
        };
    }

    private static VitSession session(LoadedModel model, int threads, int batch) {
        return model.model().newSession(SessionOptions.threads(threads).withBatch(batch).withFiniteCheck(true)
                .withTokenMerging(model.merging()));
    }

    /** The computation of a {@link Pass}. */
    @FunctionalInterface
    interface Computation<T> {
        List<T> of(float[] pixels, int count);
    }

    private static <T> Pass<T> pass(VitSession session, Computation<T> computation) {
        return new Pass<>() {
            @Override
            public List<T> of(float[] pixels, int count) {
                return computation.of(pixels, count);
            }

            @Override
            public void close() {
                session.close();
            }
        };
    }
}
