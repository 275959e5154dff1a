package vit.model.train;

import java.util.List;
import java.util.Random;
import vit.model.image.RgbImage;
import vit.model.train.data.ImageSource;

/** Images of noisy stripes that are horizontal, vertical or diagonal. They are easy to tell apart, but not by their mean colour. */
public record Stripes(int size, int side, long seed) implements ImageSource {

    @Override
    public List<String> classes() {
        return List.of("lying", "standing", "leaning");
    }

    @Override
    public int label(int index) {
        return index % 3;
    }

    @Override
    public RgbImage image(int index) {
        Random random = new Random(seed * 31 + index);
        int phase = random.nextInt(4);
        byte[] pixels = new byte[side * side * RgbImage.CHANNELS];
        for (int y = 0; y < side; y++) {
            for (int x = 0; x < side; x++) {
                int along = index % 3 == 0 ? y : index % 3 == 1 ? x : x + y;
                int light = ((along + phase) % 4 < 2 ? 60 : 190) + random.nextInt(60) - 30;
                for (int c = 0; c < RgbImage.CHANNELS; c++) {
                    pixels[(y * side + x) * RgbImage.CHANNELS + c] = (byte) light;
                }
            }
        }
        return new RgbImage("stripes " + index, side, side, pixels);
    }
}
