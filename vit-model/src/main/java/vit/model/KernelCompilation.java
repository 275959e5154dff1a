package vit.model;

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
import vit.kernels.patchembed.PatchEmbed;
import vit.kernels.simd.Implementation;

/**
 * Compiles the kernels of a forward pass on a thread of its own, beside the loading of the weights. Code belongs to the JVM, not to a model,
 * so once is enough, whatever is loaded first.
 */
final class KernelCompilation {

    private static final long LIMIT_NANOS = 4_000_000_000L;

    private static final long PACKING_LIMIT_NANOS = 300_000_000L;

    private static final CountDownLatch FINISHED = new CountDownLatch(1);

    private static boolean started;

    private KernelCompilation() {}

    /** Begins, unless that has been done. */
    static synchronized void start() {
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
                long begin = System.nanoTime();
                // First what the weights are packed with, as they are being loaded meanwhile.
                Rehearsal.run(PackedMatrix.rehearsals(), begin + PACKING_LIMIT_NANOS);
                Rehearsal.run(kernels(), begin + LIMIT_NANOS);
            } finally {
                FINISHED.countDown();
            }
        });
    }

    /** Waits until what {@link #start} began has ended; an interrupt ends the waiting. */
    static void await() {
        if (FINISHED.getCount() == 0) { // else an interrupted thread would make an exception in every call
            return;
        }
        try {
            FINISHED.await(LIMIT_NANOS, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static List<Rehearsal> kernels() {
        List<Rehearsal> kernels = new ArrayList<>(Gemm.rehearsals());
        kernels.addAll(Attention.rehearsals());
        kernels.addAll(LayerNorm.rehearsals());
        kernels.addAll(Gelu.rehearsals());
        kernels.addAll(PatchEmbed.rehearsals());
        return kernels;
    }
}
