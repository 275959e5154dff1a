package vit.kernels.verify;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import vit.kernels.parallel.Worker;
import vit.kernels.parallel.Workers;

/**
 * The description of a kernel from which a {@link Battery} verifies it: named arguments with shapes, the call, the scalar reference in double, a bound
 * for each output, and optionally a backward pass.
 *
 * <p>A description is immutable. Its functions must be free of state of their own, because they are called many times and in several JVMs.
 */
public final class KernelSpec {

    /** A kernel that works on the calling thread. */
    @FunctionalInterface
    public interface Kernel {
        /** Computes the outputs from the inputs. */
        void run(Arguments arguments);
    }

    /** A kernel that every worker of a team calls with the same arguments, as the kernels of this library are. */
    @FunctionalInterface
    public interface TeamKernel {
        /** Computes the share of {@code worker}. */
        void run(Arguments arguments, Worker worker);
    }

    /** A kernel that uses threads of its own. */
    @FunctionalInterface
    public interface ThreadedKernel {
        /** Computes the outputs from the inputs with {@code threads} threads. */
        void run(Arguments arguments, int threads);
    }

    /** The mathematics of a kernel in double. */
    @FunctionalInterface
    public interface Reference {
        /** Computes the outputs from the inputs. */
        void run(ReferenceArguments arguments);
    }

    /** The bound of each element of an output. */
    @FunctionalInterface
    public interface ElementBound {
        /**
         * The largest accepted absolute error of element {@code index}, counted row by row.
         *
         * @param arguments the inputs, and the outputs as the reference computed them
         */
        double at(ReferenceArguments arguments, int index);
    }

    /** The bounds of all elements of an output, where they share sums. */
    @FunctionalInterface
    public interface ArrayBound {
        /**
         * The largest accepted absolute errors of all elements, row by row.
         *
         * @param arguments the inputs, and the outputs as the reference computed them
         */
        double[] of(ReferenceArguments arguments);
    }

    private final Builder parts;

    private KernelSpec(Builder parts) {
        this.parts = parts;
    }

    /** Begins the description of a kernel. */
    public static Builder named(String name) {
        return new Builder(name);
    }

    /** The name, which messages begin with. */
    public String name() {
        return parts.name;
    }

    /** The dimensions, in the order of the description. */
    public List<Dimension> dimensions() {
        return List.copyOf(parts.dimensions);
    }

    /** The arguments, in the order of the description. */
    public List<Argument> arguments() {
        return List.copyOf(parts.arguments);
    }

    /** The memory that the kernel takes. */
    public Memory memory() {
        return parts.memory;
    }

    /** The backward pass, if the description has one. */
    public Optional<KernelSpec> backward() {
        return Optional.ofNullable(parts.backward);
    }

    /** The dimension along which results are independent of one another, or null. */
    String batch() {
        return parts.batch;
    }

    boolean allocates() {
        return parts.allocates;
    }

    Reference reference() {
        return parts.reference;
    }

    /** The classes of values that an input may have. */
    List<Values> values(String input) {
        return parts.inputValues.getOrDefault(input, parts.values);
    }

    /** The classes of values that cases go through. */
    List<Values> values() {
        return parts.values;
    }

    double[] bounds(String output, ReferenceArguments arguments) {
        return parts.bounds.get(output).of(arguments);
    }

    /** Whether the number of threads can be chosen. */
    boolean isThreaded() {
        return parts.kernel == null;
    }

    /** Calls the kernel with {@code threads} threads; 1 if it knows none. */
    void run(Arguments arguments, int threads) {
        if (parts.kernel != null) {
            parts.kernel.run(arguments);
        } else if (parts.threadedKernel != null) {
            parts.threadedKernel.run(arguments, threads);
        } else {
            Teams.run(threads, worker -> parts.teamKernel.run(arguments, worker));
        }
    }

    /** The call as a task that allocates nothing of its own. */
    Runnable call(Arguments arguments, int threads) {
        if (parts.teamKernel == null) {
            return () -> run(arguments, threads);
        }
        Workers.Task task = worker -> parts.teamKernel.run(arguments, worker);
        return () -> Teams.run(threads, task);
    }

    /** The same description of another kernel with threads, such as this one with a fault. */
    KernelSpec withKernel(String name, ThreadedKernel kernel) {
        Builder copy = new Builder(parts, name);
        copy.kernel = isThreaded() ? null : arguments -> kernel.run(arguments, 1);
        copy.threadedKernel = isThreaded() ? kernel : null;
        copy.teamKernel = null;
        return new KernelSpec(copy);
    }

    /** The same description with another reference. */
    KernelSpec withReference(Reference reference) {
        Builder copy = new Builder(parts, parts.name);
        copy.reference = reference;
        return new KernelSpec(copy);
    }

    /** The same description with another backward pass. */
    KernelSpec withBackward(KernelSpec backward) {
        Builder copy = new Builder(parts, parts.name);
        copy.backward = backward;
        return new KernelSpec(copy);
    }

    /** Collects the parts of a description. Each method but {@link #build} returns this. */
    public static final class Builder {

        private final String name;
        private final List<Dimension> dimensions = new ArrayList<>();
        private final List<Argument> arguments = new ArrayList<>();
        private final Map<String, ArrayBound> bounds = new LinkedHashMap<>();
        private final Map<String, List<Values>> inputValues = new LinkedHashMap<>();
        private List<Values> values = Values.MODERATE;
        private Memory memory;
        private Kernel kernel;
        private TeamKernel teamKernel;
        private ThreadedKernel threadedKernel;
        private Reference reference;
        private KernelSpec backward;
        private String batch;
        private boolean allocates;

        private Builder(String name) {
            this.name = name;
        }

        private Builder(Builder other, String name) {
            this(name);
            dimensions.addAll(other.dimensions);
            arguments.addAll(other.arguments);
            bounds.putAll(other.bounds);
            inputValues.putAll(other.inputValues);
            values = other.values;
            memory = other.memory;
            kernel = other.kernel;
            teamKernel = other.teamKernel;
            threadedKernel = other.threadedKernel;
            reference = other.reference;
            backward = other.backward;
            batch = other.batch;
            allocates = other.allocates;
        }

        /** A dimension of at least {@code least}, tried up to {@link Dimension#MOST}. */
        public Builder dimension(String dimension, int least) {
            return dimension(dimension, least, Math.max(least, Dimension.MOST));
        }

        /** A dimension of {@code least} to {@code most}. */
        public Builder dimension(String dimension, int least, int most) {
            dimensions.add(new Dimension(dimension, least, most));
            return this;
        }

        /** An input of shape {@code shape}; see {@link Argument}. */
        public Builder input(String argument, String... shape) {
            return argument(argument, Argument.Role.INPUT, shape);
        }

        /** An output that the kernel overwrites. */
        public Builder output(String argument, String... shape) {
            return argument(argument, Argument.Role.OUTPUT, shape);
        }

        /** An output that the kernel adds to, such as the gradient of a parameter. */
        public Builder accumulated(String argument, String... shape) {
            return argument(argument, Argument.Role.ACCUMULATED, shape);
        }

        private Builder argument(String argument, Argument.Role role, String... shape) {
            arguments.add(new Argument(argument, role, List.of(shape)));
            return this;
        }

        /** The kernel, on the calling thread. */
        public Builder kernel(Memory takes, Kernel call) {
            memory = takes;
            kernel = call;
            return this;
        }

        /** The kernel, as every worker of a team calls it. It is tried with teams of 1 to {@link Teams#LARGEST} workers. */
        public Builder kernel(Memory takes, TeamKernel call) {
            memory = takes;
            teamKernel = call;
            return this;
        }

        /** The kernel with threads of its own. It is tried with 1 to {@link Teams#LARGEST} threads. */
        public Builder kernelWithThreads(Memory takes, ThreadedKernel call) {
            memory = takes;
            threadedKernel = call;
            return this;
        }

        /** The mathematics in double. */
        public Builder reference(Reference mathematics) {
            reference = mathematics;
            return this;
        }

        /** The bound of each element of {@code output}. */
        public Builder bound(String output, ElementBound bound) {
            return bounds(output, arguments -> {
                double[] all = new double[arguments.doubles(output).length];
                for (int i = 0; i < all.length; i++) {
                    all[i] = bound.at(arguments, i);
                }
                return all;
            });
        }

        /** The bounds of all elements of {@code output}. */
        public Builder bounds(String output, ArrayBound bound) {
            bounds.put(output, bound);
            return this;
        }

        /** The output must be the reference's value rounded to float. */
        public Builder exact(String output) {
            return bounds(output, arguments -> {
                double[] all = new double[arguments.doubles(output).length];
                for (int i = 0; i < all.length; i++) {
                    double truth = arguments.doubles(output)[i];
                    all[i] = Math.abs((float) truth - truth);
                }
                return all;
            });
        }

        /** The output may differ from the reference's value by {@code ulps} units in the last place of a float, or of the least normal float. */
        public Builder ulps(String output, double ulps) {
            return bounds(output, arguments -> {
                double[] all = new double[arguments.doubles(output).length];
                for (int i = 0; i < all.length; i++) {
                    double truth = Math.min(Math.abs(arguments.doubles(output)[i]), Float.MAX_VALUE);
                    all[i] = ulps * Math.ulp((float) Math.max(truth, Float.MIN_NORMAL));
                }
                return all;
            });
        }

        /** The classes of values of all inputs; {@link Values#MODERATE} unless this says others. */
        public Builder values(List<Values> classes) {
            values = List.copyOf(classes);
            return this;
        }

        /** The classes of values of one input. If a case asks for another class, the input has the first of these. */
        public Builder values(String input, Values... classes) {
            inputValues.put(input, List.of(classes));
            return this;
        }

        /** Results along {@code dimension}, which may be 1, are independent: an index alone must give the bits that it gives among others. */
        public Builder batch(String dimension) {
            batch = dimension;
            return this;
        }

        /** The kernel may allocate on the heap. */
        public Builder allocates() {
            allocates = true;
            return this;
        }

        /**
         * The backward pass: a kernel over the same dimensions, which it need not repeat. Its arguments go by their names. Inputs named like the
         * forward pass's inputs or outputs hold those; an input {@code dy} holds the upstream gradient of the output {@code y}; an output {@code dx}
         * is the gradient of the input {@code x}, and its reference is held against central differences of the forward pass's reference.
         */
        public Builder backward(Builder pass) {
            if (pass.dimensions.isEmpty()) {
                pass.dimensions.addAll(dimensions);
            }
            backward = pass.build();
            return this;
        }

        /**
         * The finished description.
         *
         * @throws IllegalArgumentException if something is missing or contradicts itself; the message says what
         */
        public KernelSpec build() {
            require(kernel != null || teamKernel != null || threadedKernel != null, "no kernel");
            require(reference != null, "no reference");
            Map<String, Integer> least = new LinkedHashMap<>();
            dimensions.forEach(dimension -> least.put(dimension.name(), dimension.least()));
            Set<String> names = new LinkedHashSet<>();
            boolean writes = false;
            for (Argument argument : arguments) {
                require(names.add(argument.name()), "two arguments " + argument.name());
                argument.dimensions(least);
                require(argument.isWritten() == bounds.containsKey(argument.name()),
                        (argument.isWritten() ? "no bound of output " : "a bound of input ") + argument.name());
                writes |= argument.isWritten();
            }
            require(writes, "no output");
            require(names.containsAll(bounds.keySet()), "bounds of " + bounds.keySet() + ", but the arguments are " + names);
            require(names.containsAll(inputValues.keySet()), "values of " + inputValues.keySet() + ", but the arguments are " + names);
            require(batch == null || least.containsKey(batch) && least.get(batch) <= 1, "batch " + batch + " is no dimension that may be 1");
            require(!values.isEmpty(), "no values");
            return new KernelSpec(new Builder(this, name));
        }

        private void require(boolean holds, String message) {
            if (!holds) {
                throw new IllegalArgumentException("kernel " + name + ": " + message);
            }
        }
    }
}
