package vit.bench.peers;

import java.util.Map;
import vit.model.InputException;
import vit.model.json.JsonObject;

/**
 * What was measured.
 *
 * @param work    {@code forward}, {@code embed}, {@code train}, {@code gemm MxNxK}, {@code layernorm RxC} and so on
 * @param step    for work {@code train}, what a step is; for a forward pass of ours that merges tokens, how many; otherwise empty
 * @param model   what is computed, or the model whose shapes the operands have, for example {@code vit_base_patch16_224} or {@code clip-b16}
 * @param batch   images per call
 * @param threads on every side
 */
record Piece(String work, String step, String model, int batch, int threads) {

    private static final String MERGING = "merging ";

    /** A ViT-B/16's width and tokens, for work that has no model. */
    private static final String MODEL = "vit_base_patch16_224";

    static Piece of(Work work) {
        return switch (work) {
            case Work.Forward forward -> new Piece(work.name(), "", forward.model(), forward.batch(), work.threads());
            case Work.Training training -> new Piece(work.name(), training.step(), training.model(), training.batch(), work.threads());
            case Work.Gemm gemm -> new Piece(work.name(), "", MODEL, images(gemm.m()), work.threads());
            case Work.LayerNorm norm -> new Piece(work.name(), "", MODEL, images(norm.rows()), work.threads());
            case Work.Softmax softmax -> new Piece(work.name(), "", MODEL, images(softmax.rows() / GemmShape.HEADS), work.threads());
            case Work.Gelu gelu -> new Piece(work.name(), "", MODEL, images(gelu.rows()), work.threads());
            case Work.DotProducts _ -> new Piece(work.name(), "", MODEL, 1, work.threads());
        };
    }

    /** The same work where ours merges tokens. */
    Piece merging(String tokens) {
        return new Piece(work, MERGING + tokens, model, batch, threads);
    }

    /** Whether ours merges tokens. */
    boolean isMerging() {
        return step.startsWith(MERGING);
    }

    private static int images(int rows) {
        return Math.max(1, rows / GemmShape.TOKENS);
    }

    /** Whether it has the operands of a kernel rather than a model. */
    boolean isKernel() {
        return work.indexOf(' ') > 0;
    }

    /** Whether speed is given as arithmetic per second; otherwise as bytes per second. */
    boolean isArithmetic() {
        return !isKernel() || work.startsWith("gemm ");
    }

    /** The piece of work in words, which are the same for every peer. */
    String group() {
        String what = work.startsWith("gemm ") ? work.substring("gemm ".length()).replace('x', '×')
                : isKernel() ? work.replaceFirst("(\\d)x(\\d)", "$1×$2")
                : title() + (step.isEmpty() ? "" : ", " + step.replace("+", " + "));
        return what + (isKernel() ? "" : ", batch " + batch) + ", " + threads + (threads == 1 ? " thread" : " threads");
    }

    /** What the rows of a table have in common: everything but the work. */
    String heading() {
        return model + (step.isEmpty() ? "" : ", " + step) + ", batch " + batch + ", " + threads + (threads == 1 ? " thread" : " threads");
    }

    /** The model's name in words. */
    private String title() {
        return EmbeddingModel.find(model).map(EmbeddingModel::title).orElseGet(() -> model.replaceFirst("^vit_(\\w+)_patch(\\d+)_\\d+$", "ViT $1/$2"));
    }

    /** Adds the fields that every object has. */
    void addTo(Map<String, Object> object) {
        object.put("work", work);
        object.put("model", model);
        object.put("batch", batch);
        object.put("threads", threads);
        if (!step.isEmpty()) {
            object.put("step", step);
        }
    }

    /** What {@link #addTo} added. */
    static Piece of(JsonObject json) throws InputException {
        return new Piece(json.text("work"), json.has("step") ? json.text("step") : "", json.text("model"), (int) json.number("batch"),
                (int) json.number("threads"));
    }
}
