package vit.model.forward;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import vit.kernels.attention.Attention;
import vit.kernels.gelu.Gelu;
import vit.kernels.gemm.Gemm;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.jit.Rehearsal;
import vit.kernels.layernorm.LayerNorm;
import vit.kernels.parallel.CallInterruptedException;
import vit.kernels.patchembed.PatchEmbed;
import vit.kernels.simd.Implementation;

/**
 * Compiles the kernels of a forward pass on a thread of its own, beside the loading of the weights. Code belongs to the JVM, not to a model,
 * so once is enough, whatever is loaded first.
 */
public final class KernelCompilation {

    private static final long LIMIT_NANOS = 4_000_000_000L;

    private static final CountDownLatch FINISHED = new CountDownLatch(1);

    private static boolean started;

    private KernelCompilation() {}

    /** Begins, unless that has been done. */
    public static synchronized void start() {
        if (started) {
            return;
        }
        started = true;
        if (Implementation.isReference()) {
            FINISHED.countDown();
            return;
        }
        Thread.ofPlatform().daemon().name("vit-compilation").start(() -> {
            try {
                Rehearsal.run(kernels(), System.nanoTime() + LIMIT_NANOS);
            } finally {
                FINISHED.countDown();
            }
        });
    }

    /**
     * Waits until what {@link #start} began has ended.
     *
     * @throws CallInterruptedException if this thread is interrupted while it waits
     */
    public static void await() {
        if (FINISHED.getCount() == 0) { // else an interrupted thread would make an exception in every call
            return;
        }
        try {
            FINISHED.await(LIMIT_NANOS, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            throw CallInterruptedException.restoring("interrupted while waiting for the compilation of the kernels");
        }
    }

    /** What the weights are packed with comes first, as they are being loaded meanwhile. */
    private static List<Rehearsal> kernels() {
        List<Rehearsal> kernels = new ArrayList<>(PackedMatrix.rehearsals());
        kernels.addAll(Gemm.rehearsals());
        kernels.addAll(Attention.rehearsals());
        kernels.addAll(LayerNorm.rehearsals());
        kernels.addAll(Gelu.rehearsals());
        kernels.addAll(PatchEmbed.rehearsals());
        return kernels;
    }
}
