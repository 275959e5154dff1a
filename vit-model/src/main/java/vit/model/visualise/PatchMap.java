package vit.model.visualise;

import java.util.Arrays;

/**
 * A value for every patch of an image. The array is not copied.
 *
 * @param height rows of patches
 * @param width  columns of patches
 * @param values (height, width), row by row
 */
public record PatchMap(int height, int width, double[] values) {

    public PatchMap {
        if (height < 1 || width < 1 || values.length != height * width) {
            throw new IllegalArgumentException(values.length + " values for " + height + "×" + width + " patches");
        }
    }

    /** The value of a patch. */
    public double at(int y, int x) {
        return values[y * width + x];
    }

    /** This map, scaled so that the least value becomes 0 and the largest 1; all 0 if they are equal. */
    public PatchMap normalised() {
        double least = Arrays.stream(values).min().orElseThrow();
        double range = Arrays.stream(values).max().orElseThrow() - least;
        return new PatchMap(height, width, Arrays.stream(values).map(v -> range > 0 ? (v - least) / range : 0).toArray());
    }

    /** Bilinear interpolation between the centres of the patches, constant outside of them. */
    public PatchMap resized(int newHeight, int newWidth) {
        double[] out = new double[newHeight * newWidth];
        for (int y = 0; y < newHeight; y++) {
            double v = Math.clamp((y + 0.5) * height / newHeight - 0.5, 0, height - 1.0);
            int top = Math.min((int) v, Math.max(height - 2, 0));
            int bottom = Math.min(top + 1, height - 1);
            for (int x = 0; x < newWidth; x++) {
                double u = Math.clamp((x + 0.5) * width / newWidth - 0.5, 0, width - 1.0);
                int left = Math.min((int) u, Math.max(width - 2, 0));
                int right = Math.min(left + 1, width - 1);
                out[y * newWidth + x] = mix(mix(at(top, left), at(top, right), u - left), mix(at(bottom, left), at(bottom, right), u - left), v - top);
            }
        }
        return new PatchMap(newHeight, newWidth, out);
    }

    private static double mix(double a, double b, double share) {
        return a + (b - a) * share;
    }
}
