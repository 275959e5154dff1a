package vit.model.train.augment;

import java.io.Serializable;

/**
 * Mixup (Zhang et al. 2018) and CutMix (Yun et al. 2019) as DeiT applies them. One of the two is applied to a whole batch, mixing image b with image
 * n − 1 − b. With λ from Beta(α, α):
 *
 * <pre>
 *   mixup    x = λ·x_b + (1 − λ)·x_(n−1−b)
 *   cutmix   a box of (1 − λ) of the area comes from x_(n−1−b); λ is then what is left of x_b
 *   target   λ·y_b + (1 − λ)·y_(n−1−b)
 * </pre>
 *
 * @param mixup  α of mixup; 0: none
 * @param cutmix α of CutMix; 0: none. If both are given, each batch takes either of them with probability ½
 */
public record Mixing(double mixup, double cutmix) implements Serializable {

    /** Images as they are. */
    public static final Mixing NONE = new Mixing(0, 0);

    public Mixing {
        if (!(mixup >= 0 && mixup <= 1000)) {
            throw new IllegalArgumentException("mixup " + mixup + "; expected 0 to 1000");
        }
        if (!(cutmix >= 0 && cutmix <= 1000)) {
            throw new IllegalArgumentException("cutmix " + cutmix + "; expected 0 to 1000");
        }
    }

    /** Whether anything is mixed, so that targets are soft. */
    public boolean isActive() {
        return mixup > 0 || cutmix > 0;
    }

    /**
     * Mixes a batch in place.
     *
     * @param images  (n, channels, height, width)
     * @param targets (n, classes)
     */
    public void apply(float[] images, float[] targets, int n, int channels, int height, int width, int classes, CounterRandom random) {
        boolean cut = cutmix > 0 && (mixup == 0 || random.chance(0.5));
        double lambda = random.beta(cut ? cutmix : mixup);
        int imageElements = channels * height * width;
        if (cut) {
            double side = Math.sqrt(1 - lambda);
            int boxHeight = (int) (height * side);
            int boxWidth = (int) (width * side);
            int centreY = random.below(height);
            int centreX = random.below(width);
            int top = Math.clamp(centreY - boxHeight / 2, 0, height);
            int bottom = Math.clamp(centreY + boxHeight / 2, 0, height);
            int left = Math.clamp(centreX - boxWidth / 2, 0, width);
            int right = Math.clamp(centreX + boxWidth / 2, 0, width);
            lambda = 1 - (double) (bottom - top) * (right - left) / (height * width);
            for (int b = 0; b < n / 2; b++) {
                for (int c = 0; c < channels; c++) {
                    for (int y = top; y < bottom; y++) {
                        int row = (c * height + y) * width;
                        swap(images, b * imageElements + row, (n - 1 - b) * imageElements + row, left, right);
                    }
                }
            }
        } else {
            for (int b = 0; b < n / 2; b++) {
                blend(images, b * imageElements, (n - 1 - b) * imageElements, imageElements, (float) lambda);
            }
        }
        for (int b = 0; b < n / 2; b++) {
            blend(targets, b * classes, (n - 1 - b) * classes, classes, (float) lambda);
        }
    }

    private static void swap(float[] values, int first, int second, int from, int to) {
        for (int i = from; i < to; i++) {
            float held = values[first + i];
            values[first + i] = values[second + i];
            values[second + i] = held;
        }
    }

    private static void blend(float[] values, int first, int second, int count, float lambda) {
        for (int i = 0; i < count; i++) {
            float a = values[first + i];
            float b = values[second + i];
            values[first + i] = lambda * a + (1 - lambda) * b;
            values[second + i] = lambda * b + (1 - lambda) * a;
        }
    }
}
