package vit.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import vit.kernels.parallel.Workers;
import vit.kernels.peak.FmaPeak;
import vit.kernels.peak.MemoryBandwidth;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;

/**
 * A kernel's forward and backward pass, with the Vector API and with the reference's plain loops, at the shapes of ViT-B/16 (197 tokens per image,
 * width 768, 12 heads of 64, MLP 3072, 1000 classes). In addition to operations per second, {@link WorkProfiler} reports GFLOP/s where arithmetic is the limit,
 * GB/s (each operand counted once) where memory is, that limit, which is measured beforehand, and the share of it; 1 is the limit. Operands that stay in a cache
 * can exceed the limit of the memory. The result is checked before anything is timed.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
public abstract class KernelBenchmark {

    static final int TOKENS = 197;
    static final int WIDTH = 768;
    static final int HEADS = 12;
    static final int MLP = 3072;
    static final int CLASSES = 1000;

    /** Images per call. */
    @Param({"1", "8"})
    public int batch;

    /** Threads of the team. */
    @Param({"1", "2"})
    public int threads;

    private TensorArena arena;
    private Workers workers;
    private Pass forward;
    private Pass backward;
    private double limit; // units of work per second

    /** For JMH. */
    protected KernelBenchmark() {}

    /** A pass and its work: 10⁹ floating-point operations, or 10⁹ bytes. */
    record Pass(Workers.Task task, double work) {}

    /** Whether arithmetic is the limit; otherwise memory is. */
    abstract boolean isArithmetic();

    /** Makes the operands. */
    abstract void allocate();

    /** The forward pass. */
    abstract Pass forward();

    /** What is wrong with the result of the forward pass, or null. */
    abstract String checkForward();

    /** The backward pass; it runs after a forward pass. */
    abstract Pass backward();

    /** What is wrong with the result of the backward pass, or null. */
    abstract String checkBackward();

    /**
     * What {@link WorkProfiler} makes the further columns of.
     *
     * @param work  of one call: 10⁹ floating-point operations or bytes
     * @param limit per second
     * @param unit  of the speed
     */
    record Measured(double work, double limit, String unit) {}

    /** The benchmark that runs in this JVM, and its pass; written by its thread, and read after its iterations. */
    private static KernelBenchmark running;
    private static Pass ran;

    /** What has run in this JVM, or null before its first call. */
    static Measured measured() {
        return ran == null ? null : new Measured(ran.work, running.limit, running.isArithmetic() ? "GFLOP/s" : "GB/s");
    }

    /** Measures the limit, makes the operands, checks the results. */
    @Setup
    public void prepare() {
        arena = TensorArena.open();
        workers = Workers.of(threads);
        limit = isArithmetic() ? FmaPeak.measure(workers).gflops() : MemoryBandwidth.measure(workers).copy();
        allocate();
        forward = forward();
        backward = backward();
        workers.run(forward.task);
        check("forward", checkForward());
        if (backward != null) {
            workers.run(backward.task);
            check("backward", checkBackward());
        }
    }

    private void check(String pass, String fault) {
        if (fault != null) {
            throw new IllegalStateException(getClass().getSimpleName() + ", " + pass + ": " + fault);
        }
    }

    /** Frees everything. */
    @TearDown
    public void close() {
        workers.close();
        arena.close();
    }

    /** The Vector API's forward pass. */
    @Benchmark
    public void forwardSimd() {
        run(forward);
    }

    /** The Vector API's backward pass. */
    @Benchmark
    public void backwardSimd() {
        run(backward);
    }

    /** The reference's forward pass. */
    @Benchmark
    @Fork(value = 1, jvmArgsAppend = {"--add-modules", "jdk.incubator.vector", "-Dvit.kernels=reference"})
    public void forwardReference() {
        run(forward);
    }

    /** The reference's backward pass. */
    @Benchmark
    @Fork(value = 1, jvmArgsAppend = {"--add-modules", "jdk.incubator.vector", "-Dvit.kernels=reference"})
    public void backwardReference() {
        run(backward);
    }

    /** Runs a pass. */
    void run(Pass pass) {
        workers.run(pass.task);
        running = this;
        ran = pass;
    }

    /** The number of token rows. */
    int rows() {
        return batch * TOKENS;
    }

    /** A tensor of numbers between −1 and 1, without a pattern that repeats at the length of a vector. */
    Tensor random(int... dimensions) {
        Tensor tensor = arena.allocatePadded(dimensions);
        int state = 12345;
        for (int row = 0; row < tensor.rows(); row++) {
            for (int column = 0; column < tensor.columns(); column++) {
                state = state * 1664525 + 1013904223;
                tensor.set(row, column, (state >> 8) * 0x1p-23f);
            }
        }
        return tensor;
    }

    /** A tensor of zeros. */
    Tensor zeros(int... dimensions) {
        return arena.allocatePadded(dimensions);
    }

    Workers workers() {
        return workers;
    }

    TensorArena arena() {
        return arena;
    }

    /** The size of these tensors in 10⁹ bytes, each counted once. */
    static double gigabytes(Tensor... tensors) {
        double bytes = 0;
        for (Tensor tensor : tensors) {
            bytes += (double) tensor.shape().size() * Float.BYTES;
        }
        return bytes / 1e9;
    }

    /** Null if {@code actual} is within {@code tolerance} of {@code expected}, otherwise what is wrong. */
    static String near(String what, double expected, double actual, double tolerance) {
        return Math.abs(expected - actual) <= tolerance ? null : what + " is " + actual + " instead of " + expected;
    }

    /** The sum of a row. */
    static double sum(Tensor tensor, int row) {
        double sum = 0;
        for (int column = 0; column < tensor.columns(); column++) {
            sum += tensor.get(row, column);
        }
        return sum;
    }
}
