package vit.model.train;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import vit.model.InputException;
import vit.model.Optimizer;
import vit.model.config.VitConfig;
import vit.model.image.Preprocessing;
import vit.model.json.JsonObject;
import vit.model.parameters.ParameterSource;
import vit.model.train.data.ImageSource;
import vit.model.train.data.Split;

/**
 * The facts that determine the result of a training: recipe, model, preprocessing, images and the initial weights. Of the images it holds their
 * number, the order of their labels, and the classes. It tells one training from another. Immutable.
 */
public final class TrainingOrigin {

    /** The name of the fact that describes the initial weights. */
    private static final String START = "start";

    private final Map<String, String> facts;

    private TrainingOrigin(Map<String, String> facts) {
        this.facts = facts;
    }

    /**
     * A fact in which two trainings differ.
     *
     * @param fact its name, for example {@code learning rate}
     * @param then its value in the training that was saved
     * @param now  its value in the training that is to be continued
     */
    public record Difference(String fact, String then, String now) {
        @Override
        public String toString() {
            return fact + " " + then + ", not " + now;
        }
    }

    /** The facts; {@code start} is null if the initial weights are not known. */
    static TrainingOrigin of(VitConfig config, ParameterSource start, Split split, Preprocessing preprocessing, Recipe recipe) {
        Map<String, String> facts = new LinkedHashMap<>();
        recipe(recipe, facts);
        optimizer(recipe.optimizer(), facts);
        for (RecordComponent component : VitConfig.class.getRecordComponents()) {
            facts.put("model " + component.getName(), value(component, config));
        }
        facts.put("preprocessing", preprocessing.toString());
        facts.put("images to train on", images(split.training()));
        facts.put("images to validate", images(split.validation()));
        if (start != null) {
            facts.put(START, start(start));
        }
        return new TrainingOrigin(facts);
    }

    private static void recipe(Recipe recipe, Map<String, String> facts) {
        facts.put("epochs", String.valueOf(recipe.epochs()));
        facts.put("batch", String.valueOf(recipe.batch()));
        facts.put("seed", String.valueOf(recipe.seed()));
        facts.put("schedule", String.valueOf(recipe.schedule().shape()));
        facts.put("learning rate", String.valueOf(recipe.schedule().rate()));
        facts.put("last learning rate", String.valueOf(recipe.schedule().last()));
        facts.put("warm-up", String.valueOf(recipe.schedule().warmup()));
        facts.put("clip", String.valueOf(recipe.clip()));
        facts.put("average", String.valueOf(recipe.average()));
        facts.put("label smoothing", String.valueOf(recipe.labelSmoothing()));
        facts.put("augmentation", String.valueOf(recipe.augmentation().withErasing(0)));
        facts.put("erasing", String.valueOf(recipe.augmentation().erasing()));
        facts.put("mixup", String.valueOf(recipe.mixing().mixup()));
        facts.put("cutmix", String.valueOf(recipe.mixing().cutmix()));
        facts.put("dropout", String.valueOf(recipe.dropout()));
        facts.put("stochastic depth", String.valueOf(recipe.stochasticDepth()));
    }

    private static void optimizer(Optimizer optimizer, Map<String, String> facts) {
        facts.put("optimizer", optimizer.sgd() == null ? optimizer.adam().toString() : "SGD" + (optimizer.sgd().nesterov() ? " of Nesterov" : ""));
        facts.put("momentum", optimizer.sgd() == null ? "none" : String.valueOf(optimizer.sgd().momentum()));
        facts.put("weight decay", String.valueOf(optimizer.weightDecay()));
        facts.put("decay of all tensors", String.valueOf(optimizer.decayAll()));
        facts.put("layer decay", String.valueOf(optimizer.layerDecay()));
        facts.put("head only", String.valueOf(optimizer.headOnly()));
    }

    private static String value(RecordComponent component, VitConfig config) {
        try {
            return String.valueOf(component.getAccessor().invoke(config));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("the accessor of " + component + " cannot be called", e);
        }
    }

    private static String images(ImageSource images) {
        int hash = images.classes().hashCode();
        for (int i = 0; i < images.size(); i++) {
            hash = 31 * hash + images.label(i);
        }
        return images.size() + " with labels " + Integer.toHexString(hash);
    }

    private static String start(ParameterSource start) {
        return switch (start) {
            case Initialization fresh -> "initialisation " + fresh.scheme().id() + " of seed " + fresh.seed();
            case FineTuning tuned -> "trained weights" + (tuned.hasNewHead() ? " with a new head" : "");
            default -> "other weights";
        };
    }

    Map<String, String> facts() {
        return facts;
    }

    /** Reads what {@link #facts} returned. */
    static TrainingOrigin read(JsonObject object) throws InputException {
        Map<String, String> facts = new LinkedHashMap<>();
        for (String name : object.names()) {
            facts.put(name, object.text(name));
        }
        return new TrainingOrigin(facts);
    }

    /** The facts in which {@code now} differs from this. The initial weights are compared only if both know them. */
    List<Difference> differences(TrainingOrigin now) {
        Map<String, String> all = new LinkedHashMap<>(facts);
        all.putAll(now.facts);
        List<Difference> differences = new ArrayList<>();
        for (String fact : all.keySet()) {
            String then = facts.getOrDefault(fact, "unknown");
            String given = now.facts.getOrDefault(fact, "unknown");
            boolean open = fact.equals(START) && (!facts.containsKey(fact) || !now.facts.containsKey(fact));
            if (!then.equals(given) && !open) {
                differences.add(new Difference(fact, then, given));
            }
        }
        return differences;
    }

    static String text(List<Difference> differences) {
        return differences.stream().map(Difference::toString).collect(Collectors.joining("; "));
    }
}
