package vit.model.train;

import java.util.List;
import vit.model.VitTraining;
import vit.model.config.VitConfig;
import vit.model.image.Preprocessing;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;

/**
 * A view of the weights that a trainer trains.
 *
 * @param average whether it is of the moving average
 * @param caller  refuses to read while another thread trains, because it would read a mixture of the weights of several steps
 */
record TrainedWeights(VitTraining training, boolean average, List<String> labels, Preprocessing preprocessing, SoleCaller caller)
        implements ParameterSource {

    @Override
    public VitConfig config() {
        return training.config();
    }

    @Override
    public void read(Parameter parameter, float[] target) {
        caller.enter();
        try {
            if (average) {
                training.readAverage(parameter, target);
            } else {
                training.read(parameter, target);
            }
        } finally {
            caller.exit();
        }
    }
}
