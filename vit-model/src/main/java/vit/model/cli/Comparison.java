package vit.model.cli;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import vit.kernels.tensor.Shape;

/**
 * Compares computed tensors with the truth. The error of a tensor is its largest absolute difference. Its scale is the largest magnitude of the
 * truth, but at least a hundredth of the largest such magnitude among the tensors of its kind: where exact arithmetic gives zero (as for the gradient
 * of a key bias), rounding errors are thus judged by the size of the numbers that they come from. NaN on either side fails.
 */
final class Comparison {

    /** The least scale of a tensor, as a share of the largest scale of its kind. */
    private static final double LEAST_SHARE = 0.01;

    /** Tensors whose magnitudes belong together. */
    enum Kind {
        /** Stages and logits. */
        ACTIVATION,
        /** The loss: a single number. */
        LOSS,
        /** Gradients. */
        GRADIENT
    }

    /** Gathers the elements of one tensor, in any order. Math.max propagates NaN. */
    static final class Meter {
        private final String name;
        private final Kind kind;
        private final Shape shape;
        private double error;
        private double magnitude;

        private Meter(String name, Kind kind, Shape shape) {
            this.name = name;
            this.kind = kind;
            this.shape = shape;
        }

        void add(double computed, double truth) {
            error = Math.max(error, Math.abs(computed - truth));
            magnitude = Math.max(magnitude, Math.abs(truth));
        }
    }

    /**
     * The result for one tensor.
     *
     * @param error    max abs of computed − truth
     * @param scale    see {@link Comparison}
     * @param relative error / scale; 0 where both are 0
     */
    record Row(String name, Shape shape, double error, double scale, double relative) {

        /** Whether the tensor is close enough; NaN never is. */
        boolean within(double tolerance) {
            return relative <= tolerance;
        }
    }

    private final List<Meter> meters = new ArrayList<>();

    /** Starts the next tensor. */
    Meter tensor(String name, Kind kind, Shape shape) {
        Meter meter = new Meter(name, kind, shape);
        meters.add(meter);
        return meter;
    }

    /** One row per tensor, in the order in which they were started. */
    List<Row> rows() {
        Map<Kind, Double> largest = new EnumMap<>(Kind.class);
        for (Meter meter : meters) {
            largest.merge(meter.kind, meter.magnitude, Math::max);
        }
        List<Row> rows = new ArrayList<>();
        for (Meter meter : meters) {
            double scale = Math.max(meter.magnitude, LEAST_SHARE * largest.get(meter.kind));
            double relative = meter.error == 0 ? 0 : meter.error / scale;
            rows.add(new Row(meter.name, meter.shape, meter.error, scale, relative));
        }
        return rows;
    }
}
