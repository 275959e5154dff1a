package vit.kernels.optim;

import java.util.List;
import vit.kernels.contract.Doubles;
import vit.kernels.contract.Require;
import vit.kernels.jit.Rehearsal;
import vit.kernels.simd.Implementation;
import vit.kernels.tensor.Shape;
import vit.kernels.tensor.Tensor;

/** The exponential moving average of the weights (Polyak and Juditsky 1992, in the form of timm's {@code ModelEma}). */
public final class WeightAverage {

    private WeightAverage() {}

    /** Rehearsals of the method that holds the vector code of {@link #update}, so that it can be compiled ahead of use. */
    public static List<Rehearsal> rehearsals() {
        Tensor row = Tensor.of(Rehearsal.elements(), Shape.of(Rehearsal.MOST_ELEMENTS), Rehearsal.MOST_ELEMENTS);
        return List.of(Rehearsal.ofElements("WeightAverageSimd.update", (n, times) -> {
            for (int i = 0; i < times; i++) {
                WeightAverageSimd.update(row, row, 0, 0, n);
            }
        }));
    }

    /**
     * {@code average = average + (1 − decay) · (param − average)} for elements {@code from} to {@code to} of the memory. Elements are independent, so
     * threads may divide a tensor into spans in any way. Allocates nothing.
     *
     * @param average updated; before the first update a copy of the parameter
     * @param param   the parameter, with the same layout
     * @param decay   in [0, 1)
     * @param from    first element, counted in the tensor's memory
     * @param to      one past the last element
     * @throws IllegalArgumentException if the layouts differ, or span or decay are out of range
     */
    public static void update(Tensor average, Tensor param, double decay, int from, int to) {
        Require.span("average", average, from, to);
        Require.sameLayout("param", param, "average", average);
        Require.fraction("decay", decay, 0, 1);
        if (Implementation.isReference()) {
            double[] values = Doubles.readSpan(average, from, to);
            WeightAverageReference.update(values, Doubles.readSpan(param, from, to), decay);
            Doubles.writeSpan(average, from, values);
            return;
        }
        WeightAverageSimd.update(average, param, decay, from, to);
    }
}
