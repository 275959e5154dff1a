package vit.model.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import vit.kernels.tensor.Shape;
import vit.kernels.tensor.Tensor;
import vit.model.FeatureRequest;
import vit.model.Features;
import vit.model.InputException;
import vit.model.SessionOptions;
import vit.model.StageObserver;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.config.VitConfig;
import vit.model.weights.format.TensorEntry;
import vit.model.weights.format.TensorFile;

/**
 * Runs a model on the {@code images} of a reference file and compares the run with the stages, embeddings and logits that the file holds. The reference is read
 * image by image, so that memory stays far below the file's size.
 */
final class ForwardCheck {

    private static final String IMAGES = "images";
    private static final String LOGITS = "logits";
    private static final String POOLED = "pooled";
    private static final String EMBEDDING = "embedding";
    private static final String TOKENS = "stage.tokens";
    private static final String BLOCK = "stage.block.";

    /** Most images in one call. */
    private static final int MAX_BATCH = 8;

    /** A tensor of the reference, and the comparison of the run with it. */
    private record Expected(TensorEntry entry, Comparison.Meter meter) {}

    private final TensorFile reference;
    private final VitModel model;
    private final VitConfig config;
    private final int threads;
    private final Map<String, Expected> expected = new LinkedHashMap<>();

    private double[] truth = {};

    ForwardCheck(TensorFile reference, VitModel model, int threads) {
        this.reference = reference;
        this.model = model;
        this.config = model.config();
        this.threads = threads;
    }

    /**
     * Compares everything that the reference holds of a forward pass.
     *
     * @throws InputException if the reference lacks images or results, or if they belong to another model
     */
    void run(Comparison comparison) throws IOException {
        TensorEntry images = reference.find(IMAGES);
        if (images == null) {
            throw fault(IMAGES).because("the reference lacks the images to run on");
        }
        int count = images.shape().rank() == 4 ? images.shape().dimension(0) : 0;
        requireShape(images, Shape.of(Math.max(count, 1), config.channels(), config.imageHeight(), config.imageWidth()));
        expect(comparison, TOKENS, Shape.of(count, config.tokens(), config.width()));
        for (int i = 0; i < config.depth(); i++) {
            expect(comparison, BLOCK + i, Shape.of(count, config.tokens(), config.width()));
        }
        expect(comparison, POOLED, Shape.of(count, config.pooledWidth()));
        expect(comparison, EMBEDDING, Shape.of(count, config.embeddingWidth()));
        if (config.classes() > 0) {
            expect(comparison, LOGITS, Shape.of(count, config.classes()));
        }
        requireKnownBlocks();
        if (expected.isEmpty()) {
            throw fault(LOGITS).expected(String.join(", ", TOKENS, BLOCK + "<i>", POOLED, EMBEDDING) + " or " + LOGITS).because("the reference holds nothing to compare");
        }
        try (VitSession session = model.newSession(SessionOptions.threads(threads).withBatch(Math.min(count, MAX_BATCH)))) {
            for (int first = 0; first < count; first += MAX_BATCH) {
                compare(session, images, first, Math.min(MAX_BATCH, count - first));
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private void expect(Comparison comparison, String name, Shape shape) throws InputException {
        TensorEntry entry = reference.find(name);
        if (entry != null) {
            requireShape(entry, shape);
            expected.put(name, new Expected(entry, comparison.tensor(name, Comparison.Kind.ACTIVATION, shape)));
        }
    }

    private void requireShape(TensorEntry entry, Shape shape) throws InputException {
        if (!entry.shape().equals(shape)) {
            throw fault(entry.name()).expected(shape).found(entry.shape()).because("the tensor does not have the model's shape");
        }
    }

    /** Refuses a block that the model does not have: the reference then belongs to another model. */
    private void requireKnownBlocks() throws InputException {
        for (TensorEntry entry : reference.entries()) {
            if (entry.name().startsWith(BLOCK) && entry.name().substring(BLOCK.length()).matches("\\d+") && !expected.containsKey(entry.name())) {
                throw fault(entry.name()).expected("blocks 0 … " + (config.depth() - 1)).because("the model has no such block");
            }
        }
    }

    private InputException.Report fault(String tensor) {
        return InputException.in(reference.name()).tensor(tensor);
    }

    private void compare(VitSession session, TensorEntry images, int first, int batch) throws IOException {
        int pixels = config.channels() * config.imageHeight() * config.imageWidth();
        float[] input = new float[Math.multiplyExact(batch, pixels)];
        reference.readFloats(images, (long) first * pixels, input, 0, input.length);
        StageObserver observer = (name, tokens) -> stage(name, tokens, first, batch);
        if (config.classes() > 0) {
            float[] logits = new float[batch * config.classes()];
            session.forward(input, batch, logits, observer);
            result(LOGITS, first, batch, config.classes(), logits);
        } else {
            session.embed(input, batch, new float[batch * config.embeddingWidth()], observer);
        }
        if (expected.containsKey(POOLED) || expected.containsKey(EMBEDDING)) {
            Features features = Features.of(config, FeatureRequest.embedding().and(FeatureRequest.pooled()), batch);
            session.features(input, batch, features);
            result(POOLED, first, batch, config.pooledWidth(), features.pooled());
            result(EMBEDDING, first, batch, config.embeddingWidth(), features.embedding());
        }
    }

    private void result(String name, int first, int batch, int each, float[] values) throws IOException {
        if (expected.containsKey(name)) {
            add(expected.get(name), first, batch, each, values);
        }
    }

    /** Compares the tokens of a stage, (B·T, C). */
    private void stage(String name, Tensor tokens, int first, int batch) {
        Expected stage = expected.get(name);
        if (stage == null) {
            return;
        }
        int each = config.tokens() * config.width();
        float[] values = new float[batch * each];
        tokens.rows(0, batch * config.tokens()).copyTo(values);
        try {
            add(stage, first, batch, each, values);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Compares {@code batch} images of {@code each} elements with those of the reference, beginning with image {@code first}. */
    private void add(Expected tensor, int first, int batch, int each, float[] values) throws IOException {
        truth = truth.length < each ? new double[each] : truth;
        for (int image = 0; image < batch; image++) {
            reference.readDoubles(tensor.entry, (long) (first + image) * each, truth, 0, each);
            for (int i = 0; i < each; i++) {
                tensor.meter.add(values[image * each + i], truth[i]);
            }
        }
    }
}
