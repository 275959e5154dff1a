package vit.model;

import java.util.Arrays;
import vit.kernels.parallel.Workers;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.ForwardCost;
import vit.model.config.VitConfig;
import vit.model.forward.AttentionProbe;
import vit.model.forward.KernelCompilation;
import vit.model.forward.Spans;
import vit.model.forward.TokenOutputs;
import vit.model.forward.VitForward;
import vit.model.parameters.NonFiniteWeights;

/**
 * The forward pass of a session from arrays to arrays: images are copied into the planned memory, the team runs the model, and a result is copied
 * out. The memory serves one call at a time. {@link VitSession} makes sure of that; every method but the checks belongs into a call that has begun.
 */
final class SessionPass {

    /** A pass of less arithmetic than this ends before the kernels are compiled, so it does not wait for them. */
    static final double AWAIT_FLOPS = 100e6;

    final Tensor embedding; // (B, E)
    final Tensor logits; // (B, classes), or null without a head

    private final VitModel model;
    private final VitConfig config;
    private final VitForward forward;
    private final Workers workers;
    private final boolean awaitsKernels;
    private final int imageElements;

    SessionPass(VitModel model, VitForward forward, Workers workers) {
        this.model = model;
        this.config = model.config();
        this.forward = forward;
        this.workers = workers;
        this.embedding = forward.embedding;
        this.logits = forward.logits;
        this.awaitsKernels = ForwardCost.of(config).flops() > AWAIT_FLOPS;
        this.imageElements = config.channels() * config.imageHeight() * config.imageWidth();
    }

    int maxBatch() {
        return forward.maxBatch();
    }

    /** Elements of an image: channels · height · width. */
    int imageElements() {
        return imageElements;
    }

    /** The arithmetic of a pass without an observer for one image. */
    ForwardCost cost() {
        return forward.cost(config);
    }

    /** Whether the blocks merge tokens. */
    boolean mergesTokens() {
        return forward.mergesTokens();
    }

    void checkHead() {
        if (logits == null) {
            throw new IllegalArgumentException("the model has no classification head; use embed");
        }
    }

    /** As {@link #checkHead}; the outputs of a projection are no logits of classes. */
    void checkClasses() {
        checkHead();
        if (config.isProjection()) {
            throw new IllegalArgumentException("the model's head gives embeddings of images, not the logits of classes; use embed");
        }
    }

    void checkBatch(int batch) {
        if (batch < 1 || batch > maxBatch()) {
            throw new IllegalArgumentException("a batch of " + batch + " images; the session is planned for 1 to " + maxBatch()
                    + " (SessionOptions.withBatch)");
        }
    }

    static void checkLength(String name, float[] values, int batch, int each) {
        if (values.length < (long) batch * each) {
            throw new IllegalArgumentException(name + ": an array of " + values.length + "; expected at least " + batch + " × " + each);
        }
    }

    /**
     * Runs the model.
     *
     * @param images (batch, channels, height, width)
     * @param result {@link #embedding} or {@link #logits}
     * @param out    the first {@code batch} rows of the result, written
     */
    void run(float[] images, int batch, StageObserver observer, Tensor result, float[] out) {
        write(images, batch);
        run(batch, observer, result, out);
    }

    /** Copies the images of a pass. */
    void write(float[] images, int batch) {
        Spans.write(forward.images, images, batch * imageElements);
    }

    /** Copies one image to its place in the batch. */
    void write(int place, float[] image) {
        Spans.write(forward.images, place * imageElements, image, imageElements);
    }

    /** Runs the model on the images that were written one by one. */
    void run(int batch, StageObserver observer, Tensor result, float[] out) {
        if (awaitsKernels) {
            KernelCompilation.await();
        }
        forward.prepare(batch, observer);
        workers.run(forward);
        Spans.read(result, out, batch * result.columns());
    }

    /**
     * Runs the model for features, on the images that were written.
     *
     * @param features room for at least {@code batch} images, written
     * @param check    whether a vector that is not finite is a {@link NonFiniteException}
     * @param first    which image of the caller's call was the first of the pass, for the message
     * @param images   the number of images in the caller's call, for the message
     */
    void features(int batch, Features features, boolean check, int first, int images) {
        if (awaitsKernels) {
            KernelCompilation.await();
        }
        forward.prepare(batch, features.tokenOutputs());
        workers.run(forward);
        FeatureRequest request = features.request();
        if (request.wantsEmbedding()) {
            Spans.read(embedding, features.embedding(), batch * embedding.columns());
        }
        if (request.wantsPooled()) {
            Spans.read(forward.pooled, features.pooled(), batch * forward.pooled.columns());
        }
        if (check) {
            requireFinite(features, batch, first, images);
        }
        if (request.unitLength()) {
            features.toUnitLength(batch);
        }
    }

    private void requireFinite(Features features, int batch, int first, int images) {
        TokenOutputs outputs = features.tokenOutputs();
        for (int i = 0; outputs != null && i < outputs.blocks().length; i++) {
            if (outputs.blocks()[i] != null) {
                requireFiniteTokens(outputs.blocks()[i], batch, config.tokens(), i, first, images);
            }
        }
        if (features.request().wantsEmbedding()) {
            requireFinite(features.embedding(), batch, embedding.columns(), first, images);
        }
        if (features.request().wantsPooled()) {
            requireFinite(features.pooled(), batch, forward.pooled.columns(), first, images);
        }
        if (outputs != null && outputs.patches() != null) {
            requireFiniteTokens(outputs.patches(), batch, config.patches(), config.depth(), first, images);
        }
    }

    /**
     * @param tokens (batch, rows, C)
     * @param block  where they come from; the number of blocks for the patches
     */
    private void requireFiniteTokens(float[] tokens, int batch, int rows, int block, int first, int images) {
        int each = rows * config.width();
        int bad = NonFiniteWeights.find(tokens, 0, batch * each);
        if (bad >= 0) {
            String stage = block == config.depth() ? "patches" : "stage.block." + block;
            throw new NonFiniteException(first + bad / each, images, stage, stage + " is not finite: a token holds " + tokens[bad]);
        }
    }

    /**
     * Checks the results of the pass that has just run.
     *
     * @param results (batch, each)
     * @param first   which image of the caller's call was the first of the pass, for the message
     * @param images  the number of images in the caller's call, for the message
     */
    void requireFinite(float[] results, int batch, int each, int first, int images) {
        int bad = NonFiniteWeights.find(results, 0, batch * each);
        if (bad >= 0) {
            throw new FirstNonFiniteStage(model, forward, bad / each).find(workers, batch, first + bad / each, images);
        }
    }

    /** Runs every block in full on one image, and tells which patches are one token then. */
    PatchGroups patchGroups(float[] image) {
        run(image, 1, (name, tokens) -> {}, embedding, new float[config.embeddingWidth()]);
        int[] tokens = forward.places(0);
        return PatchGroups.of(config.gridHeight(), config.gridWidth(), Arrays.copyOfRange(tokens, config.prefixTokens(), tokens.length));
    }

    /** Runs the model on one image and computes the attention of every block from the tokens that the block was given. */
    AttentionMaps attention(float[] image) {
        if (mergesTokens()) {
            throw new IllegalArgumentException("this session merges tokens, and attention maps show every token; use a session without token merging");
        }
        float[][] inputs = blockInputs(image);
        for (float[] tokens : inputs) {
            requireFinite(tokens, 1, tokens.length, 0, 1);
        }
        try (TensorArena looking = TensorArena.open()) {
            AttentionProbe probe = new AttentionProbe(config, model.weights(), workers.count(), looking);
            float[][] maps = new float[config.depth()][];
            for (int i = 0; i < maps.length; i++) {
                maps[i] = probe.block(i, inputs[i], workers);
                if (NonFiniteWeights.find(maps[i], 0, maps[i].length) >= 0) {
                    throw new NonFiniteException(0, 1, "stage.block." + i, "the attention of block " + i + " is not finite");
                }
            }
            return new AttentionMaps(config, maps);
        }
    }

    /** The tokens that each block is given, (T, C) each, and the last block's output, which only the finite check reads. */
    private float[][] blockInputs(float[] image) {
        float[][] inputs = new float[config.depth() + 1][];
        int[] stages = {0};
        run(image, 1, (name, tokens) -> inputs[stages[0]++] = tokens.rows(0, config.tokens()).toArray(), embedding,
                new float[config.embeddingWidth()]);
        return inputs;
    }
}
