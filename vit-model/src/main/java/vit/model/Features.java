package vit.model;

import vit.model.config.VitConfig;
import vit.model.forward.TokenOutputs;

/**
 * The vectors that a {@link FeatureRequest} asks for, of up to a largest number of images. A service makes one and passes it to every call, which fills
 * its arrays and allocates nothing.
 *
 * <!-- given: VitModel model, VitSession session, float[] pixels -->
 * <pre>{@code
 * Features features = Features.of(model.config(), FeatureRequest.embedding().and(FeatureRequest.blocks(5)), 8);
 * session.features(pixels, 8, features);
 * float[] embeddings = features.embedding();                            // (8, E)
 * float[] tokens = features.block(5);                                   // (8, T, C)
 * }</pre>
 *
 * <p>The arrays are the object's own: the next call overwrites them. For one thread at a time.
 */
public final class Features {

    private final VitConfig config;
    private final FeatureRequest request;
    private final int maxBatch;
    private final float[] embedding; // (B, E), or null
    private final float[] pooled; // (B, pooled width), or null
    private final TokenOutputs tokens; // or null if no tokens are asked for

    private Features(VitConfig config, FeatureRequest request, int maxBatch) {
        this.config = config;
        this.request = request;
        this.maxBatch = maxBatch;
        this.embedding = request.wantsEmbedding() ? array(config.embeddingWidth()) : null;
        this.pooled = request.wantsPooled() ? array(config.pooledWidth()) : null;
        this.tokens = request.wantsPatches() || !request.blockIndices().isEmpty() ? tokens() : null;
    }

    private TokenOutputs tokens() {
        float[][] blocks = new float[config.depth()][];
        for (int block : request.blockIndices()) {
            blocks[block] = array(config.tokens() * config.width());
        }
        float[] patches = request.wantsPatches() ? array(config.patches() * config.width()) : null;
        return new TokenOutputs(blocks, patches, request.finalNorm(), embedding != null || pooled != null);
    }

    private float[] array(int each) {
        return new float[Math.multiplyExact(maxBatch, each)];
    }

    /**
     * Room for the vectors of {@code maxBatch} images of a model of this configuration.
     *
     * @throws IllegalArgumentException if the model lacks a block that is asked for, or {@code maxBatch} is below 1
     * @throws ArithmeticException      if an array would have 2³¹ elements or more
     */
    public static Features of(VitConfig config, FeatureRequest request, int maxBatch) {
        if (maxBatch < 1) {
            throw new IllegalArgumentException("batch " + maxBatch + "; expected 1 or more");
        }
        for (int block : request.blockIndices()) {
            if (block >= config.depth()) {
                throw new IllegalArgumentException("block " + block + " of a model of " + config.depth() + " blocks; they are counted from 0");
            }
        }
        return new Features(config, request, maxBatch);
    }

    /** What was asked for. */
    public FeatureRequest request() {
        return request;
    }

    /** The largest number of images. */
    public int maxBatch() {
        return maxBatch;
    }

    /** The configuration of the model whose vectors these are. */
    public VitConfig config() {
        return config;
    }

    /** The embeddings, (B, {@link VitConfig#embeddingWidth}). */
    public float[] embedding() {
        return wanted(embedding, "embedding");
    }

    /** The pooled vectors, (B, {@link VitConfig#pooledWidth}). */
    public float[] pooled() {
        return wanted(pooled, "pooled");
    }

    /** The patch tokens, (B, {@link VitConfig#gridHeight}, {@link VitConfig#gridWidth}, {@link VitConfig#width}). */
    public float[] patches() {
        return wanted(tokens == null ? null : tokens.patches(), "patches");
    }

    /** The tokens that block {@code i} gives, (B, {@link VitConfig#tokens}, {@link VitConfig#width}), prefix tokens first. */
    public float[] block(int i) {
        return wanted(tokens == null || i < 0 || i >= config.depth() ? null : tokens.blocks()[i], "block " + i);
    }

    /** @throws IllegalArgumentException if it was not asked for */
    private float[] wanted(float[] values, String name) {
        if (values == null) {
            throw new IllegalArgumentException(name + " is not in the request, which is for: " + request);
        }
        return values;
    }

    /** Where the pass writes tokens, or null if none are asked for. */
    TokenOutputs tokenOutputs() {
        return tokens;
    }

    /** Divides each vector of the first {@code batch} images by its length. */
    void toUnitLength(int batch) {
        if (embedding != null) {
            toUnitLength(embedding, batch, config.embeddingWidth());
        }
        if (pooled != null) {
            toUnitLength(pooled, batch, config.pooledWidth());
        }
        if (tokens == null) {
            return;
        }
        for (int i = 0; i < tokens.blocks().length; i++) {
            if (tokens.blocks()[i] != null) {
                toUnitLength(tokens.blocks()[i], batch * config.tokens(), config.width());
            }
        }
        if (tokens.patches() != null) {
            toUnitLength(tokens.patches(), batch * config.patches(), config.width());
        }
    }

    private static void toUnitLength(float[] values, int rows, int columns) {
        for (int from = 0; from < rows * columns; from += columns) {
            double sum = 0;
            for (int i = from; i < from + columns; i++) {
                sum += (double) values[i] * values[i];
            }
            double length = Math.sqrt(sum);
            for (int i = from; i < from + columns && length > 0; i++) {
                values[i] = (float) (values[i] / length);
            }
        }
    }
}
