package vit.kernels.gemm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import vit.kernels.jit.Rehearsal;
import vit.kernels.simd.Simd;

/** The methods of this package that hold the vector code of a forward pass. */
final class GemmRehearsals {

    /** Four times through the loop: if it is once or twice, C2 leaves the checks of bounds inside. */
    private static final int STEPS = 4 * MicroKernel6x4.UNROLL;

    private static final int STAGED_STEPS = 4 * MicroKernel6x2.UNROLL;

    /** Scalar code: so many elements that a call is slow until it is compiled, and fast then. */
    private static final int PACKED_STEPS = 8;

    /** The same, for calls of {@link Panels#packOutput}. */
    private static final int PACKED_OUTPUTS = 8;

    private static final int WHOLE = Tile.COLUMNS;

    /** Half of a tile's columns and one: whole vectors and a rest, with four vectors in a row as with two. */
    private static final int RAGGED = Tile.COLUMNS / 2 + 1;

    private static final long ROW_BYTES = (long) Tile.COLUMNS * Float.BYTES;

    private GemmRehearsals() {}

    static List<Rehearsal> all() {
        float[] rows = new float[MicroKernel.BLOCK];
        float[] tile = new float[Tile.ZEROS.length];
        float[] panel = new float[STAGED_STEPS * 2 * Simd.LANES];
        MemorySegment memory = Arena.ofAuto().allocate(Math.max(STEPS, Tile.ROWS) * ROW_BYTES, Simd.VECTOR_BYTES);
        List<Rehearsal> kernels = new ArrayList<>();
        if (MicroKernel.VECTORS == 4) {
            kernels.add(new Rehearsal("MicroKernel6x4.multiply",
                    () -> MicroKernel6x4.multiply(rows, 0, memory, 0, STEPS, Tile.ZEROS, tile, 0), times -> {
                for (int i = 0; i < times; i++) {
                    MicroKernel6x4.multiply(rows, 0, memory, 0, 0, Tile.ZEROS, tile, 0);
                }
            }));
        }
        kernels.add(new Rehearsal("MicroKernel6x2.multiply",
                () -> MicroKernel6x2.multiply(rows, 0, panel, 0, STAGED_STEPS, Tile.ZEROS, tile), times -> {
            for (int i = 0; i < times; i++) {
                MicroKernel6x2.multiply(rows, 0, panel, 0, 0, Tile.ZEROS, tile);
            }
        }));
        kernels.add(new Rehearsal("MicroKernel.narrowStep",
                () -> MicroKernel.narrowStep(rows, 0, panel, 0, Tile.ZEROS, tile, 2), times -> {
            for (int i = 0; i < times; i++) {
                MicroKernel.narrowStep(rows, 0, panel, 0, Tile.ZEROS, tile, 0);
            }
        }));
        if (MicroKernel.VECTORS == 4) {
            kernels.add(new Rehearsal("MicroKernel.step",
                    () -> MicroKernel.step(rows, 0, memory, 0, Tile.ZEROS, tile, MicroKernel.VECTORS), times -> {
                for (int i = 0; i < times; i++) {
                    MicroKernel.step(rows, 0, memory, 0, Tile.ZEROS, tile, 0);
                }
            }));
            kernels.add(new Rehearsal("Tile.storeFour", () -> Tile.storeFour(tile, Tile.ROWS, memory, 0, ROW_BYTES), times -> {
                for (int i = 0; i < times; i++) {
                    Tile.storeFour(tile, 0, memory, 0, ROW_BYTES);
                }
            }));
            kernels.add(new Rehearsal("Tile.loadFour", () -> Tile.loadFour(tile, Tile.ROWS, memory, 0, ROW_BYTES), times -> {
                for (int i = 0; i < times; i++) {
                    Tile.loadFour(tile, 0, memory, 0, ROW_BYTES);
                }
            }));
        } else {
            kernels.add(new Rehearsal("Tile.loadTwo", () -> Tile.loadTwo(tile, Tile.ROWS, memory, 0, ROW_BYTES), times -> {
                for (int i = 0; i < times; i++) {
                    Tile.loadTwo(tile, 0, memory, 0, ROW_BYTES);
                }
            }));
        }
        kernels.add(new Rehearsal("Tile.storeTwo", () -> Tile.storeTwo(tile, Tile.ROWS, memory, 0, ROW_BYTES), times -> {
            for (int i = 0; i < times; i++) {
                Tile.storeTwo(tile, 0, memory, 0, ROW_BYTES);
            }
        }));
        kernels.add(new Rehearsal("Tile.storeWhole", () -> Tile.storeWhole(tile, Tile.ROWS, rows, 0, Tile.COLUMNS), times -> {
            for (int i = 0; i < times; i++) {
                Tile.storeWhole(tile, 0, rows, 0, Tile.COLUMNS);
            }
        }));
        kernels.add(new Rehearsal("Tile.addVector", () -> {
            Tile.addVector(tile, Tile.ROWS, WHOLE, memory, 0);
            Tile.addVector(tile, Tile.ROWS, RAGGED, memory, 0);
        }, times -> {
            for (int i = 0; i < times; i++) {
                Tile.addVector(tile, 0, 0, memory, 0);
            }
        }));
        kernels.add(new Rehearsal("Tile.add", () -> {
            Tile.add(tile, Tile.ROWS, tile);
            Tile.add(tile, Tile.ROWS, tile);
        }, times -> {
            for (int i = 0; i < times; i++) {
                Tile.add(tile, 0, tile);
            }
        }));
        return kernels;
    }

    /** The packing of weights. */
    static List<Rehearsal> packing() {
        float[] steps = new float[Tile.COLUMNS * PACKED_STEPS];
        float[] weight = new float[Tile.COLUMNS * PACKED_STEPS];
        int outputs = Tile.COLUMNS - 1;
        return List.of(new Rehearsal("PackedMatrix.packSteps",
                () -> PackedMatrix.packSteps(steps, 0, weight, outputs, PACKED_STEPS, 0, 0, PACKED_STEPS), times -> {
            for (int i = 0; i < times; i++) {
                PackedMatrix.packSteps(steps, 0, weight, outputs, PACKED_STEPS, 0, 0, 0);
            }
        }));
    }

    /** The packing of keys and values. */
    static List<Rehearsal> panels() {
        float[] panel = new float[WHOLE * WHOLE];
        MemorySegment from = Arena.ofAuto().allocate(WHOLE * ROW_BYTES, Simd.VECTOR_BYTES);
        return List.of(
                new Rehearsal("Panels.packOutput", () -> {
                    for (int output = 0; output < PACKED_OUTPUTS; output++) {
                        Panels.packOutput(panel, 0, WHOLE, from, 0, WHOLE - 1, WHOLE);
                    }
                }, times -> {
                    for (int i = 0; i < times; i++) {
                        Panels.packOutput(panel, 0, WHOLE, from, 0, 0, 0);
                    }
                }),
                new Rehearsal("Panels.packSteps",
                        () -> Panels.packSteps(panel, 0, from, 0, ROW_BYTES, WHOLE, WHOLE), times -> {
                    for (int i = 0; i < times; i++) {
                        Panels.packSteps(panel, 0, from, 0, ROW_BYTES, 0, 0);
                    }
                }));
    }
}
