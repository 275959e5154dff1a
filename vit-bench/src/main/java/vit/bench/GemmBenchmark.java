package vit.bench;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
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
import vit.kernels.gemm.Epilogue;
import vit.kernels.gemm.Gemm;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.parallel.Worker;
import vit.kernels.parallel.Workers;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;

/** C = A·Bᵀ + bias at the shapes of ViT-B/16, packing of A included; reports GFLOP/s beside the time. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 2)
@Fork(value = 2, jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
public class GemmBenchmark {

    /** M×N×K. */
    @Param({"197x2304x768", "197x768x768", "197x3072x768", "197x768x3072", "1576x3072x768"})
    public String shape;

    @Param({"1", "2"})
    public int threads;

    private TensorArena arena;
    private Workers workers;
    private Workers.Task product;
    private double gigaflop;

    /** For JMH. */
    public GemmBenchmark() {}

    /** Counts the arithmetic; JMH divides it by the time. */
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    @State(Scope.Thread)
    public static class Arithmetic {
        /** 10⁹ floating-point operations. */
        public double gflop;

        /** For JMH. */
        public Arithmetic() {}

        /** Starts the count of an iteration. */
        @Setup(Level.Iteration)
        public void reset() {
            gflop = 0;
        }
    }

    /** Makes operands of small whole numbers, so that the result can be checked exactly. */
    @Setup
    public void allocate() {
        String[] sizes = shape.split("x");
        int m = Integer.parseInt(sizes[0]);
        int n = Integer.parseInt(sizes[1]);
        int k = Integer.parseInt(sizes[2]);
        gigaflop = 2e-9 * m * n * k;
        arena = TensorArena.open();
        workers = Workers.of(threads);
        Tensor a = arena.allocatePadded(m, k).fill(2);
        Tensor c = arena.allocatePadded(m, n);
        float[] weight = new float[n * k];
        Arrays.fill(weight, 3);
        PackedMatrix b = PackedMatrix.allocate(arena, n, k).packRows(weight);
        GemmWorkspace workspace = GemmWorkspace.allocate(arena, m, k, threads);
        Epilogue bias = Epilogue.bias(arena.allocate(n).fill(1));
        product = (Worker w) -> Gemm.multiply(c, a, b, bias, m, workspace, w);
        workers.run(product);
        if (c.get(0, 0) != 6f * k + 1 || c.get(m - 1, n - 1) != 6f * k + 1) {
            throw new IllegalStateException("the product is wrong: " + c.get(m - 1, n - 1));
        }
    }

    /** Frees the operands. */
    @TearDown
    public void close() {
        workers.close();
        arena.close();
    }

    /** The Vector API's product. */
    @Benchmark
    public void simd(Arithmetic counter) {
        workers.run(product);
        counter.gflop += gigaflop;
    }
}
