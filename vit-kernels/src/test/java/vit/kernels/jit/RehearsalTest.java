package vit.kernels.jit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import vit.kernels.attention.Attention;
import vit.kernels.convolution.Convolution;
import vit.kernels.gelu.Gelu;
import vit.kernels.gemm.Gemm;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.gemm.Storage;
import vit.kernels.groupnorm.GroupNorm;
import vit.kernels.layernorm.LayerNorm;
import vit.kernels.maxpool.MaxPool;
import vit.kernels.optim.Adam;
import vit.kernels.optim.GradientNorm;
import vit.kernels.optim.Sgd;
import vit.kernels.optim.WeightAverage;
import vit.kernels.patchembed.PatchEmbed;
import vit.kernels.relu.Relu;
import vit.kernels.rmsnorm.RmsNorm;
import vit.kernels.rotary.Rotary;
import vit.kernels.rotary.RotaryKind;
import vit.kernels.simd.ColumnSums;
import vit.kernels.simd.Simd;
import vit.kernels.simd.VectorLoop;
import vit.kernels.standardization.WeightStandardization;
import vit.kernels.swiglu.SwiGlu;
import vit.kernels.tensor.Tensor;
import vit.kernels.tokenmerge.TokenMerge;
import vit.kernels.verify.ChildProcess;

/**
 * After {@link Rehearsal}, every kernel runs compiled code that puts no vector on the heap, and it keeps its speed in a program that uses
 * segments of several kinds.
 */
class RehearsalTest {

    private static final long LIMIT_NANOS = 20_000_000_000L;

    /** On a busy machine, C2 may be late in some JVMs, or may find an unfavourable profile. */
    private static final int JVMS = 6;

    private static final int GOOD_JVMS = 1;

    /** The number of runs. A run ends when C2 has seen enough calls, although it may still have much to compile. */
    private static final int RUNS = 4;

    private static final int WORKS = 200;

    private static final int MORE_ROUNDS = 20;

    private static final int MORE_CALLS = 1000;

    private static final long PAUSE_NANOS = 10_000_000;

    /** The size of thirty-two boxed vectors of 32 bytes. A loop that boxes allocates more; a call of the JDK that is not inlined allocates less. */
    private static final int BOXING_BYTES = 1024;

    static List<Rehearsal> all() {
        List<Rehearsal> kernels = new ArrayList<>(PackedMatrix.rehearsals());
        kernels.addAll(Gemm.rehearsals());
        for (Storage storage : Storage.values()) {
            kernels.addAll(PackedMatrix.rehearsals(storage));
        }
        kernels.addAll(Attention.rehearsals());
        kernels.addAll(Attention.biasRehearsals());
        for (RotaryKind kind : RotaryKind.values()) {
            kernels.addAll(Rotary.rehearsals(kind));
        }
        kernels.addAll(LayerNorm.rehearsals());
        kernels.addAll(Gelu.rehearsals());
        kernels.addAll(PatchEmbed.rehearsals());
        kernels.addAll(SwiGlu.rehearsals());
        kernels.addAll(RmsNorm.rehearsals());
        kernels.addAll(Convolution.rehearsals());
        kernels.addAll(ColumnSums.rehearsals());
        kernels.addAll(GroupNorm.rehearsals());
        kernels.addAll(MaxPool.rehearsals());
        kernels.addAll(Relu.rehearsals());
        kernels.addAll(WeightStandardization.rehearsals());
        kernels.addAll(TokenMerge.rehearsals());
        kernels.addAll(GradientNorm.rehearsals());
        kernels.addAll(Adam.rehearsals());
        kernels.addAll(Sgd.rehearsals());
        kernels.addAll(WeightAverage.rehearsals());
        return kernels;
    }

    /** Vector loops of a forward pass without a rehearsal: of kinds of models that are rare, or of the other number of registers. */
    private static final Set<String> OF_RARE_MODELS = Set.of("GeluSimd.applyTanh", "Logistic.timesQuick", "Tile.multiplyRow", "PoolingSimd.maxVector",
            "PoolingSimd.meanVector", "PoolingSimd.weightedVector",
            "ConvolutionSimd.sum", "MicroKernel6x2.load", "MicroKernel6x2.storeToArray", "MicroKernel6x4.multiply",
            "MicroKernel6x4.load", "MicroKernel6x4.store", "MicroKernel6x4.storeToArray", "MicroKernel.step");

    /** Vector loops of a training that small models compile when it is warmed up. */
    private static final Set<String> OF_SMALL_TRAININGS = Set.of("LayerNormSimd.sumOfWeightedDeviations", "LayerNormSimd.inputGradient",
            "LayerNormSimd.addParameterGradients", "AttentionBackwardSimd.scoreGradient", "ColumnSum.accumulate", "ResidualSimd.add",
            "GeluSimd.forwardErf", "GeluSimd.forwardTanh", "GeluSimd.forwardQuick", "GeluSimd.backwardErf", "GeluSimd.backwardTanh",
            "GeluSimd.backwardQuick", "CrossEntropySimd.shift", "CrossEntropySimd.backward", "SoftmaxSimd.max", "SoftmaxSimd.divide", "Panels.packDepth",
            "AttentionBackwardSimd.add", "AttentionBackwardSimd.multiply", "TransposeSimd.squares",
            "AttentionBackwardSimd.scaleAndAdd", "ColumnSums.products", "DropoutSimd.randomWords", "DropoutSimd.select", "GroupNormSimd.inputGradient",
            "Logistic.gatedGradient", "MaxPoolSimd.gather", "MaxPoolSimd.maximumAndIndex", "PoolingSimd.scaled", "PoolingSimd.share", "PoolingSimd.shareVector",
            "PoolingSimd.zero", "ReluSimd.backward", "ResidualSimd.addScaled", "ResidualSimd.backwardAbreast", "ResidualSimd.backwardVector",
            "RmsNormSimd.addWeightGradient", "RmsNormSimd.inputGradient", "RmsNormSimd.sumOfWeightedNormals", "RotarySimd.pairsBackward",
            "SoftmaxSimd.rowBackward", "StochasticDepthSimd.scale", "StochasticDepthSimd.zero", "WeightStandardizationSimd.accumulate");

    /** Vector loops that measure the machine, and begin with calls of their own. */
    private static final Set<String> OF_MEASUREMENTS = Set.of("FmaChains.twelve", "FmaChains.twentyFour", "MemoryBandwidth.copy", "MemoryBandwidth.sum");

    @Test
    void everyVectorLoopIsRehearsedOrIsNamedHere() throws IOException, URISyntaxException {
        Set<String> rehearsed = all().stream().map(kernel -> kernel.name().split(" ")[0]).collect(Collectors.toSet());
        Set<String> missing = new TreeSet<>(loops());
        missing.removeAll(rehearsed);
        List.of(OF_RARE_MODELS, OF_SMALL_TRAININGS, OF_MEASUREMENTS).forEach(missing::removeAll);
        assertEquals(Set.of(), missing);
    }

    /**
     * A rehearsal calls its kernel mostly over no elements. So a method that the loop calls is called in few of the kernel's calls, and C2 does not
     * inline it. Such a call saves and restores the vectors around it, and takes two to four times as long as the loop.
     */
    @Test
    void noRehearsedVectorLoopCallsMethodsOfOurOwn() throws IOException, URISyntaxException {
        Set<String> rehearsed = all().stream().map(kernel -> kernel.name().split(" ")[0]).collect(Collectors.toSet());
        Set<String> wrong = new TreeSet<>();
        forEachLoop((name, method) -> {
            if (rehearsed.contains(name)) {
                ownCallsBesideVectors(method).forEach(call -> wrong.add(name + " calls " + call));
            }
        });
        assertEquals(Set.of(), wrong);
    }

    @Test
    void aCallBesideVectorsIsFound() throws IOException {
        try (InputStream in = RehearsalTest.class.getResourceAsStream("RehearsalTest$Broken.class")) {
            Map<String, Set<String>> found = new TreeMap<>();
            for (MethodModel method : ClassFile.of().parse(in.readAllBytes()).methods()) {
                if (method.methodName().stringValue().endsWith("Loop")) {
                    found.put(method.methodName().stringValue(), ownCallsBesideVectors(method));
                }
            }
            assertEquals(Map.of("offsetLoop", Set.of("RehearsalTest$Broken.at"), "helperLoop", Set.of("RehearsalTest$Broken.load", "RehearsalTest$Broken.store")),
                    found);
        }
    }

    /** Loops that call methods beside their vectors, or for them, and a loop that calls one beside numbers, which is allowed. */
    private static final class Broken {

        static void helperLoop(float[] x, int n) {
            for (int i = 0; i <= n - Simd.LANES; i += Simd.LANES) {
                store(load(x, i), x, i);
            }
        }

        private static FloatVector load(float[] x, int i) {
            return FloatVector.fromArray(Simd.SPECIES, x, i);
        }

        private static void store(FloatVector v, float[] x, int i) {
            v.intoArray(x, i);
        }

        static void offsetLoop(float[] x, int n) {
            int i = 0;
            for (; i <= n - Simd.LANES; i += Simd.LANES) {
                FloatVector.fromArray(Simd.SPECIES, x, at(i)).neg().intoArray(x, i);
            }
            for (; i < n; i++) {
                x[i] = negated(x[i]);
            }
        }

        private static int at(int i) {
            return i;
        }

        private static float negated(float x) {
            return -x;
        }
    }

    /** The methods of this project that are called in a loop, where the innermost loop around the call also holds vectors. */
    private static Set<String> ownCallsBesideVectors(MethodModel method) {
        List<CodeElement> code = method.code().orElseThrow().elementList();
        Map<Label, Integer> labels = new HashMap<>();
        for (int i = 0; i < code.size(); i++) {
            if (code.get(i) instanceof LabelTarget target) {
                labels.put(target.label(), i);
            }
        }
        List<List<CodeElement>> loops = new ArrayList<>();
        for (int i = 0; i < code.size(); i++) {
            if (code.get(i) instanceof BranchInstruction branch && labels.get(branch.target()) < i) {
                loops.add(code.subList(labels.get(branch.target()), i));
            }
        }
        loops.sort(Comparator.comparingInt(List::size));
        Set<CodeElement> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        Set<String> calls = new TreeSet<>();
        for (List<CodeElement> loop : loops) {
            List<InvokeInstruction> inside = loop.stream().filter(element -> element instanceof InvokeInstruction && seen.add(element))
                    .map(InvokeInstruction.class::cast).toList();
            if (inside.stream().anyMatch(call -> (call.owner().asInternalName() + call.type()).contains("jdk/incubator/vector/"))) {
                inside.stream().filter(call -> call.owner().asInternalName().startsWith("vit/"))
                        .forEach(call -> calls.add(simpleName(call.owner()) + "." + call.name()));
            }
        }
        return calls;
    }

    private static String simpleName(ClassEntry type) {
        String name = type.asInternalName();
        return name.substring(name.lastIndexOf('/') + 1);
    }

    /** The methods that are marked as vector loops. */
    private static Set<String> loops() throws IOException, URISyntaxException {
        Set<String> loops = new TreeSet<>();
        forEachLoop((name, method) -> loops.add(name));
        return loops;
    }

    private static void forEachLoop(BiConsumer<String, MethodModel> action) throws IOException, URISyntaxException {
        Path classes = Path.of(Simd.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        try (Stream<Path> files = Files.walk(classes)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".class")).toList()) {
                ClassModel type = ClassFile.of().parse(file);
                for (MethodModel method : type.methods()) {
                    if (method.findAttribute(Attributes.runtimeInvisibleAnnotations()).stream().flatMap(found -> found.annotations().stream())
                            .anyMatch(mark -> mark.className().equalsString(VectorLoop.class.descriptorString()))) {
                        action.accept(simpleName(type.thisClass()) + "." + method.methodName(), method);
                    }
                }
            }
        }
    }

    /**
     * Calls of {@link Rehearsal#work} that are timed together. The clock is too coarse for one. The loop over them is the kernel's own. If the calls
     * came from a loop that all kernels share, C2 would inline some of them and not others, and for a small kernel the call takes most of the time.
     */
    private static final int TIMED_WORKS = 200;

    private static final int TIMES = 100;

    /** How often the simulated service has used segments of its own before. */
    private static final int ACCESSES = 100_000;

    /**
     * The factor above which a kernel counts as slower. A kernel that calls methods of its segments at every access takes up to six times as long,
     * and some kernels more than four times.
     */
    private static final double SLOWER = 2.5;

    /**
     * Runs in a JVM of its own, because in this one other tests have used the kernels. It prints the kernels that are compiled and box no vectors,
     * and how long the work of each takes. With an argument, it first uses other kinds of segments.
     */
    static final class Probe {

        private static float sum;

        public static void main(String[] arguments) {
            if (arguments.length > 0) {
                useSegments(MemorySegment.ofArray(new byte[Simd.VECTOR_BYTES]), MemorySegment.ofArray(new float[Simd.LANES]),
                        Arena.ofAuto().allocate(Simd.VECTOR_BYTES));
            }
            List<Rehearsal> kernels = all();
            List<Rehearsal> pending = kernels;
            for (int run = 0; run < RUNS; run++) {
                pending = Rehearsal.run(pending, System.nanoTime() + LIMIT_NANOS);
            }
            for (Rehearsal kernel : kernels) {
                if (!pending.contains(kernel) && !boxesInTheEnd(kernel)) {
                    System.out.println("good " + kernel.name());
                }
            }
            for (int round = 0; round < MORE_ROUNDS; round++) { // so that C2 compiles what C1's code was fast enough for
                kernels.forEach(kernel -> kernel.nothing().run(MORE_CALLS));
                LockSupport.parkNanos(PAUSE_NANOS);
            }
            kernels.forEach(kernel -> System.out.println("time " + nanosOfWork(kernel) + " " + kernel.name()));
        }

        private static void useSegments(MemorySegment... segments) {
            for (int i = 0; i < ACCESSES; i++) {
                for (MemorySegment segment : segments) {
                    segment.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 0, i);
                    segment.set(ValueLayout.JAVA_INT_UNALIGNED, 0, segment.get(ValueLayout.JAVA_INT_UNALIGNED, Float.BYTES));
                    sum += segment.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0);
                    FloatVector.fromMemorySegment(Simd.SPECIES, segment, 0, Simd.ORDER).intoMemorySegment(segment, 0, Simd.ORDER);
                }
            }
        }

        private static long nanosOfWork(Rehearsal kernel) {
            long least = Long.MAX_VALUE;
            for (int i = 0; i < TIMES; i++) {
                long start = System.nanoTime();
                kernel.work().run(TIMED_WORKS);
                least = Math.min(least, System.nanoTime() - start);
            }
            return least;
        }

        /** On a fast machine a small kernel passes with C1's code, which boxes. A few more calls then let C2 compile it. */
        private static boolean boxesInTheEnd(Rehearsal kernel) {
            for (int round = 0; round < MORE_ROUNDS && boxes(kernel); round++) {
                kernel.nothing().run(MORE_CALLS);
                LockSupport.parkNanos(PAUSE_NANOS);
            }
            return boxes(kernel);
        }

        private static boolean boxes(Rehearsal kernel) {
            ThreadMXBean meter = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long before = meter.getCurrentThreadAllocatedBytes();
            kernel.work().run(WORKS);
            return meter.getCurrentThreadAllocatedBytes() - before >= WORKS * (long) BOXING_BYTES;
        }
    }

    /** Holds at every width, including those that the machine emulates. */
    @Test
    void everyKernelStaysInItsArrays() {
        List<String> names = all().stream().map(Rehearsal::name).toList();
        assertEquals(names.stream().distinct().toList(), names, "a kernel is rehearsed twice");
        for (Rehearsal kernel : all()) {
            kernel.work().run(1);
            kernel.nothing().run(1);
        }
    }

    @Test
    @Timeout(300)
    void everyKernelIsCompiledWithoutBoxesInSomeJvm() throws IOException, InterruptedException {
        assumeTrue(Simd.isNative(), "emulated vectors are boxed");
        Map<String, Integer> good = new TreeMap<>();
        all().forEach(kernel -> good.put(kernel.name(), 0));
        for (int jvm = 0; jvm < JVMS && Collections.min(good.values()) < GOOD_JVMS; jvm++) {
            probe().lines().filter(line -> line.startsWith("good ")).forEach(line -> good.merge(line.substring(5), 1, Integer::sum));
        }
        assertTrue(Collections.min(good.values()) >= GOOD_JVMS, "JVMs of " + JVMS + " in which a kernel was good: " + good);
    }

    /** Tests the purpose of {@link Tensor#offHeap}: the JDK's accessors of segments share one profile in a JVM. */
    @Test
    @Timeout(300)
    void noKernelIsSlowerWhereOthersUsedSegmentsOnTheHeap() throws IOException, InterruptedException {
        assumeTrue(Simd.isNative(), "emulated vectors are boxed");
        Map<String, Double> alone = new TreeMap<>();
        Map<String, Double> after = new TreeMap<>();
        Map<String, Double> slower = new TreeMap<>();
        for (int jvm = 0; jvm < JVMS && (jvm == 0 || Collections.max(slower.values()) > SLOWER); jvm++) {
            readTimes(probe(), alone);
            readTimes(probe("segments"), after);
            alone.forEach((kernel, nanos) -> slower.put(kernel, after.get(kernel) / nanos));
        }
        assertTrue(Collections.max(slower.values()) <= SLOWER, "how many times slower: " + slower);
    }

    private static void readTimes(String output, Map<String, Double> least) {
        output.lines().filter(line -> line.startsWith("time ")).map(line -> line.split(" ", 3))
                .forEach(line -> least.merge(line[2], Double.valueOf(line[1]), Math::min));
    }

    private static String probe(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElseThrow(),
                "--add-modules=jdk.incubator.vector", "-Dvit.simd.bits=" + Simd.BITS, "-cp", System.getProperty("java.class.path"), Probe.class.getName()));
        command.addAll(List.of(arguments));
        return ChildProcess.output(new ProcessBuilder(command).redirectErrorStream(true));
    }

    @Test
    void whatStaysSlowIsReported() {
        AtomicInteger works = new AtomicInteger();
        AtomicInteger nothings = new AtomicInteger();
        Rehearsal slow = new Rehearsal("slow", times -> {
            works.addAndGet(times);
            LockSupport.parkNanos(1_000_000);
        }, nothings::addAndGet);
        Rehearsal fast = new Rehearsal("fast", times -> {}, times -> {});
        long limit = 1_000_000_000;
        long start = System.nanoTime();
        assertEquals(List.of(slow), Rehearsal.run(List.of(slow, fast), start + limit));
        assertTrue(System.nanoTime() - start < 20 * limit);
        assertTrue(works.get() > 2 && nothings.get() > 100 * works.get(), works + " and " + nothings);
    }

    @Test
    void nothingHappensAfterTheDeadline() {
        AtomicInteger calls = new AtomicInteger();
        Rehearsal kernel = new Rehearsal("kernel", calls::addAndGet, calls::addAndGet);
        assertEquals(List.of(kernel), Rehearsal.run(List.of(kernel), System.nanoTime() - 1));
        assertEquals(0, calls.get());
    }
}
