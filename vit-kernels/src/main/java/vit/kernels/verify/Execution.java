package vit.kernels.verify;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import vit.kernels.tensor.TensorArena;

/**
 * A kernel with the inputs of one case. It runs the kernel in fresh memory under different circumstances, and computes the truth with the reference.
 *
 * <p>For a backward pass the inputs come from its forward pass: what it saves is computed by the forward pass's reference and rounded to float.
 */
final class Execution {

    /** What outputs hold before a call: a NaN of its own, so that an element that is not written is recognised. */
    static final int UNWRITTEN = 0x7fc0beef;

    private final KernelSpec spec;
    private final KernelCase kernelCase;
    private final Map<String, float[]> given = new LinkedHashMap<>(); // inputs, and what accumulated outputs hold before the call

    /**
     * The circumstances of a call, none of which may change the result.
     *
     * @param offset  floats from alignment to the first element of the first argument
     * @param gap     floats between rows
     * @param guard   the bits around the first argument; those around the others follow
     * @param before  the bits in the outputs before the call
     * @param threads the number of threads
     */
    record Setting(int offset, int gap, int guard, int before, int threads) {

        Setting withGuard(int bits) {
            return new Setting(offset, gap, bits, before, threads);
        }

        Setting withBefore(int bits) {
            return new Setting(offset, gap, guard, bits, threads);
        }

        Setting withThreads(int count) {
            return new Setting(offset, gap, guard, before, count);
        }

        Setting withLayout(int otherOffset, int otherGap) {
            return new Setting(otherOffset, otherGap, guard, before, threads);
        }
    }

    private Execution(KernelSpec spec, KernelCase kernelCase) {
        this.spec = spec;
        this.kernelCase = kernelCase;
    }

    /**
     * The kernel with the inputs of {@code kernelCase}.
     *
     * @param forward the forward pass if the kernel is a backward pass, else null
     */
    static Execution of(KernelSpec spec, KernelSpec forward, KernelCase kernelCase) {
        Execution execution = new Execution(spec, kernelCase);
        Map<String, double[]> saved = forward == null ? Map.of() : of(forward, null, kernelCase).truth().values();
        for (Argument argument : spec.arguments()) {
            if (argument.role() != Argument.Role.OUTPUT) {
                double[] known = argument.role() == Argument.Role.INPUT ? saved.get(argument.name()) : null;
                execution.given.put(argument.name(), known == null ? execution.generate(argument) : rounded(known));
            }
        }
        return execution;
    }

    private float[] generate(Argument argument) {
        List<Values> allowed = argument.role() == Argument.Role.INPUT ? spec.values(argument.name()) : List.of(Values.ORDINARY);
        Values values = allowed.contains(kernelCase.values()) ? kernelCase.values() : allowed.getFirst();
        Random random = new Random(kernelCase.seed() * 0x9E3779B97F4A7C15L + argument.name().hashCode());
        return values.matrix(argument.rows(kernelCase.sizes()), argument.columns(kernelCase.sizes()), random);
    }

    private static float[] rounded(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    /** The part of this case that index {@code place} of the batch dimension is, as a batch of one. */
    Execution alone(int place) {
        String batch = spec.batch();
        int count = kernelCase.sizes().get(batch);
        Execution part = new Execution(spec, kernelCase.withSize(batch, 1));
        for (Argument argument : spec.arguments()) {
            float[] all = given.get(argument.name());
            if (all != null && argument.beginsWith(batch)) {
                float[] slice = new float[all.length / count];
                System.arraycopy(all, place * slice.length, slice, 0, slice.length);
                part.given.put(argument.name(), slice);
            } else if (all != null) {
                part.given.put(argument.name(), all);
            }
        }
        return part;
    }

    KernelCase kernelCase() {
        return kernelCase;
    }

    Map<String, float[]> given() {
        return given;
    }

    Setting usual() {
        return new Setting(kernelCase.offset(), kernelCase.gap(), GuardedMemory.NAN_GUARD, UNWRITTEN, 1);
    }

    /** Fresh memory that holds what a call finds. */
    Arguments prepare(TensorArena arena, Setting setting) {
        Arguments arguments = Arguments.allocate(arena, spec.arguments(), spec.memory(), kernelCase.sizes(), setting.offset, setting.gap);
        int own = 0; // a guard that is copied from one argument to another is noticed there
        for (Argument argument : spec.arguments()) {
            arguments.memory(argument.name()).setGuards(setting.guard + own++);
        }
        restore(arguments, setting);
        return arguments;
    }

    /** Writes again what a call finds. */
    void restore(Arguments arguments, Setting setting) {
        for (Argument argument : spec.arguments()) {
            GuardedMemory memory = arguments.memory(argument.name());
            float[] values = given.get(argument.name());
            if (values == null) {
                values = new float[memory.rows() * memory.columns()];
                Arrays.fill(values, Float.intBitsToFloat(setting.before));
            }
            memory.setElements(values);
        }
    }

    /** All written arguments after a call. */
    Map<String, float[]> results(Arguments arguments) {
        Map<String, float[]> results = new LinkedHashMap<>();
        for (Argument argument : spec.arguments()) {
            if (argument.isWritten()) {
                results.put(argument.name(), arguments.memory(argument.name()).elements());
            }
        }
        return results;
    }

    /** The results of one call in fresh memory. */
    Map<String, float[]> run(Setting setting) {
        try (TensorArena arena = TensorArena.open()) {
            Arguments arguments = prepare(arena, setting);
            spec.run(arguments, setting.threads);
            return results(arguments);
        }
    }

    /** As {@link #run}; checks that guards and inputs are as they were. */
    Map<String, float[]> runGuarded(Setting setting) {
        try (TensorArena arena = TensorArena.open()) {
            Arguments arguments = prepare(arena, setting);
            spec.run(arguments, setting.threads);
            for (Argument argument : spec.arguments()) {
                GuardedMemory memory = arguments.memory(argument.name());
                memory.assertGuardsIntact(argument.name());
                if (!argument.isWritten()) {
                    requireSameBits(argument.name(), given.get(argument.name()), memory.elements(), "the kernel has changed its input ");
                }
            }
            return results(arguments);
        }
    }

    /** Inputs and initial values in double, and the outputs that the reference computes. */
    ReferenceArguments truth() {
        ReferenceArguments arguments = doubles();
        spec.reference().run(arguments);
        return arguments;
    }

    /** Inputs and initial values in double, and zeros for the outputs. */
    ReferenceArguments doubles() {
        Map<String, double[]> all = new LinkedHashMap<>();
        for (Argument argument : spec.arguments()) {
            double[] values = new double[Math.multiplyExact(argument.rows(kernelCase.sizes()), argument.columns(kernelCase.sizes()))];
            float[] floats = given.get(argument.name());
            for (int i = 0; floats != null && i < values.length; i++) {
                values[i] = floats[i];
            }
            all.put(argument.name(), values);
        }
        return new ReferenceArguments(all, kernelCase.sizes());
    }

    /** Compares two results bit by bit. All NaNs are equal. */
    void requireSameBits(Map<String, float[]> expected, Map<String, float[]> actual, String prefix) {
        expected.forEach((name, values) -> requireSameBits(name, values, actual.get(name), prefix));
    }

    void requireSameBits(String name, float[] expected, float[] actual, String prefix) {
        for (int i = 0; i < expected.length; i++) {
            if (Float.floatToIntBits(expected[i]) != Float.floatToIntBits(actual[i])) {
                throw mismatch(prefix, name, i, expected[i], actual[i], 0);
            }
        }
    }

    MismatchError mismatch(String prefix, String name, int index, double expected, float actual, double bound) {
        Argument argument = spec.arguments().stream().filter(a -> a.name().equals(name)).findFirst().orElseThrow();
        return new MismatchError(prefix, new Mismatch(name, argument.rows(kernelCase.sizes()), argument.columns(kernelCase.sizes()), index,
                expected, actual, bound));
    }
}
