package vit.model.train;

import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.zip.CRC32C;
import vit.model.Frozen;
import vit.model.InputException;
import vit.model.Optimizer;
import vit.model.TokenMerging;
import vit.model.config.VitConfig;
import vit.model.image.Preprocessing;
import vit.model.json.JsonObject;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;
import vit.model.train.data.ImageSource;
import vit.model.train.data.Split;

/**
 * The facts that determine the result of a training: recipe, model, preprocessing, images and the initial weights. Of the images it holds their
 * number, the order of their labels, and the classes. It tells one training from another. Immutable.
 */
public final class TrainingOrigin {

    /** The name of the fact that describes the initial weights. */
    private static final String START = "start";

    private static final String FROZEN = "frozen";

    private static final String MERGING = "token merging";

    private static final String EPOCHS = "epochs";

    /** Facts that are left out of trainings without such a setting, and what is said of those. */
    private static final Map<String, String> WITHOUT = Map.of("shards", "1", "class weights", "none", "patience", "0", FROZEN, Frozen.NOTHING.toString(),
            MERGING, TokenMerging.NONE.toString());

    private static final int CHUNK = 1 << 14;

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

    /** The facts; {@code start} is null if the initial weights are not known. Weights that were not drawn are read, for their checksum. */
    static TrainingOrigin of(VitConfig config, ParameterSource start, Split split, Preprocessing preprocessing, Recipe recipe)
            throws IOException {
        Map<String, String> facts = new LinkedHashMap<>();
        recipe(recipe, facts);
        optimizer(recipe.optimizer(), facts);
        facts.put("head only", String.valueOf(recipe.frozen().equals(Frozen.ALL_BUT_HEAD)));
        if (recipe.frozen().kind() == Frozen.Kind.FRONT) {
            facts.put(FROZEN, recipe.frozen().toString());
        }
        if (!recipe.tokenMerging().isNone()) {
            facts.put(MERGING, recipe.tokenMerging().toString());
        }
        model("model", config, facts);
        facts.put("preprocessing", preprocessing.toString());
        facts.put("images to train on", images(split.training()));
        facts.put("images to validate", images(split.validation()));
        if (start != null) {
            facts.put(START, identity(start));
        }
        return new TrainingOrigin(facts);
    }

    private static void recipe(Recipe recipe, Map<String, String> facts) {
        facts.put(EPOCHS, String.valueOf(recipe.epochs()));
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
        if (recipe.shards() > 1) { // states of one shard are older than this fact
            facts.put("shards", String.valueOf(recipe.shards()));
        }
        if (recipe.balanced()) { // what a recipe does not have is no fact, so that older states can be resumed
            facts.put("class weights", "balanced");
        }
        if (recipe.patience() > 0) {
            facts.put("patience", String.valueOf(recipe.patience()));
        }
    }

    private static void optimizer(Optimizer optimizer, Map<String, String> facts) {
        facts.put("optimizer", optimizer.sgd() == null ? optimizer.adam().toString() : "SGD" + (optimizer.sgd().nesterov() ? " of Nesterov" : ""));
        facts.put("momentum", optimizer.sgd() == null ? "none" : String.valueOf(optimizer.sgd().momentum()));
        facts.put("weight decay", String.valueOf(optimizer.weightDecay()));
        facts.put("decay of all tensors", String.valueOf(optimizer.decayAll()));
        facts.put("layer decay", String.valueOf(optimizer.layerDecay()));
    }

    /** The values of a configuration, or of a part of it, by their own names; the name of the part is in front where an earlier part has that name. */
    private static void model(String name, Record part, Map<String, String> facts) {
        for (RecordComponent component : part.getClass().getRecordComponents()) {
            Object value;
            try {
                value = component.getAccessor().invoke(part);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("the accessor of " + component + " cannot be called", e);
            }
            if (value instanceof Record inner) {
                model(component.getName(), inner, facts);
            } else if (facts.putIfAbsent("model " + component.getName(), String.valueOf(value)) != null
                    && facts.put("model " + name + " " + component.getName(), String.valueOf(value)) != null) {
                throw new IllegalStateException("two parts of a configuration have a " + component.getName());
            }
        }
    }

    private static String images(ImageSource images) {
        int hash = images.classes().hashCode();
        for (int i = 0; i < images.size(); i++) {
            hash = 31 * hash + images.label(i);
        }
        return images.size() + " with labels " + Integer.toHexString(hash);
    }

    /** What determines the initial weights: the rule by which they are drawn, or a checksum of their values. */
    private static String identity(ParameterSource start) throws IOException {
        return switch (start) {
            case Initialization fresh -> "initialisation " + fresh.scheme().id() + " of seed " + fresh.seed();
            case FineTuning tuned -> "trained weights of checksum " + checksum(tuned) + (tuned.hasNewHead() ? " with a new head" : "");
            default -> "other weights of checksum " + checksum(start);
        };
    }

    /** The CRC-32C of all values. It reads the weights once more; for ViT-B/16 this takes a small part of the time of one training step. */
    private static String checksum(ParameterSource start) throws IOException {
        CRC32C sum = new CRC32C();
        ByteBuffer bytes = ByteBuffer.allocate(CHUNK * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (Parameter parameter : Parameters.of(start.config()).list()) {
            int size = Math.toIntExact(parameter.shape().size());
            float[] values = new float[size];
            start.read(parameter, values);
            for (int from = 0; from < size; from += CHUNK) {
                int part = Math.min(CHUNK, size - from);
                bytes.asFloatBuffer().put(values, from, part);
                sum.update(bytes.array(), 0, part * Float.BYTES);
            }
        }
        return String.format("%08x", sum.getValue());
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
            String then = facts.getOrDefault(fact, WITHOUT.getOrDefault(fact, "unknown"));
            String given = now.facts.getOrDefault(fact, WITHOUT.getOrDefault(fact, "unknown"));
            boolean open = fact.equals(START) && (!facts.containsKey(fact) || !now.facts.containsKey(fact));
            if (!then.equals(given) && !open) {
                differences.add(new Difference(fact, then, given));
            }
        }
        return differences;
    }

    /** Whether {@code now} is this training with more epochs, and differs in nothing else. */
    boolean isExtendedBy(TrainingOrigin now) {
        List<Difference> differences = differences(now);
        return differences.size() == 1 && differences.getFirst().fact().equals(EPOCHS)
                && Integer.parseInt(now.facts.get(EPOCHS)) > epochs();
    }

    /** The number of epochs; 0 if it is not known. */
    private int epochs() {
        String text = facts.getOrDefault(EPOCHS, "");
        return text.matches("\\d{1,9}") ? Integer.parseInt(text) : 0;
    }

    /** This training with the epochs of another. */
    TrainingOrigin withEpochsOf(TrainingOrigin now) {
        Map<String, String> extended = new LinkedHashMap<>(facts);
        extended.put(EPOCHS, now.facts.get(EPOCHS));
        return new TrainingOrigin(extended);
    }

    static String text(List<Difference> differences) {
        return differences.stream().map(Difference::toString).collect(Collectors.joining("; "));
    }
}
