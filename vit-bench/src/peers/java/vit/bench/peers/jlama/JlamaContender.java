package vit.bench.peers.jlama;

import com.github.tjake.jlama.math.ActivationFunction;
import com.github.tjake.jlama.math.VectorMath;
import com.github.tjake.jlama.tensor.FloatBufferTensor;
import com.github.tjake.jlama.tensor.operations.PanamaTensorOperations;
import com.github.tjake.jlama.tensor.operations.TensorOperations;
import com.github.tjake.jlama.util.MachineSpec;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.EnumSet;
import java.util.Set;
import vit.bench.peers.Contender;
import vit.bench.peers.LibraryVersion;
import vit.bench.peers.PreparedWork;
import vit.bench.peers.Work;
import vit.kernels.gelu.GeluKind;

/**
 * What Jlama computes its language models with: dot products on the Vector API, a softmax, and the tanh form of GELU. Jlama divides products between threads in the
 * code of its models; here each is one call on one thread. Its LayerNorm needs a whole model, so it is not among the work.
 */
public final class JlamaContender implements Contender {

    /** Its products have no code for what is left of a row after the last whole vector. */
    private static final int LANES = 16;

    /** For the service loader. */
    public JlamaContender() {}

    @Override
    public String name() {
        return "jlama";
    }

    @Override
    public Set<Work.Kind> kinds() {
        return EnumSet.of(Work.Kind.GEMM, Work.Kind.DOT, Work.Kind.SOFTMAX, Work.Kind.GELU);
    }

    @Override
    public PreparedWork prepare(Work work) {
        return switch (work) {
            case Work.Gemm gemm -> new Product(work, gemm.a(), gemm.m(), gemm.b(), gemm.n(), gemm.k());
            case Work.DotProducts dots -> new Product(work, dots.query(), 1, dots.vectors(), dots.count(), dots.width());
            case Work.Softmax softmax -> new Softmax(softmax);
            case Work.Gelu gelu -> new Gelu(gelu);
            default -> throw new UnsupportedOperationException("jlama does not compute " + work.name());
        };
    }

    private static void requireWhole(int k) {
        if (k % LANES != 0) {
            throw new UnsupportedOperationException("the length of its dot products must be a multiple of " + LANES + ", and is " + k);
        }
    }

    private static String label(String what) {
        return "jlama " + LibraryVersion.of(TensorOperations.class, "com.github.tjake", "jlama-core") + " " + what;
    }

    private static String oneThread(Work work) {
        return work.threads() > 1 ? "one thread" : "";
    }

    /** (rows, columns) in the library's tensor. */
    private static FloatBufferTensor tensor(float[] values, int rows, int columns) {
        FloatBufferTensor tensor = new FloatBufferTensor(rows, columns);
        for (int i = 0; i < values.length; i++) {
            tensor.set(values[i], i / columns, i % columns);
        }
        return tensor;
    }

    private static float[] array(FloatBufferTensor tensor, int rows, int columns) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = tensor.get(i / columns, i % columns);
        }
        return values;
    }

    /** All dot products of rows of A and rows of B. */
    private static final class Product implements PreparedWork {
        private final Work work;
        private final TensorOperations operations = new PanamaTensorOperations(MachineSpec.VECTOR_TYPE);
        private final FloatBufferTensor a; // (M, K)
        private final FloatBufferTensor b; // (N, K)
        private final FloatBufferTensor c; // (M, N)
        private final int m;
        private final int n;
        private final int k;

        Product(Work work, float[] a, int m, float[] b, int n, int k) {
            requireWhole(k);
            this.work = work;
            this.m = m;
            this.n = n;
            this.k = k;
            this.a = tensor(a, m, k);
            this.b = tensor(b, n, k);
            this.c = new FloatBufferTensor(m, n);
        }

        @Override
        public String label() {
            return JlamaContender.label("batchDotProduct");
        }

        @Override
        public String differences() {
            return oneThread(work);
        }

        @Override
        public void run() {
            operations.batchDotProduct(c, a, b, 0, 0, k, 0, 0, n);
        }

        @Override
        public float[] result() {
            return array(c, m, n);
        }
    }

    /** The library's softmax works on one row, in place. */
    private static final class Softmax implements PreparedWork {
        private final Work.Softmax work;
        private final FloatBufferTensor[] rows;
        private final FloatBuffer[] memory;

        Softmax(Work.Softmax work) {
            this.work = work;
            rows = new FloatBufferTensor[work.rows()];
            memory = new FloatBuffer[work.rows()];
            for (int row = 0; row < rows.length; row++) {
                rows[row] = new FloatBufferTensor(1, work.columns());
                memory[row] = rows[row].getMemorySegment().asByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer();
            }
        }

        @Override
        public String label() {
            return JlamaContender.label("softMax");
        }

        @Override
        public String differences() {
            return "copies the rows first, because it works in place" + (work.threads() > 1 ? "; one thread" : "");
        }

        @Override
        public void run() {
            int columns = work.columns();
            for (int row = 0; row < rows.length; row++) {
                memory[row].put(0, work.x(), row * columns, columns);
                VectorMath.softMax(rows[row], 0, columns);
            }
        }

        @Override
        public float[] result() {
            float[] values = new float[work.rows() * work.columns()];
            for (int row = 0; row < rows.length; row++) {
                memory[row].get(0, values, row * work.columns(), work.columns());
            }
            return values;
        }
    }

    /** The library's GELU is of one number. */
    private record Gelu(Work.Gelu work, float[] result) implements PreparedWork {
        Gelu(Work.Gelu work) {
            this(work, new float[work.x().length]);
            if (work.form() != GeluKind.TANH) {
                throw new UnsupportedOperationException("it has the tanh form of GELU only");
            }
        }

        @Override
        public String label() {
            return JlamaContender.label("GELU");
        }

        @Override
        public String differences() {
            return "a call for every element" + (work.threads() > 1 ? "; one thread" : "");
        }

        @Override
        public void run() {
            for (int i = 0; i < result.length; i++) {
                result[i] = ActivationFunction.eval(ActivationFunction.Type.GELU, work.x()[i]);
            }
        }
    }
}
