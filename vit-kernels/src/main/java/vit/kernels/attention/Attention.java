package vit.kernels.attention;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import vit.kernels.contract.Doubles;
import vit.kernels.contract.Require;
import vit.kernels.gemm.Gemm;
import vit.kernels.gemm.PackedRows;
import vit.kernels.gemm.Panels;
import vit.kernels.jit.Rehearsal;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Implementation;
import vit.kernels.softmax.Softmax;
import vit.kernels.tensor.Tensor;

/**
 * Multi-head self-attention (Vaswani et al. 2017, equation 1). For each image and head, out = softmax(scale · Q·Kᵀ)·V with the exact softmax, or
 * softmax(scale · Q·Kᵀ + bias)·V with a bias for each head, which is the same for all images. The width of a head need not be the model's width
 * divided by the number of heads.
 *
 * <p>Every worker of a team calls a method with the same arguments. The team divides the images and heads. There is no barrier inside, and a result
 * is complete once the team has passed its next barrier. Outputs must share no memory with inputs. docs/attention.md derives the backward pass.
 */
public final class Attention {

    private Attention() {}

    /**
     * Rehearsals of the methods that hold the vector code of {@link #forward}, without those of {@link Gemm}, so that they can be compiled ahead of
     * use.
     */
    public static List<Rehearsal> rehearsals() {
        List<Rehearsal> kernels = new ArrayList<>(Panels.rehearsals());
        kernels.addAll(Softmax.rowRehearsals());
        return kernels;
    }

    /** Rehearsals of what {@link #forward} needs with a bias, of pairs or of keys, in addition to {@link #rehearsals}. */
    public static List<Rehearsal> biasRehearsals() {
        return List.of(Softmax.biasRehearsal());
    }

    /**
     * Attention of {@code batch} images.
     *
     * @param out           (B·T, H·D), overwritten
     * @param logSumExp     (B·H, T), overwritten with log Σ_j exp(scale · q_i·k_j) for every row i, which backward needs; null if no backward pass
     *                      follows
     * @param probabilities (B·H·T, T), overwritten with the attention maps, for inspection; null if they are not wanted
     * @param qkv           (B·T, 3·H·D): Q, K and V side by side, and in each of them the heads side by side
     * @param batch         B
     * @param tokens        T
     * @param heads         H
     * @param scale         usually 1/√D
     * @param workspace     planned for T, D and this team
     * @param worker        the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, or the workspace is planned for less
     */
    public static void forward(Tensor out, Tensor logSumExp, Tensor probabilities, Tensor qkv,
            int batch, int tokens, int heads, float scale, AttentionWorkspace workspace, Worker worker) {
        forward(out, logSumExp, probabilities, qkv, null, null, batch, tokens, heads, scale, workspace, worker);
    }

    /**
     * Attention of {@code batch} images with a bias that is added to the scores: out = softmax(scale · Q·Kᵀ + bias)·V (Raffel et al. 2020, section
     * 2.1; Bao et al. 2022). {@link RelativeBias} makes the bias from a table. A bias of −∞ hides a key from a query; a query from which all keys are
     * hidden gives NaN.
     *
     * @param out           (B·T, H·D), overwritten
     * @param logSumExp     (B·H, T), overwritten with log Σ_j exp(scale · q_i·k_j + bias_ij) for every row i, which backward needs; null if no
     *                      backward pass follows
     * @param probabilities (B·H·T, T), overwritten with the attention maps, for inspection; null if they are not wanted
     * @param qkv           (B·T, 3·H·D): Q, K and V side by side, and in each of them the heads side by side
     * @param bias          (H·T, T), row h·T + i for query i of head h; null if there is none, which gives the bits of the method without it
     * @param batch         B
     * @param tokens        T
     * @param heads         H
     * @param scale         the factor on Q·Kᵀ, usually 1/√D
     * @param workspace     planned for T, D and this team
     * @param worker        the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, or the workspace is planned for less
     */
    public static void forward(Tensor out, Tensor logSumExp, Tensor probabilities, Tensor qkv, Tensor bias,
            int batch, int tokens, int heads, float scale, AttentionWorkspace workspace, Worker worker) {
        forward(out, logSumExp, probabilities, qkv, bias, null, batch, tokens, heads, scale, workspace, worker);
    }

    /**
     * As {@link #forward(Tensor, Tensor, Tensor, Tensor, Tensor, int, int, int, float, AttentionWorkspace, Worker)} with a bias either for each pair of a query
     * and a key, or for each key, as in {@link #forward(PackedRows, PackedRows, Tensor, int, int, int, float, AttentionWorkspace, Worker)}, with the same bits.
     *
     * @param out           (B·T, H·D), overwritten
     * @param logSumExp     (B·H, T), overwritten with log Σ_j exp(scale · q_i·k_j + keyBias_j) for every row i, which backward needs; null if no backward pass
     *                      follows
     * @param probabilities (B·H·T, T), overwritten with the attention maps, for inspection; null if they are not wanted
     * @param qkv           (B·T, 3·H·D): Q, K and V side by side, and in each of them the heads side by side
     * @param bias          (H·T, T); null if there is none
     * @param keyBias       (B, T); null if there is none, which gives the bits of the method without it
     * @param batch         B
     * @param tokens        T
     * @param heads         H
     * @param scale         the factor on Q·Kᵀ, usually 1/√D
     * @param workspace     planned for T, D and this team
     * @param worker        the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, the workspace is planned for less, or there is a bias of both kinds
     */
    public static void forward(Tensor out, Tensor logSumExp, Tensor probabilities, Tensor qkv, Tensor bias, Tensor keyBias,
            int batch, int tokens, int heads, float scale, AttentionWorkspace workspace, Worker worker) {
        int headDim = checkShapes(out, logSumExp, probabilities, qkv, batch, tokens, heads);
        checkBiases(bias, keyBias, batch, tokens, heads);
        checkWorkspace(workspace, tokens, headDim, worker);
        if (Implementation.isReference()) {
            if (worker.isFirst()) {
                out.rows(0, batch * tokens).copyFrom(referenceForward(logSumExp, probabilities, Doubles.read(qkv, batch * tokens),
                        bias, keyBias, batch, tokens, heads, headDim, scale));
            }
            return;
        }
        AttentionSimd.forward(out, logSumExp, probabilities, qkv, bias, keyBias, batch, tokens, heads, headDim, scale, workspace, worker);
    }

    /**
     * Attention of {@code batch} images between two products whose rows are packed. It keeps neither the attention maps nor what a backward pass
     * needs.
     *
     * @param out       (B·T, H·D), overwritten, with B·T rows in use
     * @param qkv       (B·T, 3·H·D), written with B·T rows in use
     * @param batch     B
     * @param tokens    T
     * @param heads     H
     * @param scale     usually 1/√D
     * @param workspace planned for T, D and this team
     * @param worker    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, or the workspace is planned for less
     */
    public static void forward(PackedRows out, PackedRows qkv, int batch, int tokens, int heads, float scale, AttentionWorkspace workspace,
            Worker worker) {
        forward(out, qkv, null, batch, tokens, heads, scale, workspace, worker);
    }

    /**
     * As {@link #forward(PackedRows, PackedRows, int, int, int, float, AttentionWorkspace, Worker)} with a bias for each key, which all queries and heads
     * share: out = softmax(scale · Q·Kᵀ + 1·keyBiasᵀ)·V. With the logarithms of the keys' sizes it is the proportional attention of merged tokens (Bolya et al. 2023, equation 1).
     *
     * @param out       (B·T, H·D), overwritten, with B·T rows in use
     * @param qkv       (B·T, 3·H·D), written with B·T rows in use
     * @param keyBias   (B, T); null if there is none, which gives the bits of the method without it
     * @param batch     B
     * @param tokens    T
     * @param heads     H
     * @param scale     usually 1/√D
     * @param workspace planned for T, D and this team
     * @param worker    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, or the workspace is planned for less
     */
    public static void forward(PackedRows out, PackedRows qkv, Tensor keyBias, int batch, int tokens, int heads, float scale,
            AttentionWorkspace workspace, Worker worker) {
        int headDim = checkShapes(out, out.rows(), out.columns(), qkv, qkv.rows(), qkv.columns(), batch, tokens, heads);
        checkKeyBias(keyBias, batch, tokens);
        checkWorkspace(workspace, tokens, headDim, worker);
        if (Implementation.isReference()) {
            if (worker.isFirst()) {
                out.write(referenceForward(null, null, qkv.read(batch * tokens), null, keyBias, batch, tokens, heads, headDim, scale), batch * tokens);
            }
            return;
        }
        AttentionSimd.forward(out, qkv, keyBias, batch, tokens, heads, headDim, scale, workspace, worker);
    }

    /**
     * Attention of the first Q tokens of each image to all of its tokens. These are rows of what {@link #forward} computes, with the same bits. A
     * model's last block needs no more when only the class token is read.
     *
     * @param out       (B·Q, H·D), overwritten
     * @param query     (B·Q, 3·H·D), of which only the first third, the queries, is read
     * @param qkv       (B·T, 3·H·D), of which only the keys and values are read, written with B·T rows in use
     * @param batch     B
     * @param queries   Q, the number of rows of {@code query} for each image
     * @param tokens    T
     * @param heads     H
     * @param scale     usually 1/√D
     * @param workspace planned for T, D and this team
     * @param worker    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, or the workspace is planned for less
     */
    public static void forwardQueries(Tensor out, Tensor query, PackedRows qkv,
            int batch, int queries, int tokens, int heads, float scale, AttentionWorkspace workspace, Worker worker) {
        forwardQueries(out, query, qkv, null, batch, queries, tokens, heads, scale, workspace, worker);
    }

    /**
     * As {@link #forwardQueries(Tensor, Tensor, PackedRows, int, int, int, int, float, AttentionWorkspace, Worker)} with a bias for each key, as in {@link
     * #forward(PackedRows, PackedRows, Tensor, int, int, int, float, AttentionWorkspace, Worker)}.
     *
     * @param out       (B·Q, H·D), overwritten
     * @param query     (B·Q, 3·H·D), of which only the first third, the queries, is read
     * @param qkv       (B·T, 3·H·D), of which only the keys and values are read, written with B·T rows in use
     * @param keyBias   (B, T); null if there is none, which gives the bits of the method without it
     * @param batch     B
     * @param queries   Q, the number of rows of {@code query} for each image
     * @param tokens    T
     * @param heads     H
     * @param scale     usually 1/√D
     * @param workspace planned for T, D and this team
     * @param worker    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, or the workspace is planned for less
     */
    public static void forwardQueries(Tensor out, Tensor query, PackedRows qkv, Tensor keyBias,
            int batch, int queries, int tokens, int heads, float scale, AttentionWorkspace workspace, Worker worker) {
        int headDim = checkShapes(out, null, null, query, batch, queries, heads);
        if (queries > tokens || qkv.columns() != query.columns() || qkv.rows() < Math.multiplyExact(batch, tokens)) {
            throw new IllegalArgumentException("query " + query.shape() + " and qkv " + qkv + " are not " + queries + " of "
                    + tokens + " tokens of " + batch + " images");
        }
        checkKeyBias(keyBias, batch, tokens);
        checkWorkspace(workspace, tokens, headDim, worker);
        if (Implementation.isReference()) {
            if (worker.isFirst()) {
                referenceQueries(out, query, qkv.read(batch * tokens), keyBias, batch, queries, tokens, heads, headDim, scale);
            }
            return;
        }
        AttentionSimd.forwardQueries(out, query, qkv, keyBias, batch, queries, tokens, heads, headDim, scale, workspace, worker);
    }

    /**
     * The gradient of attention without a bias; docs/attention.md has the algebra.
     *
     * @param dqkv      (B·T, 3·H·D), overwritten
     * @param dout      (B·T, H·D)
     * @param out       (B·T, H·D), from forward
     * @param logSumExp (B·H, T), from forward
     * @param qkv       (B·T, 3·H·D), the input of forward
     * @param batch     B, as in forward
     * @param tokens    T, as in forward
     * @param heads     H, as in forward
     * @param scale     as in forward
     * @param workspace planned for T, D and this team
     * @param worker    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, or the workspace is planned for less
     */
    public static void backward(Tensor dqkv, Tensor dout, Tensor out, Tensor logSumExp, Tensor qkv,
            int batch, int tokens, int heads, float scale, AttentionGradientWorkspace workspace, Worker worker) {
        backward(dqkv, null, dout, out, logSumExp, qkv, null, null, batch, tokens, heads, scale, workspace, worker);
    }

    /**
     * The gradient of attention with a bias; docs/attention.md has the algebra. Each element of {@code dbias} is one chain of additions over the
     * images in ascending order, which begins at the value it holds. So its bits do not depend on the number of workers, and micro-batches that
     * follow one another give the bits of the whole batch. If {@code dbias} is wanted, no more workers than there are heads have work.
     *
     * @param dqkv      (B·T, 3·H·D), overwritten
     * @param dbias     (H·T, T), accumulated; null if it is not wanted or there is no bias
     * @param dout      (B·T, H·D)
     * @param out       (B·T, H·D), from forward
     * @param logSumExp (B·H, T), from forward
     * @param qkv       (B·T, 3·H·D), the input of forward
     * @param bias      (H·T, T), as in forward; null if there was none
     * @param batch     B, as in forward
     * @param tokens    T, as in forward
     * @param heads     H, as in forward
     * @param scale     as in forward
     * @param workspace planned for T, D and this team
     * @param worker    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, the workspace is planned for less, or there is a dbias without a bias
     */
    public static void backward(Tensor dqkv, Tensor dbias, Tensor dout, Tensor out, Tensor logSumExp, Tensor qkv, Tensor bias,
            int batch, int tokens, int heads, float scale, AttentionGradientWorkspace workspace, Worker worker) {
        backward(dqkv, dbias, dout, out, logSumExp, qkv, bias, null, batch, tokens, heads, scale, workspace, worker);
    }

    /**
     * The gradient of attention with a bias either for each pair of a query and a key, or for each key. There is no gradient of the bias of keys: the sizes of
     * merged tokens, whose logarithms it is made for, are held fixed.
     *
     * @param dqkv      (B·T, 3·H·D), overwritten
     * @param dbias     (H·T, T), accumulated; null if it is not wanted or there is no bias of pairs
     * @param dout      (B·T, H·D)
     * @param out       (B·T, H·D), from forward
     * @param logSumExp (B·H, T), from forward
     * @param qkv       (B·T, 3·H·D), the input of forward
     * @param bias      (H·T, T), as in forward; null if there was none
     * @param keyBias   (B, T), as in forward; null if there was none, which gives the bits of the method without it
     * @param batch     B, as in forward
     * @param tokens    T, as in forward
     * @param heads     H, as in forward
     * @param scale     as in forward
     * @param workspace planned for T, D and this team
     * @param worker    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, the workspace is planned for less, there is a bias of both kinds, or a dbias without a bias of
     *                                  pairs
     */
    public static void backward(Tensor dqkv, Tensor dbias, Tensor dout, Tensor out, Tensor logSumExp, Tensor qkv, Tensor bias, Tensor keyBias,
            int batch, int tokens, int heads, float scale, AttentionGradientWorkspace workspace, Worker worker) {
        int headDim = checkShapes(out, logSumExp, null, qkv, batch, tokens, heads);
        checkShapes(dout, logSumExp, null, dqkv, batch, tokens, heads);
        checkBiases(bias, keyBias, batch, tokens, heads);
        checkBias("dbias", dbias, tokens, heads);
        if (dbias != null && bias == null) {
            throw new IllegalArgumentException("dbias: expected null, because bias is null; found " + dbias);
        }
        checkWorkspace(workspace, tokens, headDim, worker);
        if (Implementation.isReference()) {
            if (worker.isFirst()) {
                referenceBackward(dqkv, dbias, dout, qkv, bias, keyBias, batch, tokens, heads, headDim, scale);
            }
            return;
        }
        AttentionBackwardSimd.backward(dqkv, dbias, dout, out, logSumExp, qkv, bias, keyBias, batch, tokens, heads, headDim, scale, workspace, worker);
    }

    private static void checkBias(String name, Tensor bias, int tokens, int heads) {
        if (bias != null) {
            Require.exactly(name, bias, (long) heads * tokens, tokens);
        }
    }

    private static void checkBiases(Tensor bias, Tensor keyBias, int batch, int tokens, int heads) {
        checkBias("bias", bias, tokens, heads);
        checkKeyBias(keyBias, batch, tokens);
        if (bias != null && keyBias != null) {
            throw new IllegalArgumentException("keyBias: expected null, because there is a bias; found " + keyBias);
        }
    }

    private static void checkKeyBias(Tensor keyBias, int batch, int tokens) {
        if (keyBias != null) {
            Require.rows("keyBias", keyBias, batch, tokens);
        }
    }

    private static int checkShapes(Object out, int outRows, int outColumns, Object qkv, int qkvRows, int qkvColumns,
            int batch, int tokens, int heads) {
        int inner = qkvColumns / 3;
        int rows = Math.multiplyExact(batch, tokens);
        if (heads < 1 || qkvColumns != 3 * inner || inner % heads != 0 || inner == 0) {
            throw new IllegalArgumentException("qkv " + qkv + " is not three matrices of " + heads + " heads");
        }
        if (qkvRows < rows || outRows < rows || outColumns != inner) {
            throw new IllegalArgumentException("qkv " + qkv + " and out " + out + " do not hold " + batch
                    + " images of " + tokens + " tokens");
        }
        return inner / heads;
    }

    private static int checkShapes(Tensor out, Tensor logSumExp, Tensor probabilities, Tensor qkv, int batch, int tokens, int heads) {
        int headDim = checkShapes(out.shape(), out.rows(), out.columns(), qkv.shape(), qkv.rows(), qkv.columns(), batch, tokens, heads);
        int rows = batch * tokens;
        if (logSumExp != null && (logSumExp.columns() != tokens || logSumExp.rows() < batch * heads)) {
            throw new IllegalArgumentException("logSumExp " + logSumExp.shape() + "; expected (" + batch * heads + ", " + tokens + ")");
        }
        if (probabilities != null && (probabilities.columns() != tokens || probabilities.rows() < rows * heads)) {
            throw new IllegalArgumentException(
                    "probabilities " + probabilities.shape() + "; expected (" + rows * heads + ", " + tokens + ")");
        }
        return headDim;
    }

    private static void checkWorkspace(HeadWorkspace workspace, int tokens, int headDim, Worker worker) {
        if (workspace.tokens() < tokens || workspace.headDim() != headDim || workspace.workers() < worker.count()) {
            throw new IllegalArgumentException("the workspace is planned for " + workspace.tokens() + " tokens, heads of "
                    + workspace.headDim() + ", " + workspace.workers() + " workers; needed are " + tokens + ", " + headDim + ", " + worker.count());
        }
    }

    /** The outputs of all images, (B·T, H·D). */
    private static double[] referenceForward(Tensor logSumExp, Tensor probabilities, double[] qkv, Tensor bias, Tensor keyBias,
            int batch, int tokens, int heads, int headDim, double scale) {
        double[] all = new double[batch * tokens * heads * headDim];
        double[] values = new double[tokens * heads * headDim];
        double[] maps = new double[heads * tokens * tokens];
        double[] sums = new double[heads * tokens];
        for (int b = 0; b < batch; b++) {
            AttentionReference.forward(values, maps, sums, image(qkv, b, batch), biasOf(b, bias, keyBias, heads * tokens),
                    tokens, heads, headDim, scale);
            System.arraycopy(values, 0, all, b * values.length, values.length);
            if (logSumExp != null) {
                logSumExp.rows(b * heads, (b + 1) * heads).copyFrom(sums);
            }
            if (probabilities != null) {
                probabilities.rows(b * heads * tokens, (b + 1) * heads * tokens).copyFrom(maps);
            }
        }
        return all;
    }

    /** What is added to the scores of an image, (H, T, T); null if it is nothing. */
    private static double[] biasOf(int image, Tensor bias, Tensor keyBias, int rows) {
        return keyBias == null ? Doubles.readOrNull(bias) : repeated(keyBias, image, rows);
    }

    /** A row of a tensor, {@code times} times; null if the tensor is null. */
    private static double[] repeated(Tensor tensor, int row, int times) {
        if (tensor == null) {
            return null;
        }
        double[] once = tensor.rows(row, row + 1).toDoubles();
        double[] repeated = new double[times * once.length];
        Arrays.setAll(repeated, i -> once[i % once.length]);
        return repeated;
    }

    private static double[] image(double[] rows, int b, int batch) {
        int size = rows.length / batch;
        return Arrays.copyOfRange(rows, b * size, (b + 1) * size);
    }

    private static void referenceQueries(Tensor out, Tensor query, double[] qkv, Tensor keyBias,
            int batch, int queries, int tokens, int heads, int headDim, double scale) {
        int inner = heads * headDim;
        double[] values = new double[tokens * inner];
        for (int b = 0; b < batch; b++) {
            double[] input = image(qkv, b, batch);
            double[] asked = query.rows(b * queries, (b + 1) * queries).toDoubles();
            for (int i = 0; i < tokens; i++) {
                for (int c = 0; c < inner; c++) {
                    input[i * 3 * inner + c] = i < queries ? asked[i * 3 * inner + c] : 0;
                }
            }
            AttentionReference.forward(values, new double[heads * tokens * tokens], new double[heads * tokens], input,
                    repeated(keyBias, b, heads * tokens), tokens, heads, headDim, scale);
            out.rows(b * queries, (b + 1) * queries).copyFrom(Arrays.copyOf(values, queries * inner));
        }
    }

    private static void referenceBackward(Tensor dqkv, Tensor dbias, Tensor dout, Tensor qkv, Tensor bias, Tensor keyBias,
            int batch, int tokens, int heads, int headDim, double scale) {
        double[] gradient = new double[tokens * 3 * heads * headDim];
        double[] ofBias = Doubles.readOrNull(dbias);
        double[] maps = new double[heads * tokens * tokens];
        for (int b = 0; b < batch; b++) {
            double[] input = qkv.rows(b * tokens, (b + 1) * tokens).toDoubles();
            AttentionReference.forward(new double[tokens * heads * headDim], maps, new double[heads * tokens], input,
                    biasOf(b, bias, keyBias, heads * tokens), tokens, heads, headDim, scale);
            AttentionReference.backward(gradient, ofBias, dout.rows(b * tokens, (b + 1) * tokens).toDoubles(), input, maps,
                    tokens, heads, headDim, scale);
            dqkv.rows(b * tokens, (b + 1) * tokens).copyFrom(gradient);
        }
        if (dbias != null) {
            Doubles.write(dbias, ofBias);
        }
    }
}
