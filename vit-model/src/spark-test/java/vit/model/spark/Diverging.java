package vit.model.spark;

import java.io.IOException;
import vit.model.config.VitConfig;
import vit.model.image.Preprocessing;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.shapes.ShapeKind;
import vit.model.shapes.ShapeSource;
import vit.model.train.Initialization;
import vit.model.train.Recipe;
import vit.model.train.Trainer;
import vit.model.train.TrainerOptions;
import vit.model.train.data.Split;

/** A training whose first loss is not finite. */
final class Diverging {

    private static final VitConfig CONFIG = VitConfig.builder().image(16, 16).patch(8).width(16).depth(1).heads(1).classes(ShapeKind.values().length).build();

    private Diverging() {}

    /** Initial weights, too large by far in the patch embedding. */
    private record Huge(ParameterSource others) implements ParameterSource {
        @Override
        public VitConfig config() {
            return others.config();
        }

        @Override
        public void read(Parameter parameter, float[] target) throws IOException {
            others.read(parameter, target);
            if (parameter.name().contains("head")) {
                java.util.Arrays.fill(target, 0, Math.toIntExact(parameter.shape().size()), 3e38f);
            }
        }
    }

    static TrainingImages images() {
        return () -> new ShapeSource(3, 16, 24, 0.2, 1, false);
    }

    static Trainer trainer() throws IOException {
        Split split = new Split(images().open(), new ShapeSource(4, 16, 12, 0.2, 1, false));
        return Trainer.of(new Huge(new Initialization(CONFIG, Initialization.Scheme.TIMM, 1)), split, Preprocessing.named("shapes"),
                Recipe.plain(1, 8, 1e-3).withShards(4), TrainerOptions.threads(1));
    }
}
