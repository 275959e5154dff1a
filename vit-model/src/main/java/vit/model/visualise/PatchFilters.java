package vit.model.visualise;

import java.io.IOException;
import java.util.Arrays;
import vit.kernels.patchembed.PatchOrder;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;

/**
 * What the patch embedding responds to: the principal components of its filters (Dosovitskiy et al. 2020, figure 7, left).
 *
 * @param filters   (count, channels, patch, patch)
 * @param count     number of filters
 * @param channels  3 for colour, 1 for grey
 * @param patch     side of a patch in pixels
 * @param shares    the share of the filters' energy (the sum of their squares) that each component holds: descending, together at most 1
 * @param noiseEdge the share that the first component of random filters of that size and energy exceeds in one case of a hundred
 */
public record PatchFilters(double[] filters, int count, int channels, int patch, double[] shares, double noiseEdge) {

    /** The number that the paper shows. */
    public static final int USUAL_COUNT = 28;

    /**
     * The first {@code count} principal components of the patch embedding's filters.
     *
     * @throws IOException if the parameters cannot be read
     */
    public static PatchFilters of(ParameterSource source, int count) throws IOException {
        VitConfig config = source.config();
        Parameter projection = Parameters.of(config).find(Parameters.PATCH_PROJECTION + ".weight");
        float[] weight = new float[Math.toIntExact(projection.shape().size())]; // (C, patch elements)
        source.read(projection, weight);
        int elements = config.patchElements();
        PrincipalComponents principal = PrincipalComponents.of(weight, config.width(), elements, count);
        int found = principal.variances().length;
        double[] filters = new double[found * elements];
        for (int i = 0; i < found; i++) {
            double[] component = principal.component(i);
            for (int e = 0; e < elements; e++) {
                filters[i * elements + planar(config, e)] = component[e];
            }
        }
        double energy = 0;
        for (float w : weight) {
            energy += (double) w * w;
        }
        double total = energy > 0 ? energy : 1;
        double[] shares = Arrays.stream(principal.variances()).map(variance -> variance / total).toArray();
        return new PatchFilters(filters, found, config.channels(), config.patch(), shares, NoiseEdge.share(shares, config.width(), elements));
    }

    /** How many of the first components hold more energy than noise would. */
    public int aboveNoise() {
        int above = 0;
        while (above < count && shares[above] > noiseEdge) {
            above++;
        }
        return above;
    }

    /** The index in (channels, patch, patch) of element {@code e} of a flattened patch. */
    private static int planar(VitConfig config, int e) {
        if (config.patchOrder() == PatchOrder.CHANNEL_FIRST) {
            return e;
        }
        int area = config.patch() * config.patch();
        return e % config.channels() * area + e / config.channels();
    }

    /** A value of filter {@code i}. */
    public double at(int i, int channel, int y, int x) {
        return filters[((i * channels + channel) * patch + y) * patch + x];
    }
}
