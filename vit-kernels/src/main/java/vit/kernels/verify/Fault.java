package vit.kernels.verify;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import vit.kernels.simd.Simd;

/**
 * Faults that kernels have, for planting into a kernel that has none: if its battery still passes, the battery could not have found that fault. {@link
 * PlantedFaults} plants all of them.
 *
 * <p>Each fault calls the kernel and then changes what the fault would change. All outputs have it; a fault in a single output is a kernel of your own.
 */
public enum Fault {
    /** The last element of each row that ends with an incomplete vector is a thousandth off. */
    LAST_LANE("the last lane of an incomplete vector is a thousandth off") {
        @Override
        void plant(Call call) {
            call.forEachOutput((memory, before) -> {
                for (int row = 0; row < memory.rows() && memory.columns() % Simd.LANES != 0; row++) {
                    scale(memory, row, memory.columns() - 1, OFF);
                }
            });
        }
    },
    /** The first element of each row is a thousandth off. */
    FIRST_LANE("the first lane is a thousandth off") {
        @Override
        void plant(Call call) {
            call.forEachOutput((memory, before) -> {
                for (int row = 0; row < memory.rows() && memory.columns() > 0; row++) {
                    scale(memory, row, 0, OFF);
                }
            });
        }
    },
    /** Rows and columns are swapped: the elements lie in the order of the transposed matrix. */
    SWAPPED_DIMENSIONS("the output lies transposed in memory") {
        @Override
        boolean applies(KernelSpec spec) {
            return outputs(spec).stream().anyMatch(output -> output.shape().size() > 1);
        }

        @Override
        void plant(Call call) {
            call.forEachOutput((memory, before) -> {
                float[] values = memory.elements();
                float[] transposed = new float[values.length];
                for (int i = 0; i < values.length; i++) {
                    transposed[i % memory.columns() * memory.rows() + i / memory.columns()] = values[i];
                }
                memory.setElements(transposed);
            });
        }
    },
    /** The last row has the wrong sign. */
    SIGN("the last row has the wrong sign") {
        @Override
        void plant(Call call) {
            call.forEachOutput((memory, before) -> {
                for (int column = 0; column < memory.columns() && memory.rows() > 0; column++) {
                    scale(memory, memory.rows() - 1, column, -1);
                }
            });
        }
    },
    /** Whole vectors round once more than the remainder of a row, as a product and a sum do in place of a fused multiply-add. */
    MISSING_FMA("whole vectors round once more than the remainder") {
        @Override
        void plant(Call call) {
            call.forEachOutput((memory, before) -> {
                for (int i = 0; i < memory.rows() * memory.columns(); i++) {
                    int column = i % memory.columns();
                    if (column < memory.columns() / Simd.LANES * Simd.LANES) {
                        nudge(memory, i / memory.columns(), column);
                    }
                }
            });
        }
    },
    /** The first row is added to what the output held before the call, or, where the kernel accumulates, overwrites it. */
    STALE_BUFFER("the first row adds where it must overwrite, or overwrites where it must add") {
        @Override
        void plant(Call call) {
            call.forEachOutput((memory, before) -> {
                for (int column = 0; column < memory.columns() && memory.rows() > 0; column++) {
                    float old = before[column];
                    float now = memory.get(0, column);
                    memory.set(0, column, call.accumulates(memory) ? now - old : now + old);
                }
            });
        }
    },
    /** A kernel that keeps something from one call to the next: every second call is one unit in the last place off. */
    KEPT_STATE("every second call differs by one ulp") {
        @Override
        void plant(Call call) {
            if (call.number() % 2 == 1) {
                call.nudgeFirst();
            }
        }
    },
    /** The float after the end of the last row of the first input is multiplied by 0 and added. */
    GUARD_READ("reads one float after the end of the first input") {
        @Override
        void plant(Call call) {
            GuardedMemory input = call.memory(call.spec().arguments().stream().filter(a -> !a.isWritten()).findFirst().orElseThrow());
            float read = input.get(Math.max(0, input.rows() - 1), input.columns());
            call.forEachOutput((memory, before) -> {
                if (memory.rows() * memory.columns() > 0) {
                    memory.set(0, 0, memory.get(0, 0) + 0 * read);
                }
            });
        }

        @Override
        boolean applies(KernelSpec spec) {
            return spec.arguments().stream().anyMatch(argument -> !argument.isWritten());
        }
    },
    /** A 0 is written after the end of the last row. */
    GUARD_WRITE("writes one float after the end of each output") {
        @Override
        void plant(Call call) {
            call.forEachOutput((memory, before) -> memory.set(Math.max(0, memory.rows() - 1), memory.columns(), 0));
        }
    },
    /** The kernel uses the first element of its first input as scratch. */
    INPUT_WRITE("changes an element of its first input") {
        @Override
        void plant(Call call) {
            GuardedMemory input = call.memory(call.spec().arguments().stream().filter(a -> !a.isWritten()).findFirst().orElseThrow());
            if (input.rows() * input.columns() > 0) {
                input.set(0, 0, 1234.5f);
            }
        }

        @Override
        boolean applies(KernelSpec spec) {
            return spec.arguments().stream().anyMatch(argument -> !argument.isWritten());
        }
    },
    /** The result depends on alignment: arguments off alignment are one unit in the last place off. */
    ALIGNMENT("an output off alignment differs by one ulp") {
        @Override
        void plant(Call call) {
            if (call.offset() % 4 != 0) {
                call.nudgeFirst();
            }
        }

        @Override
        boolean applies(KernelSpec spec) {
            return spec.memory().hasOffsets();
        }
    },
    /** With more than one thread the result is one unit in the last place off, as where threads divide a sum. */
    DIVIDED_SUM("more than one thread differs by one ulp") {
        @Override
        void plant(Call call) {
            if (call.threads() > 1) {
                call.nudgeFirst();
            }
        }

        @Override
        boolean applies(KernelSpec spec) {
            return spec.isThreaded();
        }
    },
    /** In a batch of several, the first is one unit in the last place off. */
    NEIGHBOUR("the first of several in a batch differs by one ulp") {
        @Override
        void plant(Call call) {
            if (call.batch() > 1) {
                call.nudgeFirst();
            }
        }

        @Override
        boolean applies(KernelSpec spec) {
            return spec.batch() != null && outputs(spec).stream().anyMatch(a -> a.role() == Argument.Role.OUTPUT && a.beginsWith(spec.batch()));
        }
    },
    /** Every call allocates a small object. */
    ALLOCATION("allocates sixteen bytes a call") {
        @Override
        void plant(Call call) {
            throw new IllegalStateException("planted without results of the kernel");
        }

        @Override
        boolean applies(KernelSpec spec) {
            return !spec.allocates() && Allocation.isMeaningful();
        }
    },
    /** The backward pass gives gradients of the wrong sign, and so does its reference. */
    GRADIENT_SIGN("gradients have the wrong sign in the backward pass and in its reference") {
        @Override
        void plant(Call call) {
            throw new IllegalStateException("planted in the reference");
        }

        @Override
        boolean applies(KernelSpec spec) {
            return spec.backward().isPresent();
        }
    };

    /** A thousandth: small enough that a careless bound accepts it. */
    private static final float OFF = 1.001f;

    private static volatile Object kept;

    private final String sentence;

    Fault(String sentence) {
        this.sentence = sentence;
    }

    /** The fault in words, with the kernel as subject where it has one. */
    public String sentence() {
        return sentence;
    }

    /** Whether this kernel could have the fault. */
    boolean applies(KernelSpec spec) {
        return true;
    }

    abstract void plant(Call call);

    /** The kernel with the fault: in the forward pass, or for {@link #GRADIENT_SIGN} in the backward pass and its reference. */
    public KernelSpec in(KernelSpec spec) {
        if (this == GRADIENT_SIGN) {
            KernelSpec backward = spec.backward().orElseThrow();
            KernelSpec wrong = backward.withKernel(backward.name(), (arguments, threads) -> {
                backward.run(arguments, threads);
                for (Argument gradient : outputs(backward)) {
                    GuardedMemory memory = arguments.memory(gradient.name());
                    for (int i = 0; i < memory.rows() * memory.columns(); i++) {
                        scale(memory, i / memory.columns(), i % memory.columns(), -1);
                    }
                }
            });
            return spec.withBackward(wrong.withReference(arguments -> {
                backward.reference().run(arguments);
                for (Argument gradient : outputs(backward)) {
                    double[] values = arguments.doubles(gradient.name());
                    for (int i = 0; i < values.length; i++) {
                        values[i] = -values[i];
                    }
                }
            }));
        }
        AtomicInteger calls = new AtomicInteger();
        return spec.withKernel(spec.name() + " with " + this, (arguments, threads) -> {
            if (this == ALLOCATION) {
                spec.run(arguments, threads);
                kept = new byte[1];
                return;
            }
            Call call = new Call(spec, arguments, threads, calls.getAndIncrement());
            spec.run(arguments, threads);
            plant(call);
        });
    }

    private static List<Argument> outputs(KernelSpec spec) {
        return spec.arguments().stream().filter(Argument::isWritten).toList();
    }

    private static void scale(GuardedMemory memory, int row, int column, float factor) {
        memory.set(row, column, memory.get(row, column) * factor);
    }

    private static void nudge(GuardedMemory memory, int row, int column) {
        memory.set(row, column, Math.nextUp(memory.get(row, column)));
    }

    /** What a fault does with an output. */
    private interface Change {
        void apply(GuardedMemory memory, float[] before);
    }

    /** A call of the kernel, and what its outputs held before. */
    static final class Call {

        private final KernelSpec spec;
        private final Arguments arguments;
        private final int threads;
        private final int number;
        private final Map<String, float[]> before = new HashMap<>();

        private Call(KernelSpec spec, Arguments arguments, int threads, int number) {
            this.spec = spec;
            this.arguments = arguments;
            this.threads = threads;
            this.number = number;
            outputs(spec).forEach(output -> before.put(output.name(), memory(output).elements()));
        }

        private KernelSpec spec() {
            return spec;
        }

        private GuardedMemory memory(Argument argument) {
            return arguments.memory(argument.name());
        }

        private void forEachOutput(Change change) {
            outputs(spec).forEach(output -> change.apply(memory(output), before.get(output.name())));
        }

        private boolean accumulates(GuardedMemory memory) {
            return outputs(spec).stream().anyMatch(output -> output.role() == Argument.Role.ACCUMULATED && memory(output) == memory);
        }

        private void nudgeFirst() {
            forEachOutput((memory, old) -> {
                if (memory.rows() * memory.columns() > 0) {
                    nudge(memory, 0, 0);
                }
            });
        }

        private int offset() {
            GuardedMemory memory = memory(outputs(spec).getFirst());
            return memory.first();
        }

        private int threads() {
            return threads;
        }

        private int number() {
            return number;
        }

        private int batch() {
            return arguments.size(spec.batch());
        }
    }
}
