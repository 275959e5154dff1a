package vit.model.visualise;

import java.io.IOException;
import java.util.Arrays;
import vit.kernels.patchembed.PatchOrder;
import vit.model.config.BackboneConfig;
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
     * The first {@code count} principal components of the patch embedding's filters; of a hybrid, those of its first convolution.
     *
     * @throws IOException if the parameters cannot be read
     */
    public static PatchFilters of(ParameterSource source, int count) throws IOException {
        VitConfig config = source.config();
        boolean hybrid = config.stem().backbone() != null;
        Parameter projection = Parameters.of(config).find((hybrid ? Parameters.ROOT : Parameters.PATCH_PROJECTION) + ".weight");
        float[] weight = new float[Math.toIntExact(projection.shape().size())]; // (outputs, patch elements)
        source.read(projection, weight);
        int side = hybrid ? BackboneConfig.ROOT_SIZE : config.patch();
        boolean channelLast = hybrid || config.patchOrder() == PatchOrder.CHANNEL_LAST;
        int elements = projection.in();
        PrincipalComponents principal = PrincipalComponents.of(weight, projection.out(), elements, count);
        int found = principal.variances().length;
        double[] filters = new double[found * elements];
        for (int i = 0; i < found; i++) {
            double[] component = principal.component(i);
            for (int e = 0; e < elements; e++) {
                filters[i * elements + (channelLast ? planar(e, config.channels(), side) : e)] = component[e];
            }
        }
        double energy = 0;
        for (float w : weight) {
            energy += (double) w * w;
        }
        double total = energy > 0 ? energy : 1;
        double[] shares = Arrays.stream(principal.variances()).map(variance -> variance / total).toArray();
        return new PatchFilters(filters, found, config.channels(), side, shares, NoiseEdge.share(shares, projection.out(), elements));
    }

    /** How many of the first components hold more energy than noise would. */
    public int aboveNoise() {
        int above = 0;
        while (above < count && shares[above] > noiseEdge) {
            above++;
        }
        return above;
    }

    /** The index in (channels, side, side) of element {@code e} of (side, side, channels). */
    private static int planar(int e, int channels, int side) {
        return e % channels * side * side + e / channels;
    }

    /** A value of filter {@code i}. */
    public double at(int i, int channel, int y, int x) {
        return filters[((i * channels + channel) * patch + y) * patch + x];
    }
}
