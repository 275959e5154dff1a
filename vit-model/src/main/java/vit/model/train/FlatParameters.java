package vit.model.train;

import java.io.IOException;
import java.util.List;
import vit.model.Frozen;
import vit.model.VitTraining;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;

/**
 * All parameters of a model in one array, or the gradients of those that are trained: in the order of {@link Parameters}, each row-major. This is how they
 * travel. For one thread.
 */
public final class FlatParameters {

    private final Parameters parameters;
    private final List<Parameter> trained;
    private final int gradientSize;
    private final int size;
    private final float[] one; // the largest parameter

    /**
     * Arrays for this model.
     *
     * @param frozen what has no gradients
     * @throws IllegalArgumentException if the model has more parameters than an array has elements
     */
    public FlatParameters(VitConfig config, Frozen frozen) {
        this.parameters = Parameters.of(config);
        this.trained = frozen.trained(parameters);
        long elements = 0;
        int largest = 0;
        for (Parameter parameter : parameters.list()) {
            elements += parameter.shape().size();
            largest = Math.max(largest, Math.toIntExact(parameter.shape().size()));
        }
        if (elements > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("a model of " + elements + " parameters; they are sent in one array, which holds up to 2147483639");
        }
        this.size = (int) elements;
        this.gradientSize = (int) frozen.trainedCount(parameters);
        this.one = new float[largest];
    }

    /** The number of all elements. */
    public int size() {
        return size;
    }

    /** The weights of a source: a new array. */
    public float[] weights(ParameterSource source) throws IOException {
        float[] all = new float[size];
        int at = 0;
        for (Parameter parameter : parameters.list()) {
            source.read(parameter, one);
            int count = Math.toIntExact(parameter.shape().size());
            System.arraycopy(one, 0, all, at, count);
            at += count;
        }
        return all;
    }

    /** Sets the weights of a training. */
    public void setWeights(VitTraining training, float[] all) {
        int at = 0;
        for (Parameter parameter : parameters.list()) {
            int count = Math.toIntExact(parameter.shape().size());
            System.arraycopy(all, at, one, 0, count);
            training.write(parameter, one);
            at += count;
        }
    }

    /** The gradients of a training: a new array. */
    public float[] gradients(VitTraining training) {
        float[] all = new float[gradientSize];
        int at = 0;
        for (Parameter parameter : trained) {
            training.readGradient(parameter, one);
            int count = Math.toIntExact(parameter.shape().size());
            System.arraycopy(one, 0, all, at, count);
            at += count;
        }
        return all;
    }

    /** Sets the gradients of a training. */
    public void setGradients(VitTraining training, float[] all) {
        int at = 0;
        for (Parameter parameter : trained) {
            int count = Math.toIntExact(parameter.shape().size());
            System.arraycopy(all, at, one, 0, count);
            training.writeGradient(parameter, one);
            at += count;
        }
    }
}
