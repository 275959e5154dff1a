package vit.model.config;

/** How the elements of a token are normalised. */
public enum NormKind {
    /** Centred and scaled to variance 1, then weight and bias (Ba et al. 2016). */
    LAYER,
    /** Scaled to a mean square of 1, then a weight; neither centring nor bias (Zhang and Sennrich 2019). */
    RMS
}
