package vit.kernels.verify.catalogue;

import java.util.ArrayList;
import java.util.List;
import vit.kernels.loss.CrossEntropy;
import vit.kernels.loss.CrossEntropyReference;
import vit.kernels.softmax.Softmax;
import vit.kernels.softmax.SoftmaxReference;
import vit.kernels.tensor.Tensor;

/** Softmax over rows, and the loss of it. */
final class SoftmaxKernels {

    private SoftmaxKernels() {}

    static List<Kernel> all() {
        List<Kernel> kernels = new ArrayList<>();
        kernels.add(new Kernel("softmax", SoftmaxKernels::forward));
        kernels.add(new Kernel("softmax backward", SoftmaxKernels::backward));
        kernels.add(new Kernel("cross-entropy labels", draw -> crossEntropy(draw, true)));
        kernels.add(new Kernel("cross-entropy targets", draw -> crossEntropy(draw, false)));
        return kernels;
    }

    private static Call forward(Draw draw) {
        int rows = draw.size(5, 1, 9);
        int columns = draw.columns(93);
        Tensor x = draw.tensor(draw.any(), rows, columns);
        Tensor y = draw.tensor(rows, columns);
        return Call.of(w -> Softmax.forward(y, x, rows, w)).output("y", y).truths(() -> {
            double[] input = x.toDoubles();
            double[] expected = new double[input.length];
            SoftmaxReference.forward(expected, input, rows, columns);
            double[] bounds = SoftmaxTruth.bounds(input, expected, columns);
            return List.of(Truth.within(expected, i -> bounds[i]));
        });
    }

    private static Call backward(Draw draw) {
        int rows = draw.size(5, 1, 9);
        int columns = draw.columns(93);
        Tensor y = draw.tensor(rows, columns);
        draw.prepare(w -> Softmax.forward(y, y, rows, w));
        Tensor dy = draw.tensor(draw.moderate(), rows, columns);
        Tensor dx = draw.tensor(rows, columns);
        return Call.of(w -> Softmax.backward(dx, dy, y, rows, w)).output("dx", dx).truths(() -> {
            double[] upstream = dy.toDoubles();
            double[] probabilities = y.toDoubles();
            double[] expected = new double[upstream.length];
            SoftmaxReference.backward(expected, upstream, probabilities, rows, columns);
            return List.of(Truth.within(expected, i -> SoftmaxTruth.backwardBound(upstream, probabilities, columns, i)));
        });
    }

    /** The losses and probabilities, and the gradient from them. */
    private static Call crossEntropy(Draw draw, boolean ofLabels) {
        int batch = draw.size(5, 1, 9);
        int classes = draw.columns(93);
        double smoothing = draw.choose(0.1, 0, 0.1);
        double scale = draw.choose(0.25, 1, 0.125, 1.0 / 3);
        Tensor logits = draw.bounded(-4, 9, batch, classes);
        Tensor targets = draw.tensor(batch, classes);
        for (int i = 0; i < batch * classes; i++) {
            targets.set(i / classes, i % classes, Math.abs(targets.get(i / classes, i % classes)));
        }
        int[] labels = draw.indices(batch, classes);
        Tensor losses = draw.tensor(batch);
        Tensor probabilities = draw.tensor(batch, classes);
        Tensor dlogits = draw.tensor(batch, classes);
        return Call.of(w -> {
            if (ofLabels) {
                CrossEntropy.forward(losses, probabilities, logits, labels, smoothing, batch, w);
                w.barrier();
                CrossEntropy.backward(dlogits, probabilities, labels, smoothing, scale, batch, w);
            } else {
                CrossEntropy.forward(losses, probabilities, logits, targets, smoothing, batch, w);
                w.barrier();
                CrossEntropy.backward(dlogits, probabilities, targets, smoothing, scale, batch, w);
            }
        }).output("losses", losses).output("probabilities", probabilities).output("dlogits", dlogits).truths(() -> {
            double[] smoothed = ofLabels ? CrossEntropyReference.oneHot(labels, batch, classes) : targets.toDoubles();
            CrossEntropyReference.smooth(smoothed, smoothing, classes);
            CrossEntropyTruth truth = new CrossEntropyTruth(logits.toDoubles(), smoothed, scale, classes);
            return List.of(Truth.within(truth.losses, i -> truth.lossBounds[i]), Truth.within(truth.probabilities, i -> truth.probabilityBounds[i]),
                    Truth.within(truth.dlogits, i -> truth.dlogitsBounds[i]));
        });
    }
}
