package vit.kernels.gelu;

/** The three GELUs in use (Hendrycks and Gimpel 2016). */
public enum GeluKind {
    /** x·Φ(x) = x/2 · (1 + erf(x/√2)). */
    ERF,
    /** x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³))). */
    TANH,
    /** x·σ(1.702·x) with the logistic function σ; the {@code quick_gelu} of CLIP. */
    QUICK
}
