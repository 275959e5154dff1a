package vit.model;

/**
 * A loss of embeddings, for example a contrastive one. {@link VitTraining#accumulate(float[], int, EmbeddingLoss)} calls it between the forward and the
 * backward pass, on one thread.
 */
@FunctionalInterface
public interface EmbeddingLoss {

    /**
     * Computes the loss and its gradient.
     *
     * @param embeddings (B, E), row-major; not to be changed. The array may be longer
     * @param batch      B, images in this pass
     * @param gradient   (B, E), to be overwritten with the derivative of the loss by each element
     * @return the loss
     */
    double gradient(float[] embeddings, int batch, float[] gradient);
}
