package vit.kernels.verify.catalogue;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Supplier;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.gemm.PackedRows;
import vit.kernels.optim.GradientNorm;
import vit.kernels.parallel.Workers;
import vit.kernels.tensor.Tensor;

/** One call of a kernel on certain memory: what a team runs, what that writes, and what must then stand there. One thread at a time may use it. */
public final class Call {

    private static final int HASH_BYTES = 8;

    private record Named(String name, Output output, float[] before) {}

    private final Workers.Task task;
    private final List<Named> outputs = new ArrayList<>();
    private Supplier<List<Truth>> truths;
    private List<Truth> known;

    private Call(Workers.Task task) {
        this.task = task;
    }

    /** A call that runs {@code task}. */
    static Call of(Workers.Task task) {
        return new Call(task);
    }

    /** Adds an output. What it holds now is what it holds before every run. */
    Call output(String name, Tensor tensor) {
        return add(name, Output.of(tensor));
    }

    Call output(String name, PackedMatrix matrix) {
        return add(name, Output.of(matrix));
    }

    Call output(String name, PackedRows packed, int rows) {
        return add(name, Output.of(packed, rows));
    }

    Call output(String name, GradientNorm norm) {
        return add(name, Output.of(norm));
    }

    private Call add(String name, Output output) {
        outputs.add(new Named(name, output, output.read()));
        return this;
    }

    /** What the outputs must be, in their order. It is computed once, and only if it is asked for; the inputs must still be as they are now. */
    Call truths(Supplier<List<Truth>> truths) {
        this.truths = truths;
        return this;
    }

    /** Whether there is a truth to compare with. */
    boolean hasTruths() {
        return truths != null;
    }

    /** Puts the outputs back to what they were, runs the kernel, and returns the hash of its outputs. */
    public String run(Workers team) {
        for (Named named : outputs) {
            named.output.write(named.before);
        }
        team.run(task);
        return hash();
    }

    /** The hash of what the outputs hold: the first 64 bits of SHA-256 over their floats, in which every NaN counts as the same. */
    String hash() {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
        for (Named named : outputs) {
            float[] values = named.output.read();
            byte[] bytes = new byte[values.length * Float.BYTES];
            for (int i = 0; i < values.length; i++) {
                int bits = Float.floatToIntBits(values[i]);
                for (int b = 0; b < Float.BYTES; b++) {
                    bytes[i * Float.BYTES + b] = (byte) (bits >>> b * Byte.SIZE);
                }
            }
            digest.update(bytes);
        }
        return HexFormat.of().formatHex(digest.digest(), 0, HASH_BYTES);
    }

    /** Compares what the outputs hold with the truth. Returns the worst deviation, or the first that is too large. */
    public Deviation compare() {
        if (known == null) {
            known = truths.get();
        }
        if (known.size() != outputs.size()) {
            throw new IllegalStateException(outputs.size() + " outputs, but " + known.size() + " true ones");
        }
        Deviation worst = Deviation.NONE;
        for (int i = 0; i < known.size() && !worst.isTooLarge(); i++) {
            Deviation here = known.get(i).worst(outputs.get(i).name, outputs.get(i).output.values());
            worst = here.share() > worst.share() ? here : worst;
        }
        return worst;
    }

    /** The outputs' names, in their order. */
    public List<String> names() {
        return outputs.stream().map(Named::name).toList();
    }

    /** What an output holds. */
    public float[] read(int output) {
        return outputs.get(output).output.read();
    }
}
