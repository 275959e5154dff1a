package vit.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import vit.kernels.parallel.Workers;
import vit.kernels.tensor.Tensor;
import vit.model.config.VitConfig;
import vit.model.forward.VitForward;
import vit.model.parameters.NonFiniteWeights;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameter.Place;
import vit.model.parameters.ParameterSource;

/**
 * Finds the stage in which the values of an image stopped being finite, by running the pass again with a check after every stage. Nothing of this runs
 * in a call whose result is finite. An instance serves one call of a session, which has begun and not ended.
 */
final class FirstNonFiniteStage implements StageObserver {

    private static final String IMAGES = "images";
    private static final String TOKENS = "stage.tokens";
    private static final String BLOCK = "stage.block.";
    private static final String EMBEDDING = "embedding";
    private static final String LOGITS = "logits";

    private final VitModel model;
    private final VitConfig config;
    private final VitForward forward;
    private final int image;
    private String stage; // the first that was not finite; null: all were finite so far
    private float value;
    private int stages; // how many have been shown

    /** @param image the image's place in the batch of the last pass */
    FirstNonFiniteStage(VitModel model, VitForward forward, int image) {
        this.model = model;
        this.config = model.config();
        this.forward = forward;
        this.image = image;
    }

    /**
     * Runs the batch of the last pass again.
     *
     * @param place  the image's place in the caller's call, for the message
     * @param images the number of images in the caller's call, for the message
     */
    NonFiniteException find(Workers workers, int batch, int place, int images) {
        int rows = config.channels() * config.imageHeight();
        look(IMAGES, forward.images, image * rows, rows);
        if (stage == null) {
            forward.prepare(batch, this);
            workers.run(forward);
        }
        look(EMBEDDING, forward.pooled, image, 1);
        if (forward.logits != null) {
            look(LOGITS, forward.logits, image, 1);
        }
        if (stage == null) {
            throw new IllegalStateException("a result was not finite, and the same pass run again was");
        }
        return new NonFiniteException(place, images, stage, stage + " is the first stage that is not finite: " + cause());
    }

    @Override
    public void stage(String name, Tensor tokens) {
        int each = forward.tokens(stages++);
        look(name, tokens, image * each, each);
    }

    /** Checks rows of a tensor, unless an earlier stage was not finite already. */
    private void look(String name, Tensor tensor, int from, int rows) {
        if (stage != null) {
            return;
        }
        float[] values = tensor.rows(from, from + rows).toArray();
        int place = NonFiniteWeights.find(values, 0, values.length);
        if (place >= 0) {
            stage = name;
            value = values[place];
        }
    }

    /** The weights of the model, which this call holds open even if another thread has closed the model meanwhile. */
    private record Held(VitModel model) implements ParameterSource {
        @Override
        public VitConfig config() {
            return model.config();
        }

        @Override
        public void read(Parameter parameter, float[] target) {
            model.weights().tensors().get(parameter, target);
        }
    }

    private String cause() {
        String found = "it holds " + value;
        if (stage.equals(IMAGES)) {
            return found + ", so it was given such pixels";
        }
        try {
            Optional<String> weight = NonFiniteWeights.first(new Held(model), parameters());
            return weight.map(name -> found + ", and its weight " + name)
                    .orElse(found + ", and its weights are finite, so a sum or product became too large for float32");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The parameters of the stage. */
    private List<Parameter> parameters() {
        return model.parameters().list().stream().filter(this::isOfStage).toList();
    }

    private boolean isOfStage(Parameter parameter) {
        if (stage.startsWith(BLOCK)) {
            return parameter.block() == Integer.parseInt(stage.substring(BLOCK.length()));
        }
        return switch (stage) {
            case TOKENS -> parameter.place() == Place.STEM;
            case EMBEDDING -> parameter.place() == Place.POOL;
            default -> parameter.place() == Place.POOL || parameter.place() == Place.HEAD; // a distillation token has its norm here as well
        };
    }
}
