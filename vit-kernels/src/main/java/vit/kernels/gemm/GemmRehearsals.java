package vit.kernels.gemm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import vit.kernels.jit.Rehearsal;
import vit.kernels.simd.Simd;

/** Rehearsals of the methods of this package that hold the vector code of a forward pass. */
final class GemmRehearsals {

    /** Enough steps for four iterations of the loop. If the loop runs once or twice, C2 leaves the bounds checks inside it. */
    private static final int STEPS = 4 * MicroKernel6x4.UNROLL;

    private static final int STAGED_STEPS = 4 * MicroKernel6x2.UNROLL;

    /** Steps of a rehearsal of scalar code: so many elements that a call is slow until C2 has compiled it, and fast afterwards. */
    private static final int PACKED_STEPS = 8;

    /** The number of calls of {@link Panels#packOutput} that serve the same purpose. */
    private static final int PACKED_OUTPUTS = 8;

    /** The number of tiles that serve the same purpose in methods that only move a tile or do little more. */
    private static final int MOVED_TILES = 3;

    private static final int WHOLE = Tile.COLUMNS;

    /** Half of a tile's columns and one more: whole vectors and a remainder, whether a row has four vectors or two. */
    private static final int RAGGED = Tile.COLUMNS / 2 + 1;

    private static final long ROW_BYTES = (long) Tile.COLUMNS * Float.BYTES;

    private GemmRehearsals() {}

    static List<Rehearsal> all() {
        MemorySegment memory = Arena.ofAuto().allocate(Math.max(STEPS, Tile.ROWS) * ROW_BYTES, Simd.VECTOR_BYTES);
        float[] rows = new float[MicroKernel.BLOCK];
        float[] tile = new float[Tile.ZEROS.length];
        List<Rehearsal> kernels = new ArrayList<>(MicroKernel.WIDE ? wide(memory, rows, tile) : narrow(memory, rows, tile));
        kernels.addAll(staged(rows, tile));
        kernels.addAll(tiles(memory, tile));
        return kernels;
    }

    /** Where a tile's row has four vectors. */
    private static List<Rehearsal> wide(MemorySegment memory, float[] rows, float[] tile) {
        return List.of(
                Rehearsal.of("MicroKernel6x4.multiply", STEPS, (steps, times) -> {
                    for (int i = 0; i < times; i++) {
                        MicroKernel6x4.multiply(rows, 0, memory, 0, steps, Tile.ZEROS, tile, 0);
                    }
                }),
                Rehearsal.of("MicroKernel.step", MicroKernel.VECTORS, (vectors, times) -> {
                    for (int i = 0; i < times; i++) {
                        MicroKernel.step(rows, 0, memory, 0, Tile.ZEROS, tile, vectors);
                    }
                }),
                Rehearsal.of("MicroKernel6x4.load", Tile.ROWS, (count, times) -> {
                    for (int i = 0; i < times; i++) {
                        MicroKernel6x4.load(tile, count, memory, 0, ROW_BYTES);
                    }
                }),
                Rehearsal.of("MicroKernel6x4.store", Tile.ROWS, (count, times) -> {
                    for (int i = 0; i < times; i++) {
                        MicroKernel6x4.store(tile, count, memory, 0, ROW_BYTES);
                    }
                }),
                Rehearsal.of("MicroKernel6x4.storeToArray", Tile.ROWS, MOVED_TILES, (count, times) -> {
                    for (int i = 0; i < times; i++) {
                        MicroKernel6x4.storeToArray(tile, count, rows, 0, Tile.COLUMNS);
                    }
                }));
    }

    /** Where a tile's row has two vectors. */
    private static List<Rehearsal> narrow(MemorySegment memory, float[] rows, float[] tile) {
        return List.of(
                Rehearsal.of("MicroKernel6x2.load", Tile.ROWS, MOVED_TILES, (count, times) -> {
                    for (int i = 0; i < times; i++) {
                        MicroKernel6x2.load(tile, count, memory, 0, ROW_BYTES);
                    }
                }),
                Rehearsal.of("MicroKernel6x2.storeToArray", Tile.ROWS, MOVED_TILES, (count, times) -> {
                    for (int i = 0; i < times; i++) {
                        MicroKernel6x2.storeToArray(tile, count, rows, 0, Tile.COLUMNS);
                    }
                }));
    }

    /** Of panels that are staged, at any width. */
    private static List<Rehearsal> staged(float[] rows, float[] tile) {
        float[] panel = new float[STAGED_STEPS * 2 * Simd.LANES];
        return List.of(
                Rehearsal.of("MicroKernel6x2.multiply", STAGED_STEPS, (steps, times) -> {
                    for (int i = 0; i < times; i++) {
                        MicroKernel6x2.multiply(rows, 0, panel, 0, steps, Tile.ZEROS, tile);
                    }
                }),
                Rehearsal.of("MicroKernel.narrowStep", 2, (vectors, times) -> {
                    for (int i = 0; i < times; i++) {
                        MicroKernel.narrowStep(rows, 0, panel, 0, Tile.ZEROS, tile, vectors);
                    }
                }));
    }

    /** Of what moves and adds tiles, at any width. */
    private static List<Rehearsal> tiles(MemorySegment memory, float[] tile) {
        return List.of(
                Rehearsal.of("MicroKernel6x2.store", Tile.ROWS, MOVED_TILES, (count, times) -> {
                    for (int i = 0; i < times; i++) {
                        MicroKernel6x2.store(tile, count, memory, 0, ROW_BYTES);
                    }
                }),
                Rehearsal.of("Tile.add", Tile.ROWS, (count, times) -> {
                    for (int i = 0; i < times; i++) {
                        Tile.add(tile, count, tile);
                    }
                }),
                new Rehearsal("Tile.addVector", times -> {
                    for (int i = 0; i < times; i++) {
                        Tile.addVector(tile, Tile.ROWS, WHOLE, memory, 0);
                        Tile.addVector(tile, Tile.ROWS, RAGGED, memory, 0);
                    }
                }, times -> {
                    for (int i = 0; i < times; i++) {
                        Tile.addVector(tile, 0, 0, memory, 0);
                    }
                }));
    }

    /** Rehearsals of the packing of weights. */
    static List<Rehearsal> packing() {
        float[] steps = new float[Tile.COLUMNS * PACKED_STEPS];
        float[] weight = new float[Tile.COLUMNS * PACKED_STEPS];
        int outputs = Tile.COLUMNS - 1;
        return List.of(Rehearsal.of("PackedMatrix.packSteps", PACKED_STEPS, (count, times) -> {
            for (int i = 0; i < times; i++) {
                PackedMatrix.packSteps(steps, 0, weight, outputs, PACKED_STEPS, 0, 0, count);
            }
        }));
    }

    /** Rehearsals of the packing of weights in 16 or 8 bits an element, and of widening them to where the kernels of this machine read them. */
    static List<Rehearsal> narrow(Storage storage) {
        return storage == Storage.INT8 ? bytes() : half(storage);
    }

    private static List<Rehearsal> half(Storage storage) {
        int[] steps = new int[Tile.COLUMNS / 2 * PACKED_STEPS];
        float[] weight = new float[Tile.COLUMNS * PACKED_STEPS];
        return List.of(
                Rehearsal.of("PackedMatrix.packHalfSteps " + storage, PACKED_STEPS, (count, times) -> {
                    for (int i = 0; i < times; i++) {
                        PackedMatrix.packHalfSteps(storage, steps, 0, weight, Tile.COLUMNS - 1, PACKED_STEPS, 0, 0, count);
                    }
                }),
                storage == Storage.BFLOAT16 ? bfloat16() : float16());
    }

    private static Rehearsal bfloat16() {
        MemorySegment source = Rehearsal.elements();
        MemorySegment memory = Arena.ofAuto().allocate(2 * source.byteSize(), Simd.VECTOR_BYTES);
        float[] array = new float[2 * Rehearsal.MOST_ELEMENTS];
        return MicroKernel.STAGED
                ? Rehearsal.of("Widening.bfloat16", Rehearsal.MOST_ELEMENTS, MOVED_TILES, (words, times) -> {
                    for (int i = 0; i < times; i++) {
                        Widening.bfloat16(array, 0, source, 0, words);
                    }
                })
                : Rehearsal.of("Widening.bfloat16", Rehearsal.MOST_ELEMENTS, MOVED_TILES, (words, times) -> {
                    for (int i = 0; i < times; i++) {
                        Widening.bfloat16(memory, source, 0, words);
                    }
                });
    }

    private static Rehearsal float16() {
        MemorySegment source = Rehearsal.elements();
        MemorySegment memory = Arena.ofAuto().allocate(2 * source.byteSize(), Simd.VECTOR_BYTES);
        float[] array = new float[2 * Rehearsal.MOST_ELEMENTS];
        return MicroKernel.STAGED
                ? Rehearsal.of("Widening.float16", Rehearsal.MOST_ELEMENTS, (words, times) -> {
                    for (int i = 0; i < times; i++) {
                        Widening.float16(array, 0, source, 0, words);
                    }
                })
                : Rehearsal.of("Widening.float16", Rehearsal.MOST_ELEMENTS, (words, times) -> {
                    for (int i = 0; i < times; i++) {
                        Widening.float16(memory, source, 0, words);
                    }
                });
    }

    private static List<Rehearsal> bytes() {
        int[] steps = new int[Tile.COLUMNS * PACKED_STEPS];
        float[] weight = new float[Tile.COLUMNS * PACKED_STEPS];
        float[] codes = new float[Tile.COLUMNS * PACKED_STEPS];
        return List.of(
                Rehearsal.of("Quantization.round", codes.length, (count, times) -> {
                    for (int i = 0; i < times; i++) {
                        Quantization.round(codes, weight, 0, count, 1);
                    }
                }),
                Rehearsal.of("Quantization.packSteps", PACKED_STEPS, (count, times) -> {
                    for (int i = 0; i < times; i++) {
                        Quantization.packSteps(steps, 0, codes, Tile.COLUMNS - 1, PACKED_STEPS, 0, 0, count);
                    }
                }),
                int8());
    }

    private static Rehearsal int8() {
        MemorySegment source = Rehearsal.elements();
        MemorySegment scales = Arena.ofAuto().allocate(Tile.PANEL_STEP, Simd.VECTOR_BYTES);
        MemorySegment memory = Arena.ofAuto().allocate(4 * source.byteSize(), Simd.VECTOR_BYTES);
        float[] array = new float[4 * Rehearsal.MOST_ELEMENTS];
        return MicroKernel.STAGED
                ? Rehearsal.of("Widening.int8", Rehearsal.MOST_ELEMENTS, (words, times) -> {
                    for (int i = 0; i < times; i++) {
                        Widening.int8(array, 0, source, 0, scales, 0, words);
                    }
                })
                : Rehearsal.of("Widening.int8", Rehearsal.MOST_ELEMENTS, (words, times) -> {
                    for (int i = 0; i < times; i++) {
                        Widening.int8(memory, source, 0, scales, 0, words);
                    }
                });
    }

    /** Rehearsals of the packing of keys and values. */
    static List<Rehearsal> panels() {
        float[] panel = new float[WHOLE * WHOLE];
        float[] from = new float[WHOLE * Tile.COLUMNS];
        return List.of(
                Rehearsal.of("Panels.packOutput", WHOLE, PACKED_OUTPUTS, (count, times) -> {
                    for (int i = 0; i < times; i++) {
                        Panels.packOutput(panel, 0, WHOLE, from, 0, Math.max(0, count - 1), count);
                    }
                }),
                Rehearsal.of("Panels.packSteps", WHOLE, (count, times) -> {
                    for (int i = 0; i < times; i++) {
                        Panels.packSteps(panel, 0, from, 0, Tile.COLUMNS, count, count);
                    }
                }));
    }
}
