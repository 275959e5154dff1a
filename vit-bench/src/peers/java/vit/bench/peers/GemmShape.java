package vit.bench.peers;

import java.util.List;

/** C (M, N) = A (M, K) · Bᵀ, B (N, K): a linear layer on M tokens. */
record GemmShape(int m, int n, int k) {

    /** The linear layers of a ViT-B/16 block: QKV, attention output, FC1, FC2. */
    static List<GemmShape> ofVitBase(int images) {
        int m = 197 * images;
        return List.of(new GemmShape(m, 2304, 768), new GemmShape(m, 768, 768), new GemmShape(m, 3072, 768), new GemmShape(m, 768, 3072));
    }

    double flops() {
        return 2.0 * m * n * k;
    }

    @Override
    public String toString() {
        return m + "x" + n + "x" + k;
    }
}
