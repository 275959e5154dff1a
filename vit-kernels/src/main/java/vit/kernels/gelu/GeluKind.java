package vit.kernels.gelu;

/** The two GELUs in use (Hendrycks and Gimpel 2016). */
public enum GeluKind {
    /** x·Φ(x) = x/2 · (1 + erf(x/√2)). */
    ERF,
    /** x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³))). */
    TANH
}
