package vit.model.forward;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import vit.kernels.attention.Attention;
import vit.kernels.convolution.Convolution;
import vit.kernels.gelu.Gelu;
import vit.kernels.gemm.Gemm;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.gemm.Storage;
import vit.kernels.groupnorm.GroupNorm;
import vit.kernels.jit.Rehearsal;
import vit.kernels.layernorm.LayerNorm;
import vit.kernels.maxpool.MaxPool;
import vit.kernels.parallel.CallInterruptedException;
import vit.kernels.patchembed.PatchEmbed;
import vit.kernels.relu.Relu;
import vit.kernels.rmsnorm.RmsNorm;
import vit.kernels.rotary.Rotary;
import vit.kernels.rotary.RotaryKind;
import vit.kernels.simd.ColumnSums;
import vit.kernels.simd.Implementation;
import vit.kernels.standardization.WeightStandardization;
import vit.kernels.swiglu.SwiGlu;
import vit.kernels.tokenmerge.TokenMerge;
import vit.model.config.AttentionConfig;
import vit.model.config.AttentionConfig.RelativePositions;
import vit.model.config.MlpConfig;
import vit.model.config.NormKind;
import vit.model.config.VitConfig;

/**
 * Compiles the kernels of a forward pass on a thread of its own, beside the loading of the weights. Code belongs to the JVM, not to a model,
 * so once is enough, whatever is loaded first. The kernels of the models of 2020 come first, before anything is known of the model; those of parts that only
 * some models have follow once its configuration is known.
 */
public final class KernelCompilation {

    private static final long LIMIT_NANOS = 4_000_000_000L;

    /** Counted down when all that was begun has ended. */
    private static volatile CountDownLatch finished = new CountDownLatch(0);

    private static final Set<String> BEGUN = new HashSet<>();

    private KernelCompilation() {}

    /** Begins with the kernels that every model needs, unless that has been done. */
    public static void start() {
        begin("plain", KernelCompilation::plain);
    }

    /** Begins with the kernels of the parts that this model has beyond the models of 2020, unless that has been done. */
    public static void include(VitConfig config) {
        AttentionConfig attention = config.block().attention();
        if (config.block().norm() == NormKind.RMS) {
            begin("rms", RmsNorm::rehearsals);
        }
        if (config.block().mlp().kind() == MlpConfig.Kind.SWIGLU) {
            begin("swiglu", SwiGlu::rehearsals);
        }
        if (attention.rotary() != null) {
            RotaryKind kind = QueryKeyStep.Rotate.kind(attention.rotary());
            begin("rotary " + kind, () -> Rotary.rehearsals(kind));
        }
        if (config.stem().backbone() != null) {
            begin("backbone", KernelCompilation::backbone);
        }
        if (attention.relative() != RelativePositions.NONE) {
            begin("bias", Attention::biasRehearsals);
        }
    }

    /** Begins with the kernels that read weights of this type, unless that has been done. */
    public static void include(Storage storage) {
        begin("weights in " + storage, () -> PackedMatrix.rehearsals(storage));
    }

    /** Begins with the kernels that merge tokens, unless that has been done. */
    public static void includeMerging() {
        begin("bias", Attention::biasRehearsals);
        begin("merge", TokenMerge::rehearsals);
    }

    /** Runs rehearsals after those that are running, unless that was begun before under this name. */
    public static synchronized void begin(String name, Supplier<List<Rehearsal>> kernels) {
        if (!BEGUN.add(name) || Implementation.isReference()) {
            return;
        }
        CountDownLatch before = finished;
        CountDownLatch mine = new CountDownLatch(1);
        finished = mine;
        Thread.ofPlatform().daemon().name("vit-compilation").start(() -> {
            try {
                before.await();
                Rehearsal.run(kernels.get(), System.nanoTime() + LIMIT_NANOS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // nobody has this thread to interrupt it
            } finally {
                mine.countDown();
            }
        });
    }

    /**
     * Waits until all that was begun has ended.
     *
     * @throws CallInterruptedException if this thread is interrupted while it waits
     */
    public static void await() {
        CountDownLatch all = finished;
        if (all.getCount() == 0) { // else an interrupted thread would make an exception in every call
            return;
        }
        try {
            all.await(LIMIT_NANOS, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            throw CallInterruptedException.restoring("interrupted while waiting for the compilation of the kernels");
        }
    }

    private static List<Rehearsal> backbone() {
        List<Rehearsal> kernels = new ArrayList<>(Convolution.rehearsals());
        kernels.addAll(ColumnSums.rehearsals());
        kernels.addAll(WeightStandardization.rehearsals());
        kernels.addAll(GroupNorm.rehearsals());
        kernels.addAll(Relu.rehearsals());
        kernels.addAll(MaxPool.rehearsals());
        return kernels;
    }

    /** What the weights are packed with comes first, as they are being loaded meanwhile. */
    private static List<Rehearsal> plain() {
        List<Rehearsal> kernels = new ArrayList<>(PackedMatrix.rehearsals());
        kernels.addAll(Gemm.rehearsals());
        kernels.addAll(Attention.rehearsals());
        kernels.addAll(LayerNorm.rehearsals());
        kernels.addAll(Gelu.rehearsals());
        kernels.addAll(PatchEmbed.rehearsals());
        return kernels;
    }
}
