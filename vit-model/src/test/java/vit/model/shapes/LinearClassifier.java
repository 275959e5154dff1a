package vit.model.shapes;

import java.util.Random;

/** Multinomial logistic regression on pixels, trained by stochastic gradient descent. Drawn images must not be easy for it. */
final class LinearClassifier {

    private static final int CLASSES = ShapeKind.values().length;

    private final int features;
    private final float[] weights; // (classes, features + 1)

    private LinearClassifier(int features) {
        this.features = features;
        this.weights = new float[CLASSES * (features + 1)];
    }

    /** Trains on images 0 … count − 1. */
    static LinearClassifier train(ShapeImages images, int count, int epochs, double rate) {
        float[][] x = new float[count][];
        for (int i = 0; i < count; i++) {
            x[i] = pixels(images.image(i));
        }
        LinearClassifier classifier = new LinearClassifier(x[0].length);
        Random random = new Random(1);
        for (int step = 0; step < epochs * count; step++) {
            int i = random.nextInt(count);
            double share = (double) step / (epochs * count);
            classifier.step(x[i], i % CLASSES, rate * (1 - share));
        }
        return classifier;
    }

    private void step(float[] x, int label, double rate) {
        double[] p = scores(x);
        double max = java.util.Arrays.stream(p).max().orElseThrow();
        double sum = 0;
        for (int c = 0; c < CLASSES; c++) {
            p[c] = Math.exp(p[c] - max);
            sum += p[c];
        }
        for (int c = 0; c < CLASSES; c++) {
            float change = (float) (rate * ((c == label ? 1 : 0) - p[c] / sum));
            int row = c * (features + 1);
            for (int f = 0; f < features; f++) {
                weights[row + f] += change * x[f];
            }
            weights[row + features] += change;
        }
    }

    private double[] scores(float[] x) {
        double[] scores = new double[CLASSES];
        for (int c = 0; c < CLASSES; c++) {
            int row = c * (features + 1);
            float sum = weights[row + features];
            for (int f = 0; f < features; f++) {
                sum += weights[row + f] * x[f];
            }
            scores[c] = sum;
        }
        return scores;
    }

    /** The share of images 0 … count − 1 that it classifies correctly. */
    double accuracy(ShapeImages images, int count) {
        int right = 0;
        for (int i = 0; i < count; i++) {
            double[] scores = scores(pixels(images.image(i)));
            int best = 0;
            for (int c = 1; c < CLASSES; c++) {
                best = scores[c] > scores[best] ? c : best;
            }
            right += best == i % CLASSES ? 1 : 0;
        }
        return (double) right / count;
    }

    /** The samples of the image, scaled to [−1, 1]. */
    private static float[] pixels(ShapeImage image) {
        byte[] samples = image.image().pixels();
        float[] pixels = new float[samples.length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (samples[i] & 0xFF) / 127.5f - 1;
        }
        return pixels;
    }
}
