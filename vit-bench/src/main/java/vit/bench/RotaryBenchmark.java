package vit.bench;

import org.openjdk.jmh.annotations.Param;
import vit.kernels.rotary.Rotary;
import vit.kernels.rotary.RotaryKind;
import vit.kernels.tensor.Tensor;

/** The rotation of the queries and keys of all tokens but the class token, in place. Each pass reads and writes them. */
public class RotaryBenchmark extends KernelBenchmark {

    private static final int HEAD_DIM = WIDTH / HEADS;

    /** The elements that are rotated together. */
    @Param({"HALVES", "PAIRS"})
    public RotaryKind kind;

    private Tensor qkv; // (B·T, 3C)
    private Tensor cos; // (T − 1, D)
    private Tensor sin; // (T − 1, D)

    /** For JMH. */
    public RotaryBenchmark() {}

    @Override
    boolean isArithmetic() {
        return false;
    }

    /** By a right angle, so that every element becomes ±1 again. */
    @Override
    void allocate() {
        qkv = zeros(rows(), 3 * WIDTH).fill(1);
        cos = zeros(TOKENS - 1, HEAD_DIM);
        sin = zeros(TOKENS - 1, HEAD_DIM).fill(1);
    }

    private double work() {
        return 2 * 2.0 / 3 * gigabytes(qkv);
    }

    @Override
    Pass forward() {
        return new Pass(w -> Rotary.forward(qkv, cos, sin, kind, batch, TOKENS, HEADS, w), work());
    }

    @Override
    String checkForward() {
        return near("the first element of a head, turned", -1, qkv.get(rows() - 1, 0), 0);
    }

    @Override
    Pass backward() {
        return new Pass(w -> Rotary.backward(qkv, cos, sin, kind, batch, TOKENS, HEADS, w), work());
    }

    @Override
    String checkBackward() {
        return near("the same element, turned back", 1, qkv.get(rows() - 1, 0), 0);
    }
}
