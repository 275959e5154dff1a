package vit.model.service;

import java.io.IOException;
import java.util.SplittableRandom;
import vit.model.VitModel;
import vit.model.config.VitConfig;
import vit.model.image.RgbImage;
import vit.model.parameters.GeneratedWeights;

/** A model whose pass ends soon even in the interpreter, and images for it. */
public final class MicroModel {

    public static final int CLASSES = 5;
    public static final int PIXELS = 3 * 8 * 8;

    public static final VitConfig CONFIG = VitConfig.builder().family("timm").image(8, 8).patch(4).width(16).depth(2).heads(2).mlp(20).classes(CLASSES).build();

    private MicroModel() {}

    /** A model of this seed's weights. */
    public static VitModel open(long seed) throws IOException {
        return VitModel.of(new GeneratedWeights(CONFIG, seed));
    }

    public static float[] pixels(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] pixels = new float[PIXELS];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (float) random.nextDouble(-2, 2);
        }
        return pixels;
    }

    public static RgbImage image(long seed) {
        byte[] pixels = new byte[11 * 13 * 3];
        SplittableRandom random = new SplittableRandom(seed);
        random.nextBytes(pixels);
        return new RgbImage(11, 13, pixels);
    }
}
