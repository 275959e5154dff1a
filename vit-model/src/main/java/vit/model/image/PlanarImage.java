package vit.model.image;

import java.util.Arrays;

/**
 * A (3, height, width) image inside a larger array.
 *
 * @param samples the array that holds it
 * @param offset  index of its first sample
 */
record PlanarImage(float[] samples, int offset, int height, int width) {

    /** Sets a whole channel. */
    void fill(int channel, float value) {
        int from = offset + channel * height * width;
        Arrays.fill(samples, from, from + height * width, value);
    }

    /**
     * Writes an image into the part that begins at row {@code top} and column {@code left}.
     *
     * @param table what each 8-bit sample becomes: (3, 256)
     */
    void put(RgbImage image, int top, int left, float[][] table) {
        byte[] pixels = image.pixels();
        for (int c = 0; c < RgbImage.CHANNELS; c++) {
            float[] values = table[c];
            int in = c;
            for (int y = 0; y < image.height(); y++) {
                int out = index(c, top + y, left);
                for (int x = 0; x < image.width(); x++) {
                    samples[out + x] = values[pixels[in] & 0xFF];
                    in += RgbImage.CHANNELS;
                }
            }
        }
    }

    /** Writes (rows, columns, 3) samples of 0 … 255 into the part that begins at row {@code top} and column {@code left}. */
    void put(float[] interleaved, int top, int left, int rows, int columns, Normalization normalization) {
        for (int c = 0; c < RgbImage.CHANNELS; c++) {
            int in = c;
            for (int y = 0; y < rows; y++) {
                int out = index(c, top + y, left);
                for (int x = 0; x < columns; x++) {
                    samples[out + x] = normalization.apply(interleaved[in], c);
                    in += RgbImage.CHANNELS;
                }
            }
        }
    }

    private int index(int channel, int y, int x) {
        return offset + (channel * height + y) * width + x;
    }
}
