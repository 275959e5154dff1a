package vit.model.cli;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import vit.model.train.TrainingOrigin.Difference;

/** Describes the facts that distinguish one training from another in terms of {@code vit train}'s options. */
final class TrainingWords {

    private static final Map<String, String> OPTIONS = Map.ofEntries(Map.entry("epochs", "--epochs"), Map.entry("batch", "--batch"),
            Map.entry("seed", "--seed"), Map.entry("schedule", "--schedule"), Map.entry("learning rate", "--lr"), Map.entry("clip", "--clip"),
            Map.entry("warm-up", "--warmup (as a share of all epochs)"), Map.entry("average", "--ema"), Map.entry("label smoothing", "--label-smoothing"),
            Map.entry("augmentation", "--augment"), Map.entry("erasing", "--erasing"), Map.entry("mixup", "--mixup"), Map.entry("cutmix", "--cutmix"),
            Map.entry("dropout", "--dropout"), Map.entry("stochastic depth", "--drop-path"), Map.entry("optimizer", "--optimizer"),
            Map.entry("momentum", "--momentum"), Map.entry("weight decay", "--weight-decay"), Map.entry("layer decay", "--layer-decay"),
            Map.entry("head only", "--head-only"), Map.entry("frozen", "--freeze:"),
            Map.entry("preprocessing", "--preprocess"), Map.entry("model imageHeight", "--image (height)"),
            Map.entry("model imageWidth", "--image (width)"), Map.entry("images to train on", "--data or --validation: images to train on"),
            Map.entry("images to validate", "--data or --validation: images to validate"),
            Map.entry("class weights", "--class-weights"), Map.entry("patience", "--patience"), Map.entry("token merging", "--merge"), Map.entry("start", "--init, --weights or --reset-head:"));

    private TrainingWords() {}

    /** The differences, for example {@code --lr 0.001, not 0.01; --seed 7, not 8}. */
    static String of(List<Difference> differences) {
        return differences.stream().map(TrainingWords::of).collect(Collectors.joining("; "));
    }

    private static String of(Difference difference) {
        String fact = difference.fact();
        String words = OPTIONS.getOrDefault(fact, fact.startsWith("model ") ? "--config or --data: " + spaced(fact.substring("model ".length())) : "--recipe: " + fact);
        return words + " " + plain(difference.then()) + ", not " + plain(difference.now());
    }

    /** The name of a part of a record in words: {@code headDim} is {@code head dim}. */
    private static String spaced(String name) {
        return name.replaceAll("(?<=[a-z])(?=[A-Z])", " ").toLowerCase(Locale.ROOT);
    }

    /**
     * A value without Java's notation. Records print as {@code Name[part=…, name=light, …]}, and their name suffices if they have one; constants are
     * in capitals.
     */
    private static String plain(String value) {
        int name = value.indexOf("[name=");
        if (name < 0) {
            return value.matches("[A-Z_]+") ? value.toLowerCase(Locale.ROOT) : value;
        }
        int from = name + "[name=".length();
        int end = value.indexOf(',', from);
        return value.substring(from, end < 0 ? value.length() - 1 : end);
    }
}
