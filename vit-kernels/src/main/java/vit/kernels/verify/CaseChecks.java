package vit.kernels.verify;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import vit.kernels.tensor.TensorArena;

/** The checks of one kernel on one case. A check that fails throws {@link AssertionError}. */
final class CaseChecks {

    /** The number of places in a batch that are tried. */
    private static final int MOST_PLACES = 5;

    private final KernelSpec spec;
    private final KernelSpec forward; // of a backward pass, else null
    private final Map<String, Comparison> comparisons = new LinkedHashMap<>();

    CaseChecks(KernelSpec spec, KernelSpec forward) {
        this.spec = spec;
        this.forward = forward;
        for (Argument argument : spec.arguments()) {
            if (argument.isWritten()) {
                comparisons.put(argument.name(), new Comparison(spec.name() + " " + argument.name()));
            }
        }
    }

    /** The errors of all cases so far, by output. */
    Map<String, Comparison> comparisons() {
        return comparisons;
    }

    /** Runs a check that works case by case. */
    void run(Check check, KernelCase kernelCase) {
        Execution execution = Execution.of(spec, forward, kernelCase);
        switch (check) {
            case REFERENCE -> reference(execution);
            case GUARDS -> guards(execution);
            case STALE_OUTPUTS -> staleOutputs(execution);
            case CALLS -> calls(execution);
            case LAYOUTS -> layouts(execution);
            case THREADS -> threads(execution);
            case BATCH -> batch(execution);
            case GRADIENTS -> gradients(kernelCase);
            default -> throw new IllegalArgumentException(check + " does not work case by case");
        }
    }

    private void reference(Execution execution) {
        Map<String, float[]> results = execution.run(execution.usual());
        ReferenceArguments truth = execution.truth();
        results.forEach((name, actual) -> {
            double[] expected = truth.doubles(name);
            double[] bounds = spec.bounds(name, truth);
            Comparison comparison = comparisons.get(name);
            for (int i = 0; i < actual.length; i++) {
                double value = Double.isInfinite((float) expected[i]) ? (float) expected[i] : expected[i]; // beyond the floats lies infinity
                if (!comparison.accepts(i, value, actual[i], bounds[i])) {
                    throw execution.mismatch("", name, i, value, actual[i], bounds[i]);
                }
            }
        });
    }

    private void guards(Execution execution) {
        Execution.Setting usual = execution.usual();
        Map<String, float[]> first = execution.runGuarded(usual);
        execution.requireSameBits(first, execution.runGuarded(usual.withGuard(GuardedMemory.LARGE_GUARD)),
                "another value in the guards changes the result, so the kernel has read one: ");
    }

    private void staleOutputs(Execution execution) {
        Execution.Setting usual = execution.usual();
        execution.requireSameBits(execution.run(usual.withBefore(0)), execution.run(usual.withBefore(Float.floatToRawIntBits(1.5f))),
                "the result depends on what lay in the output before the call: ");
    }

    private void calls(Execution execution) {
        Execution.Setting usual = execution.usual();
        try (TensorArena arena = TensorArena.open()) {
            Arguments arguments = execution.prepare(arena, usual);
            spec.run(arguments, 1);
            Map<String, float[]> first = execution.results(arguments);
            execution.restore(arguments, usual);
            spec.run(arguments, 1);
            execution.requireSameBits(first, execution.results(arguments), "the second call in the same memory differs from the first: ");
            KernelCase other = execution.kernelCase().withValues(Values.SPREAD, execution.kernelCase().seed() + 1);
            Execution between = Execution.of(spec, forward, other);
            between.run(between.usual());
            execution.requireSameBits(first, execution.run(usual), "a call after one with other inputs differs from the first: ");
        }
    }

    private void layouts(Execution execution) {
        Execution.Setting usual = execution.usual();
        Map<String, float[]> first = execution.run(usual.withLayout(0, 0));
        int gap = spec.memory().hasGaps() ? 5 : 0;
        for (int offset : new int[] {1, 4, 7, 8, 13}) {
            execution.requireSameBits(first, execution.run(usual.withLayout(offset, gap)),
                    "arguments " + offset + " floats off alignment, rows " + gap + " apart, change the result: ");
        }
    }

    private void threads(Execution execution) {
        Execution.Setting usual = execution.usual();
        Map<String, float[]> first = execution.run(usual);
        for (int threads = 2; threads <= Teams.LARGEST; threads++) {
            execution.requireSameBits(first, execution.run(usual.withThreads(threads)), threads + " threads against 1: ");
        }
    }

    private void batch(Execution execution) {
        int count = execution.kernelCase().sizes().get(spec.batch());
        Map<String, float[]> all = execution.run(execution.usual());
        int[] places = count <= MOST_PLACES ? IntStream.range(0, count).toArray() : new int[] {0, 1, count / 2, count - 2, count - 1};
        for (int place : places) {
            Execution alone = execution.alone(place);
            Map<String, float[]> one = alone.run(alone.usual());
            for (Argument argument : spec.arguments()) {
                if (argument.role() == Argument.Role.OUTPUT && argument.beginsWith(spec.batch())) {
                    float[] part = one.get(argument.name());
                    for (int i = 0; i < part.length; i++) {
                        int index = place * part.length + i;
                        float among = all.get(argument.name())[index];
                        if (Float.floatToIntBits(part[i]) != Float.floatToIntBits(among)) {
                            throw execution.mismatch(spec.batch() + " " + place + " alone differs from the same among " + count + ": ",
                                    argument.name(), index, part[i], among, 0);
                        }
                    }
                }
            }
        }
    }

    /** Holds the reference's gradients against central differences of Σ dy·y over all outputs y of the forward pass. */
    private void gradients(KernelCase kernelCase) {
        KernelSpec backward = spec.backward().orElseThrow();
        ReferenceArguments inputs = Execution.of(spec, null, kernelCase).doubles();
        ReferenceArguments gradients = Execution.of(backward, spec, kernelCase).doubles();
        spec.reference().run(inputs);
        Map<String, double[]> upstream = new LinkedHashMap<>();
        Random random = new Random(kernelCase.seed());
        for (Argument argument : spec.arguments()) {
            double[] given = gradients.values().get("d" + argument.name());
            if (argument.isWritten() && given != null) {
                upstream.put(argument.name(), given);
            }
        }
        for (Argument argument : backward.arguments()) {
            double[] known = inputs.values().get(argument.name());
            double[] values = gradients.doubles(argument.name());
            if (argument.isWritten()) {
                Arrays.fill(values, 0);
            } else if (known != null) {
                System.arraycopy(known, 0, values, 0, known.length); // not rounded to float: the differences are in double
            } else {
                System.arraycopy(Gradients.random(random, values.length), 0, values, 0, values.length);
            }
        }
        backward.reference().run(gradients);
        int checked = 0;
        for (Argument argument : backward.arguments()) {
            String of = argument.name().substring(Math.min(1, argument.name().length()));
            if (argument.isWritten() && argument.name().startsWith("d") && inputs.values().containsKey(of)) {
                Gradients.check(backward.name() + " " + argument.name(), inputs.doubles(of), gradients.doubles(argument.name()), () -> {
                    ReferenceArguments fresh = inputs.copy();
                    upstream.keySet().forEach(name -> Arrays.fill(fresh.doubles(name), 0));
                    spec.reference().run(fresh);
                    double loss = 0;
                    for (Map.Entry<String, double[]> output : upstream.entrySet()) {
                        loss += Gradients.dot(output.getValue(), fresh.doubles(output.getKey()));
                    }
                    return loss;
                });
                checked++;
            }
        }
        if (checked == 0 || upstream.isEmpty()) {
            throw new IllegalArgumentException(backward.name() + ": no gradient to check: an upstream gradient is named like the output with a d before it, "
                    + "and a gradient like the input with a d before it");
        }
    }
}
