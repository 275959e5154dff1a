package vit.kernels.gemm;

import java.lang.foreign.MemorySegment;
import java.util.List;
import vit.kernels.jit.Rehearsal;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Simd;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;

/**
 * The right-hand operand of a product, in the order in which the micro-kernel reads it: panels of {@code Tile.COLUMNS} outputs. Inside a panel, the
 * values of all outputs for one k lie side by side, and k ascends from one such step to the next. The last panel is padded with zeros.
 *
 * <p>A weight that is only read may be kept in 16 or 8 bits an element ({@link Storage}): it takes half or a quarter of the memory, and products give the
 * bits that they give with the same elements in 32 bits. Such a matrix is made by {@link #pack(TensorArena, Storage, int, int, float[], float[], int[])} and does not change
 * afterwards.
 *
 * <p>The layout depends on the vector width of this JVM, so it is never written to a file. The memory belongs to the arena that the matrix was
 * allocated in. Many threads may read at once; one thread at a time may pack.
 */
public final class PackedMatrix {

    /** Steps of k that are packed at once: few enough that what is read and written for them stays in L1. */
    private static final int STEPS = 64;

    // The bits of a float's exponent; all of them are set in NaN and the infinities only. Adding EXPONENT_UNIT then sets the sign.
    private static final int EXPONENT = 0x7F800000;
    private static final int EXPONENT_UNIT = 0x00800000;

    /** Words of one step of k in a panel of 16-bit elements. */
    private static final int WORDS = Tile.COLUMNS / 2;

    private final int outputs; // N
    private final int depth; // K
    private final Storage storage;
    private final Tensor panels; // (⌈N / columns⌉ · K, columns); of narrow elements words with two or four of them, see Widening and Quantization
    private final Tensor scales; // (⌈N / columns⌉ · columns) of INT8; otherwise null
    private final int stepBytes; // of one step of k in a panel
    private final long panelBytes;

    private final boolean finite; // as pack read it

    private PackedMatrix(Storage storage, Tensor panels, Tensor scales, int outputs, int depth, boolean finite) {
        this.storage = storage;
        this.scales = scales;
        this.stepBytes = Tile.COLUMNS * storage.bytes();
        this.panelBytes = storage == Storage.INT8 ? (long) Quantization.words(depth) * Integer.BYTES : (long) depth * stepBytes;
        this.finite = finite;
        this.outputs = outputs;
        this.depth = depth;
        this.panels = panels;
    }

    /** Rehearsals of the methods in which {@link #pack} and {@link #packRows} spend their time, so that they can be compiled ahead of use. */
    public static List<Rehearsal> rehearsals() {
        return GemmRehearsals.packing();
    }

    /** Rehearsals of packing elements of this type, and of widening them in a product, beyond {@link #rehearsals()} and {@link Gemm#rehearsals}. */
    public static List<Rehearsal> rehearsals(Storage storage) {
        return storage.isNarrow() ? GemmRehearsals.narrow(storage) : List.of();
    }

    /**
     * Room for a matrix of {@code outputs} (N) by {@code depth} (K) elements, which are zero until something is packed.
     *
     * @throws IllegalArgumentException if a dimension is negative
     */
    public static PackedMatrix allocate(TensorArena arena, int outputs, int depth) {
        return new PackedMatrix(Storage.FLOAT32, arena.allocate(Math.multiplyExact(Tile.panels(outputs), depth), Tile.COLUMNS), null, outputs, depth, true);
    }

    /**
     * A matrix of {@code outputs} (N) by {@code depth} (K) elements in memory that others may use as well, one after the other. Its elements are those
     * that were packed last, for as long as nobody else writes to the memory.
     *
     * @param memory at least {@link #floats}(N, K) floats, one row
     * @throws IllegalArgumentException if the memory is smaller
     */
    public static PackedMatrix in(Tensor memory, int outputs, int depth) {
        if (memory.rows() != 1 || memory.columns() < floats(outputs, depth)) {
            throw new IllegalArgumentException("memory " + memory.shape() + " does not hold " + outputs + " by " + depth + " packed elements; needed are "
                    + floats(outputs, depth) + " floats in one row");
        }
        return new PackedMatrix(Storage.FLOAT32, memory, null, outputs, depth, true);
    }

    /** The number of floats that a packed matrix of {@code outputs} (N) by {@code depth} (K) elements takes. */
    public static int floats(int outputs, int depth) {
        return Math.multiplyExact(Math.multiplyExact(Tile.panels(outputs), Tile.COLUMNS), depth);
    }

    /**
     * Packs a linear layer's weight (N, K), row-major in {@code weight[0 … N·K)}, into new memory. The result is that of {@link #allocate} and {@link
     * #packRows}, but the memory is written only once.
     *
     * @param arena   owns the memory
     * @param outputs N
     * @param depth   K
     * @param weight  the elements
     * @param scratch at least {@link #scratch} floats, overwritten
     * @throws IllegalArgumentException if an array is shorter
     */
    public static PackedMatrix pack(TensorArena arena, int outputs, int depth, float[] weight, float[] scratch) {
        checkWeight(weight, outputs, depth);
        checkScratch(scratch, outputs, depth);
        int exponents = 0;
        for (int panel = 0; panel < Tile.panels(outputs); panel++) {
            exponents |= packPanel(scratch, TensorArena.MARGIN + panel * Tile.COLUMNS * depth, weight, outputs, depth, panel);
        }
        return new PackedMatrix(Storage.FLOAT32, arena.copyOf(scratch, TensorArena.MARGIN, Tile.panels(outputs) * depth, Tile.COLUMNS), null, outputs,
                depth, exponents >= 0);
    }

    /**
     * As {@link #pack(TensorArena, int, int, float[], float[])}, with elements of a type that the caller chooses. An element that this type has is kept
     * as it is, and any other is {@linkplain Storage#rounded rounded}. If an element is not finite afterwards, the matrix is packed in 32 bits instead, and
     * nothing is rounded; {@link #storage} tells.
     *
     * @param storage the type of the elements in memory
     * @param words   at least {@link #wordScratch} ints, overwritten; not used for elements of 32 bits
     * @throws IllegalArgumentException if an array is shorter
     */
    public static PackedMatrix pack(TensorArena arena, Storage storage, int outputs, int depth, float[] weight, float[] scratch, int[] words) {
        if (!storage.isNarrow()) {
            return pack(arena, outputs, depth, weight, scratch);
        }
        checkWeight(weight, outputs, depth);
        checkScratch(scratch, outputs, depth);
        if (words.length < wordScratch(outputs, depth)) {
            throw new IllegalArgumentException("scratch of " + words.length + " ints instead of " + wordScratch(outputs, depth));
        }
        if (storage == Storage.INT8) {
            return packBytes(arena, outputs, depth, weight, scratch, words);
        }
        int signs = 0;
        for (int panel = 0; panel < Tile.panels(outputs); panel++) {
            int to = TensorArena.MARGIN + panel * WORDS * depth;
            for (int k = 0; k < depth; k += STEPS) {
                signs |= packHalfSteps(storage, words, to + k * WORDS, weight, outputs, depth, panel * Tile.COLUMNS, k, Math.min(STEPS, depth - k));
            }
        }
        if (!Storage.isFinite(signs)) {
            return pack(arena, outputs, depth, weight, scratch);
        }
        return new PackedMatrix(storage, arena.copyOfBits(words, TensorArena.MARGIN, Tile.panels(outputs) * depth, WORDS), null, outputs, depth, true);
    }

    private static PackedMatrix packBytes(TensorArena arena, int outputs, int depth, float[] weight, float[] codes, int[] words) {
        int panels = Tile.panels(outputs);
        float[] scales = new float[panels * Tile.COLUMNS + 2 * TensorArena.MARGIN];
        if (!Quantization.round(codes, scales, TensorArena.MARGIN, weight, outputs, depth)) {
            return pack(arena, outputs, depth, weight, codes);
        }
        for (int panel = 0; panel < panels; panel++) {
            for (int k = 0; k < depth; k += STEPS) {
                Quantization.packSteps(words, TensorArena.MARGIN + panel * Quantization.words(depth) + Quantization.words(k), codes, outputs, depth,
                        panel * Tile.COLUMNS, k, Math.min(STEPS, depth - k));
            }
        }
        return new PackedMatrix(Storage.INT8, arena.copyOfBits(words, TensorArena.MARGIN, panels * Quantization.words(depth)),
                arena.copyOf(scales, TensorArena.MARGIN, panels * Tile.COLUMNS), outputs, depth, true);
    }

    /** The number of ints of scratch memory that packing elements of 16 or 8 bits needs. */
    public static int wordScratch(int outputs, int depth) {
        return Math.addExact(Math.multiplyExact(Math.multiplyExact(Tile.panels(outputs), WORDS), depth), 2 * TensorArena.MARGIN);
    }

    /** The type of the elements in memory. */
    public Storage storage() {
        return storage;
    }

    /** Bytes of the elements in memory, the zeros of the padding and the scales included. */
    public long bytes() {
        return Tile.panels(outputs) * (panelBytes + (scales == null ? 0 : Tile.PANEL_STEP));
    }

    /** Whether all elements were finite when {@link #pack} read them; true for a matrix that {@link #allocate} made. */
    public boolean wasFinite() {
        return finite;
    }

    /** The number of floats of scratch memory that {@link #pack} needs. */
    public static int scratch(int outputs, int depth) {
        return Math.addExact(Math.multiplyExact(Math.multiplyExact(Tile.panels(outputs), Tile.COLUMNS), depth), 2 * TensorArena.MARGIN);
    }

    private static void checkScratch(float[] scratch, int outputs, int depth) {
        if (scratch.length < scratch(outputs, depth)) {
            throw new IllegalArgumentException("scratch of " + scratch.length + " floats instead of " + scratch(outputs, depth));
        }
    }

    private static void checkWeight(float[] weight, int outputs, int depth) {
        if (weight.length < (long) outputs * depth) {
            throw new IllegalArgumentException("a matrix of " + outputs + " by " + depth + " from " + weight.length + " elements");
        }
    }

    /** N, the columns of C. */
    public int outputs() {
        return outputs;
    }

    /** K, the length of the sums. */
    public int depth() {
        return depth;
    }

    /**
     * Packs a linear layer's weight (N, K), row-major in {@code weight[0 … N·K)}, and returns this.
     *
     * @throws IllegalArgumentException if the array is shorter
     * @throws IllegalStateException    if the elements have fewer than 32 bits
     */
    public PackedMatrix packRows(float[] weight) {
        requireFloats();
        checkWeight(weight, outputs, depth);
        float[] packed = new float[Math.multiplyExact(depth, Tile.COLUMNS)];
        for (int panel = 0; panel < Tile.panels(outputs); panel++) {
            packPanel(packed, 0, weight, outputs, depth, panel);
            MemorySegment.copy(packed, 0, panels.segment(), Tensor.FLOAT, panelOffset(panel), packed.length);
        }
        return this;
    }

    /** Packs one panel into {@code target}, from index {@code to} on; the result is below 0 if an element is not finite. */
    private static int packPanel(float[] target, int to, float[] weight, int outputs, int depth, int panel) {
        int exponents = 0;
        for (int k = 0; k < depth; k += STEPS) {
            exponents |= packSteps(target, to + k * Tile.COLUMNS, weight, outputs, depth, panel * Tile.COLUMNS, k, Math.min(STEPS, depth - k));
        }
        return exponents;
    }

    /**
     * Packs {@code count} steps of k of a panel into an array. An array is fast from the first call on, while an access to a memory segment is slow
     * until C2 has compiled it; this method runs while a model is loaded. The scattered stores take its time, so looking for elements that are not
     * finite costs nothing here.
     *
     * @return below 0 if an element is NaN or infinite
     */
    static int packSteps(float[] steps, int to, float[] weight, int outputs, int depth, int firstOutput, int firstStep, int count) {
        int exponents = 0;
        for (int j = 0; j < Tile.COLUMNS; j++) {
            int row = (firstOutput + j) * depth + firstStep;
            for (int i = 0; i < count; i++) {
                float element = firstOutput + j < outputs ? weight[row + i] : 0;
                steps[to + i * Tile.COLUMNS + j] = element;
                exponents |= (Float.floatToRawIntBits(element) & EXPONENT) + EXPONENT_UNIT;
            }
        }
        return exponents;
    }

    /** Packs {@code count} steps of k of a panel in 16 bits an element, and returns the {@linkplain Storage#signsOfNonFinite signs} of them all. */
    static int packHalfSteps(Storage storage, int[] steps, int to, float[] weight, int outputs, int depth, int firstOutput, int firstStep, int count) {
        int signs = 0;
        for (int j = 0; j < WORDS; j++) {
            int lower = firstOutput + j / Simd.LANES * 2 * Simd.LANES + j % Simd.LANES;
            int upper = lower + Simd.LANES;
            int lowerRow = lower * depth + firstStep;
            int upperRow = upper * depth + firstStep;
            for (int i = 0; i < count; i++) {
                int word = storage.narrow(lower < outputs ? weight[lowerRow + i] : 0) & 0xFFFF
                        | storage.narrow(upper < outputs ? weight[upperRow + i] : 0) << 16;
                steps[to + i * WORDS + j] = word;
                signs |= storage.signsOfNonFinite(word);
            }
        }
        return signs;
    }

    /**
     * Packs the transpose of a packed (K, N) matrix, which the gradient of a linear layer's input needs. Every worker of a team calls it, and the
     * team divides the panels of the source. The result is complete once the team has passed its next barrier.
     *
     * @param source    the packed matrix, (K, N)
     * @param workspace planned for training and for this team
     * @param worker    the calling member of the team
     * @throws IllegalArgumentException if the shapes are not each other's transpose, or the workspace does not fit
     * @throws IllegalStateException    if the elements of one have fewer than 32 bits
     */
    public void packTransposed(PackedMatrix source, GemmWorkspace workspace, Worker worker) {
        if (source.outputs != depth || source.depth != outputs) {
            throw new IllegalArgumentException("the transpose of " + source.outputs + " by " + source.depth + " is not "
                    + outputs + " by " + depth);
        }
        requireFloats();
        source.requireFloats();
        workspace.checkTransposes(worker);
        TransposeMemory memory = workspace.transposing(worker.index());
        int count = Tile.panels(depth);
        worker.begin(count);
        for (int panel = worker.claim(); panel >= 0; panel = worker.claim()) {
            int k = panel * Tile.COLUMNS;
            int steps = Math.min(Tile.COLUMNS, depth - k);
            // Blocks of one source panel follow one another in memory.
            for (int n = 0; n < outputs; n += Tile.COLUMNS) {
                memory.transpose(source.panels.segment(), source.stepOffset(panel, n), steps, Math.min(Tile.COLUMNS, outputs - n));
                MemorySegment.copy(memory.block(), 0, panels.segment(), Tensor.FLOAT, stepOffset(n / Tile.COLUMNS, k), steps * Tile.COLUMNS);
            }
        }
    }

    /**
     * Writes all elements (N, K), row-major, into {@code weight[0 … N·K)}.
     *
     * @throws IllegalArgumentException if the array is shorter
     */
    public void unpackRows(float[] weight) {
        if (weight.length < (long) outputs * depth) {
            throw new IllegalArgumentException("a matrix of " + outputs + " by " + depth + " into " + weight.length + " elements");
        }
        for (int n = 0; n < outputs; n++) {
            for (int k = 0; k < depth; k++) {
                weight[n * depth + k] = get(n, k);
            }
        }
    }

    /**
     * The packed elements as one flat tensor, with the zeros of the padding. Two matrices of the same shape have the same layout, so an elementwise
     * pass such as an optimiser's can run over several of them at once.
     *
     * @throws IllegalStateException if the elements have fewer than 32 bits
     */
    public Tensor elements() {
        requireFloats();
        return panels;
    }

    /**
     * The element of output {@code n} at step {@code k}: for tests and for writing weights to a file; kernels read whole panels.
     *
     * @throws IndexOutOfBoundsException if there is no such element
     */
    public float get(int n, int k) {
        if (n < 0 || n >= outputs || k < 0 || k >= depth) {
            throw new IndexOutOfBoundsException("element (" + n + ", " + k + ") of " + outputs + " by " + depth);
        }
        if (!storage.isNarrow()) {
            return panels.segment().get(Tensor.FLOAT, byteOffset(n, k));
        }
        if (storage == Storage.INT8) {
            int column = n % Tile.COLUMNS;
            int word = panels.segment().get(Tensor.INT, panelOffset(n / Tile.COLUMNS) + Quantization.wordOffset(column, k));
            return Quantization.value(Quantization.codeOf(word, column, k), scale(n));
        }
        int vector = n % Tile.COLUMNS / Simd.LANES;
        int word = panels.segment().get(Tensor.INT, stepOffset(n / Tile.COLUMNS, k) + (long) (vector / 2 * Simd.LANES + n % Simd.LANES) * Integer.BYTES);
        return storage.widen((short) (word >>> vector % 2 * 16));
    }

    private void requireFloats() {
        if (storage.isNarrow()) {
            throw new IllegalStateException("a matrix in " + storage + " is only read by products");
        }
    }

    private long byteOffset(int n, int k) {
        return panelOffset(n / Tile.COLUMNS) + (long) k * Tile.PANEL_STEP + (long) (n % Tile.COLUMNS) * Float.BYTES;
    }

    MemorySegment segment() {
        return panels.segment();
    }

    /** Byte offset of step {@code k} of panel {@code p}. */
    long stepOffset(int p, int k) {
        return panelOffset(p) + (long) k * stepBytes;
    }

    /** Byte offset of panel {@code p}. */
    long panelOffset(int p) {
        return p * panelBytes;
    }

    /** The scale of output {@code n}, of {@link Storage#INT8}. */
    float scale(int n) {
        return scales.get(0, n);
    }

    /** The scales of {@link Storage#INT8}. */
    MemorySegment scales() {
        return scales.segment();
    }

    /** Byte offset of the scales of panel {@code p}. */
    long scaleOffset(int p) {
        return (long) p * Tile.PANEL_STEP;
    }
}
