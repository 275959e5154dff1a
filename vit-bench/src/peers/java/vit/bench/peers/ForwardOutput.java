package vit.bench.peers;

import vit.model.config.VitConfig;

/** What a forward pass gives, the same on every side. */
enum ForwardOutput {
    /** (B, classes). */
    LOGITS,
    /** (B, E): of a model whose last layer is a projection, or that has no head. */
    EMBEDDINGS;

    static ForwardOutput of(VitConfig config) {
        return config.classes() == 0 || config.isProjection() ? EMBEDDINGS : LOGITS;
    }

    /** The number of elements for one image. */
    int width(VitConfig config) {
        return this == EMBEDDINGS ? config.embeddingWidth() : config.classes();
    }
}
