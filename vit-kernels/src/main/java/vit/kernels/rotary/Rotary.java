package vit.kernels.rotary;

import java.lang.foreign.MemorySegment;
import java.util.List;
import vit.kernels.contract.Doubles;
import vit.kernels.contract.Require;
import vit.kernels.jit.Rehearsal;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Implementation;
import vit.kernels.tensor.Tensor;

/**
 * Rotary position embedding (Su et al. 2021, section 3.2.2 and equation 34) of the queries and keys of all heads, in place: x′ = x∘cos + turn(x)∘sin,
 * where turn rotates two elements by a right angle. {@link RotaryKind} says which two.
 *
 * <p>The tables hold the cosine and the sine of the angle of every position and element. In each image the last P tokens are rotated. The tokens
 * before them (class token, registers) have no position, and they and the values V are left as they are.
 *
 * <p>Every worker of a team calls a method with the same arguments and computes its share of the tokens. There is no barrier inside, and a result is
 * complete once the team has passed its next barrier. {@code docs/rotary.md} derives the backward pass.
 */
public final class Rotary {

    private Rotary() {}

    /** Rehearsals of the method that holds the vector code of {@link #forward} for one kind, so that it can be compiled ahead of use. */
    public static List<Rehearsal> rehearsals(RotaryKind kind) {
        MemorySegment row = Rehearsal.elements();
        MemorySegment table = Rehearsal.elements();
        return List.of(switch (kind) {
            case HALVES -> Rehearsal.ofElements("RotarySimd.halves", (n, times) -> {
                for (int i = 0; i < times; i++) {
                    RotarySimd.halves(row, 0, table, 0, table, 0, 1, n / 2 * 2);
                }
            });
            case PAIRS -> Rehearsal.ofElements("RotarySimd.pairs", (n, times) -> {
                for (int i = 0; i < times; i++) {
                    RotarySimd.pairs(row, 0, table, 0, table, 0, 1, n / 2 * 2);
                }
            });
        });
    }

    /**
     * Rotates the queries and keys.
     *
     * @param qkv    (B·T, 3·H·D): Q, K and V side by side, and in each of them the heads side by side; Q and K of the last P tokens of every image
     *               are overwritten
     * @param cos    (P, D), P ≤ T and D even: the factor on every element
     * @param sin    (P, D): the factor on the element that was turned
     * @param kind   the elements that are rotated together
     * @param batch  B
     * @param tokens T
     * @param heads  H
     * @param w      the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, or qkv shares memory with a table
     */
    public static void forward(Tensor qkv, Tensor cos, Tensor sin, RotaryKind kind, int batch, int tokens, int heads, Worker w) {
        check("qkv", qkv, cos, sin, batch, tokens, heads);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] values = Doubles.read(qkv, batch * tokens);
                RotaryReference.forward(values, Doubles.read(cos), Doubles.read(sin), kind, batch, tokens, heads, cos.columns());
                Doubles.write(qkv, values);
            }
            return;
        }
        int positions = cos.rows();
        for (int i = w.from(batch * positions), end = w.to(batch * positions); i < end; i++) {
            int position = i % positions;
            long row = qkv.rowOffset(row(i, positions, tokens));
            switch (kind) {
                case HALVES -> RotarySimd.halves(qkv.segment(), row, cos.segment(), cos.rowOffset(position), sin.segment(), sin.rowOffset(position),
                        2 * heads, cos.columns());
                case PAIRS -> RotarySimd.pairs(qkv.segment(), row, cos.segment(), cos.rowOffset(position), sin.segment(), sin.rowOffset(position),
                        2 * heads, cos.columns());
            }
        }
    }

    /**
     * The backward pass: replaces the gradients of the rotated queries and keys by those of the queries and keys before. Where the two elements that
     * belong together have the same angle in the tables, this is the rotation by the opposite angle.
     *
     * @param dqkv   (B·T, 3·H·D); dQ and dK of the last P tokens of every image are overwritten
     * @param cos    (P, D), as in forward
     * @param sin    (P, D), as in forward
     * @param kind   as in forward
     * @param batch  B, as in forward
     * @param tokens T, as in forward
     * @param heads  H, as in forward
     * @param w      the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, or dqkv shares memory with a table
     */
    public static void backward(Tensor dqkv, Tensor cos, Tensor sin, RotaryKind kind, int batch, int tokens, int heads, Worker w) {
        check("dqkv", dqkv, cos, sin, batch, tokens, heads);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] values = Doubles.read(dqkv, batch * tokens);
                RotaryReference.backward(values, Doubles.read(cos), Doubles.read(sin), kind, batch, tokens, heads, cos.columns());
                Doubles.write(dqkv, values);
            }
            return;
        }
        int positions = cos.rows();
        for (int i = w.from(batch * positions), end = w.to(batch * positions); i < end; i++) {
            int position = i % positions;
            long row = dqkv.rowOffset(row(i, positions, tokens));
            switch (kind) {
                case HALVES -> RotarySimd.halvesBackward(dqkv.segment(), row, cos.segment(), cos.rowOffset(position), sin.segment(),
                        sin.rowOffset(position), 2 * heads, cos.columns());
                case PAIRS -> RotarySimd.pairsBackward(dqkv.segment(), row, cos.segment(), cos.rowOffset(position), sin.segment(),
                        sin.rowOffset(position), 2 * heads, cos.columns());
            }
        }
    }

    /** The row of the i-th token with a position, counted over all images. */
    private static int row(int i, int positions, int tokens) {
        return (i / positions + 1) * tokens - positions + i % positions;
    }

    private static void check(String name, Tensor qkv, Tensor cos, Tensor sin, int batch, int tokens, int heads) {
        int headDim = cos.columns();
        Require.range("heads", heads, 1, Integer.MAX_VALUE);
        if (headDim % 2 != 0) {
            throw new IllegalArgumentException("cos: expected an even number of columns, found shape " + cos.shape());
        }
        Require.range("rows of cos", cos.rows(), 0, tokens);
        Require.exactly("sin", sin, cos.rows(), headDim);
        Require.rows(name, qkv, (long) batch * tokens, Math.multiplyExact(3, Math.multiplyExact(heads, headDim)));
        Require.disjoint(name, qkv, "cos", cos);
        Require.disjoint(name, qkv, "sin", sin);
    }
}
