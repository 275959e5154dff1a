package vit.kernels.verify.jqwik;

import java.util.Random;
import vit.kernels.tensor.TensorArena;
import vit.kernels.verify.GuardedTensor;
import vit.kernels.verify.Layout;
import vit.kernels.verify.Values;

/**
 * A matrix with values, for a property to place into its arena.
 *
 * @param layout the rows, columns, offset and gap
 * @param values the class of the values
 * @param seed   decides the values
 */
public record TensorSample(Layout layout, Values values, long seed) {

    /** The matrix in memory of {@code arena}, with guards around it. */
    public GuardedTensor in(TensorArena arena) {
        GuardedTensor tensor = layout.matrix(arena);
        values.fill(tensor.tensor(), new Random(seed));
        return tensor;
    }

    /** The expression that makes this sample, to paste into a test. */
    @Override
    public String toString() {
        return "new TensorSample(" + layout + ", Values." + values + ", " + seed + "L)";
    }
}
