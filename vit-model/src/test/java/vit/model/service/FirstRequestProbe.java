package vit.model.service;

import java.io.IOException;
import java.util.Arrays;
import vit.model.VitModel;
import vit.model.config.VitConfig;
import vit.model.config.VitVariants;
import vit.model.parameters.GeneratedWeights;

/** Prints how long the first request after {@link VitService#ready} took, and the median of those about the thousandth, for {@link FirstRequestTest}. */
final class FirstRequestProbe {

    private static final int REQUESTS = 1000;
    private static final int LAST = 100;

    private FirstRequestProbe() {}

    public static void main(String[] arguments) throws IOException, RequestRefusedException {
        VitConfig config = VitVariants.find("vit_tiny_patch16_224").orElseThrow();
        float[] pixels = new float[SessionEngine.imageElements(config)];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (i % 17 - 8) / 8f;
        }
        float[] logits = new float[config.classes()];
        long[] nanos = new long[REQUESTS];
        try (VitService service = VitService.start(VitModel.of(new GeneratedWeights(config, 0)), ServiceOptions.defaults())) {
            System.out.println(service.ready().join());
            for (int i = 0; i < REQUESTS; i++) {
                long begin = System.nanoTime();
                service.logits(pixels, logits);
                nanos[i] = System.nanoTime() - begin;
            }
        }
        long[] last = Arrays.copyOfRange(nanos, REQUESTS - LAST, REQUESTS);
        Arrays.sort(last);
        System.out.println("first " + nanos[0] + " thousandth " + last[LAST / 2]);
    }
}
