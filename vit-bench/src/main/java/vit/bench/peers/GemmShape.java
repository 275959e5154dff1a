package vit.bench.peers;

import java.util.List;

/** C (M, N) = A (M, K) · Bᵀ, B (N, K): a linear layer on M tokens. */
record GemmShape(int m, int n, int k) {

    /** Tokens of a ViT-B/16 for one image. */
    static final int TOKENS = 197;

    /** Its heads. */
    static final int HEADS = 12;

    /** Its width. */
    static final int WIDTH = 768;

    /** The width of its MLP. */
    static final int MLP = 3072;

    /** The linear layers of a ViT-B/16 block: QKV, attention output, FC1, FC2. */
    static List<GemmShape> ofVitBase(int images) {
        int m = TOKENS * images;
        return List.of(new GemmShape(m, 3 * WIDTH, WIDTH), new GemmShape(m, WIDTH, WIDTH), new GemmShape(m, MLP, WIDTH), new GemmShape(m, WIDTH, MLP));
    }
}
