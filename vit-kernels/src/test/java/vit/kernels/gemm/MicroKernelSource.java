package vit.kernels.gemm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Writes the source of the GEMM's micro-kernels. C2 keeps an accumulator in a register only if it is a local variable with a name of its own. So a
 * tile of 6 by 4 vectors needs 24 variables, and three steps of k need 72 lines that differ only in their indices. Nobody should write or review such
 * lines by hand. This class writes them from a {@link TileShape}, the result is checked in, and {@link MicroKernelSourceTest} compares the two.
 *
 * <p>To change a kernel, change this class and run it with the source folder as its argument; docs/gemm.md has the command. To add a tile, add a line
 * to {@link #TILES}; docs/gemm.md names the places that choose between tiles.
 */
final class MicroKernelSource {

    /** How a kernel keeps C2 from moving the loads of all its steps to the top of the loop, where they would spill the accumulators. */
    enum Barrier {
        /**
         * A branch between two steps of k that is never taken. The panel is read in memory, one vector at a time, and the broadcasts of all rows are
         * live. For 32 registers.
         */
        BRANCH_AFTER_STEP,

        /**
         * A fence after every row, which costs no instruction. The panel is read in an array; all panel vectors of a step are live, and one
         * broadcast. For 16 registers.
         */
        FENCE_AFTER_ROW
    }

    /**
     * A tile of C and the shape of its loop.
     *
     * @param rows    rows of the tile
     * @param vectors vectors in a row of the tile
     * @param steps   steps of k in one iteration of the loop
     * @param barrier what separates the steps
     * @param why     sentences for the class comment
     */
    record TileShape(int rows, int vectors, int steps, Barrier barrier, String why) {
        String className() {
            return "MicroKernel" + rows + "x" + vectors;
        }
    }

    /** The tiles whose kernels are checked in. */
    static final List<TileShape> TILES = List.of(
            new TileShape(6, 4, 3, Barrier.BRANCH_AFTER_STEP, """
                     * The GEMM tile for machines with 32 vector registers: 6 rows by 4 vectors, with 24 accumulators, 6 broadcasts, and one panel vector at a
                     * time. When four panel vectors were live and the rows used them one after another, C2 spilled an accumulator.
                    """),
            new TileShape(6, 2, 4, Barrier.FENCE_AFTER_ROW, """
                     * The GEMM tile for machines with 16 vector registers: 6 rows by 2 vectors, with 12 accumulators, 2 panel vectors, and one broadcast at a
                     * time.
                     *
                     * <p>A fence follows every row. It costs no instruction, and C2 moves no load across it. Without it C2 would put the loads of all steps
                     * first, and the accumulators would spill. The panel is in an array, because C2 would read the bounds and the state of a memory
                     * segment again after each fence.
                    """));

    private final StringBuilder out = new StringBuilder();
    private final TileShape tile;

    private MicroKernelSource(TileShape tile) {
        this.tile = tile;
    }

    /** Writes all tiles into the package's folder under the source folder {@code args[0]}. */
    public static void main(String[] args) throws IOException {
        for (TileShape tile : TILES) {
            Files.writeString(Path.of(args[0], "vit", "kernels", "gemm", tile.className() + ".java"), of(tile));
        }
    }

    /** The source of the class for {@code tile}. */
    static String of(TileShape tile) {
        MicroKernelSource source = new MicroKernelSource(tile);
        boolean memory = tile.barrier == Barrier.BRANCH_AFTER_STEP;
        source.header(memory);
        if (memory) {
            source.multiplyInMemory();
        } else {
            source.multiplyInArray();
        }
        source.moves();
        source.line("}");
        return source.out.toString();
    }

    private void header(boolean memory) {
        out.append("""
                package vit.kernels.gemm;

                import static vit.kernels.gemm.MicroKernel.ROW;
                """);
        out.append(memory ? """
                import static vit.kernels.gemm.MicroKernel.TOUCHED;
                import static vit.kernels.gemm.MicroKernel.UNUSED_BITS;
                """ : "");
        out.append("""
                import static vit.kernels.simd.Simd.LANES;
                import static vit.kernels.simd.Simd.ORDER;
                import static vit.kernels.simd.Simd.SPECIES;
                import static vit.kernels.simd.Simd.VECTOR_BYTES;

                import java.lang.foreign.MemorySegment;
                """);
        out.append(memory ? "import java.lang.foreign.ValueLayout;\n" : "import java.lang.invoke.VarHandle;\n");
        out.append("""
                import jdk.incubator.vector.FloatVector;
                import vit.kernels.simd.VectorLoop;
                import vit.kernels.tensor.Tensor;

                // Written by MicroKernelSource, which is among the tests. Change that class, not this one.

                /**
                """);
        out.append(tile.why);
        out.append("""
                 *
                 * <p>{@link MicroKernel} says what all kernels have in common and why they are written in this way.
                 */
                """);
        line("final class " + tile.className() + " {");
        out.append("""

                    /** Steps of k in one iteration of the loop. */
                    static final int UNROLL = %d;

                """.formatted(tile.steps));
        out.append(memory ? """
                    /** Bytes of one step of k in the panel. */
                    private static final int STEP_BYTES = %d * VECTOR_BYTES;
                """.formatted(tile.vectors) : """
                    /** Floats of one step of k in the panel. */
                    private static final int STEP = %d * LANES;
                """.formatted(tile.vectors));
        out.append("""

                    private %s() {}

                """.formatted(tile.className()));
    }

    private void multiplyInMemory() {
        out.append("""
                    /** Computes {@code steps} steps of k, a multiple of {@link #UNROLL}, or only the first of them. Returns how many steps it has computed. */
                    @VectorLoop
                    static int multiply(float[] a, int aStart, MemorySegment b, long bOffset, int steps, float[] from, float[] c, long nextOffset) {
                        b = Tensor.offHeap(b);
                        if (steps == 0) {
                            return 0;
                        }
                """);
        loadAccumulators();
        out.append("""
                        int never = -steps;
                        int end = Math.min(steps, ROW); // so C2 knows the range of the offsets and checks those of the panel with 300 instructions fewer
                        int done = end;
                        for (int i = 0; i < end; i += UNROLL) {
                            long at = bOffset + (long) i * STEP_BYTES;
                """);
        for (int step = 0; step < tile.steps; step++) {
            String declare = step == 0 ? "FloatVector " : "";
            for (int row = 0; row < tile.rows; row++) {
                loop(declare + "x" + row + " = FloatVector.broadcast(SPECIES, a[aStart + i" + element(row, step) + "]);");
            }
            for (int vector = 0; vector < tile.vectors; vector++) {
                String offset = plus(step * tile.vectors + vector, "VECTOR_BYTES");
                loop((vector == 0 ? declare : "") + "y = FloatVector.fromMemorySegment(SPECIES, b, at" + offset + ", ORDER);");
                for (int row = 0; row < tile.rows; row++) {
                    String acc = accumulator(row, vector);
                    loop(acc + " = x" + row + ".fma(y, " + acc + ");");
                }
            }
            if (step < tile.steps - 1) {
                branch(step == 0);
            }
        }
        line("        }");
        storeAccumulators();
        line("        return done;");
        line("    }");
    }

    /** The first branch of an iteration also reads ahead. */
    private void branch(boolean first) {
        if (first) {
            loop("if (b.get(ValueLayout.JAVA_INT_UNALIGNED, nextOffset + (long) i * TOUCHED) == UNUSED_BITS) {");
            loop("    done = i + 1;");
        } else {
            loop("if (i == never) {");
        }
        loop("    break;");
        loop("}");
    }

    private void multiplyInArray() {
        out.append("""
                    /** Computes {@code steps} steps of k, a multiple of {@link #UNROLL}. */
                    @VectorLoop
                    static void multiply(float[] a, int aStart, float[] b, int bStart, int steps, float[] from, float[] c) {
                        if (steps == 0) {
                            return;
                        }
                """);
        loadAccumulators();
        out.append("""
                        int bBase = bStart - aStart * STEP;
                        for (int i = aStart, end = aStart + steps; i < end; i += UNROLL) {
                            int at = bBase + i * STEP;
                """);
        for (int step = 0; step < tile.steps; step++) {
            for (int vector = 0; vector < tile.vectors; vector++) {
                loop((step == 0 ? "FloatVector " : "") + "b" + letter(vector) + " = FloatVector.fromArray(SPECIES, b, at"
                        + plus(step * tile.vectors + vector, "LANES") + ");");
            }
            for (int row = 0; row < tile.rows; row++) {
                loop((step == 0 && row == 0 ? "FloatVector " : "") + "x = FloatVector.broadcast(SPECIES, a[i" + element(row, step) + "]);");
                for (int vector = 0; vector < tile.vectors; vector++) {
                    String acc = accumulator(row, vector);
                    loop(acc + " = x.fma(b" + letter(vector) + ", " + acc + ");");
                }
                if (step < tile.steps - 1 || row < tile.rows - 1) {
                    loop("VarHandle.loadLoadFence();");
                }
            }
        }
        line("        }");
        storeAccumulators();
        line("    }");
    }

    private void loadAccumulators() {
        for (int row = 0; row < tile.rows; row++) {
            for (int vector = 0; vector < tile.vectors; vector++) {
                line("        FloatVector " + accumulator(row, vector) + " = FloatVector.fromArray(SPECIES, from, "
                        + times(row * tile.vectors + vector, "LANES") + ");");
            }
        }
    }

    private void storeAccumulators() {
        for (int row = 0; row < tile.rows; row++) {
            for (int vector = 0; vector < tile.vectors; vector++) {
                line("        " + accumulator(row, vector) + ".intoArray(c, " + times(row * tile.vectors + vector, "LANES") + ");");
            }
        }
    }

    /**
     * The methods that move rows of a tile from and to C. The vectors of a row are written out, because C2 was seen not to unroll a loop over them:
     * 27 instructions a vector.
     */
    private void moves() {
        move("Reads the first {@code rows} rows of the tile from C in memory.", "load",
                "float[] tile, int rows, MemorySegment c, long cOffset, long cRowBytes", "c = Tensor.offHeap(c);",
                "long row = cOffset + r * cRowBytes;", "FloatVector.fromMemorySegment(SPECIES, c, row%2$s, ORDER).intoArray(tile, at%1$s);");
        move("Writes the first {@code rows} rows of the tile to C in memory.", "store",
                "float[] tile, int rows, MemorySegment c, long cOffset, long cRowBytes", "c = Tensor.offHeap(c);",
                "long row = cOffset + r * cRowBytes;", "FloatVector.fromArray(SPECIES, tile, at%1$s).intoMemorySegment(c, row%2$s, ORDER);");
        move("Writes the first {@code rows} rows of the tile to C in an array. A call of the JDK's copy takes longer than a row does here.", "storeToArray",
                "float[] tile, int rows, float[] c, int cStart, int cRow", null,
                "int row = cStart + r * cRow;", "FloatVector.fromArray(SPECIES, tile, at%1$s).intoArray(c, row%1$s);");
    }

    private void move(String says, String name, String parameters, String first, String target, String vectorMove) {
        line("");
        line("    /** " + says + " */");
        line("    @VectorLoop");
        line("    static void " + name + "(" + parameters + ") {");
        if (first != null) {
            line("        " + first);
        }
        line("        for (int r = 0; r < rows; r++) {");
        loop(target);
        loop("int at = r * " + tile.vectors + " * LANES;");
        for (int vector = 0; vector < tile.vectors; vector++) {
            loop(vectorMove.formatted(plus(vector, "LANES"), plus(vector, "VECTOR_BYTES")));
        }
        line("        }");
        line("    }");
    }

    private void line(String text) {
        out.append(text).append('\n');
    }

    private void loop(String text) {
        line("            " + text);
    }

    private static String accumulator(int row, int vector) {
        return "acc" + row + letter(vector);
    }

    private static char letter(int vector) {
        return (char) ('a' + vector);
    }

    /** The offset of an element of A from the element of the first row and step. */
    private static String element(int row, int step) {
        return plus(row, "ROW") + (step == 0 ? "" : " + " + step);
    }

    private static String plus(int count, String unit) {
        return count == 0 ? "" : " + " + times(count, unit);
    }

    private static String times(int count, String unit) {
        return count == 0 ? "0" : count == 1 ? unit : count + " * " + unit;
    }
}
