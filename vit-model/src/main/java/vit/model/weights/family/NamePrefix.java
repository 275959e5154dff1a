package vit.model.weights.family;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import vit.kernels.tensor.Shape;

/**
 * The prefix that wrappers put in front of all names of a network: {@code module.} (data-parallel training, averaged models),
 * {@code _orig_mod.} (compiled modules), {@code timm_model.} (transformers), {@code model.}, {@code backbone.},
 * {@code encoder.}, or the name of any field in which a class holds a network. Wrappers may be nested, and so may prefixes.
 */
public final class NamePrefix {

    /** Modules that training code wraps together with a network. Their tensors, such as class weights, are not used in a forward pass. */
    private static final Set<String> LOSSES = Set.of("criterion", "loss", "loss_fn", "loss_func", "loss_function");

    /** The largest number of prefixes that are tried for a message. */
    private static final int MAX_CANDIDATES = 64;

    private NamePrefix() {}

    /**
     * The file's tensors without the prefix that all of their names share. It is the shortest prefix without which a family recognises them, usually
     * the empty one. Counters and the tensors of losses need not have it.
     */
    public static Optional<TensorDirectory> strip(TensorDirectory tensors) {
        if (WeightFamilies.recognise(tensors).isPresent()) {
            return Optional.of(tensors);
        }
        String common = null;
        for (String name : tensors.names()) {
            if (!isBystander(name, tensors.find(name))) {
                common = common == null ? name : common(common, name);
            }
        }
        for (String prefix : cuts(common == null ? "" : common)) {
            TensorDirectory inside = tensors.under(prefix);
            if (WeightFamilies.recognise(inside).isPresent()) {
                return Optional.of(inside);
            }
        }
        return Optional.empty();
    }

    /** Whether a tensor outside the prefix is a counter (as averaged models have) or belongs to a loss. */
    public static boolean isBystander(String name, Shape shape) {
        return shape.rank() == 0 || LOSSES.contains(name.substring(0, Math.max(0, name.indexOf('.'))));
    }

    /** The prefixes under which there is a network, in a file that has several networks or other tensors beside one; for a message. */
    public static List<String> networks(TensorDirectory tensors) {
        Set<String> candidates = new LinkedHashSet<>();
        for (String name : tensors.names()) {
            for (String prefix : cuts(name)) {
                if (candidates.size() < MAX_CANDIDATES && !prefix.matches(".*\\b\\d+[./]")) {
                    candidates.add(prefix);
                }
            }
        }
        List<String> found = new ArrayList<>();
        candidates.stream().sorted(Comparator.comparingInt(String::length)).forEach(prefix -> {
            if (found.stream().noneMatch(prefix::startsWith) && WeightFamilies.recognise(tensors.under(prefix)).isPresent()) {
                found.add(prefix);
            }
        });
        return found;
    }

    private static String common(String a, String b) {
        int length = 0;
        while (length < a.length() && length < b.length() && a.charAt(length) == b.charAt(length)) {
            length++;
        }
        return a.substring(0, length);
    }

    /** All beginnings of {@code name} that end in a dot or a slash, the shortest first. */
    private static List<String> cuts(String name) {
        List<String> cuts = new ArrayList<>();
        for (int i = 0; i < name.length(); i++) {
            if (name.charAt(i) == '.' || name.charAt(i) == '/') {
                cuts.add(name.substring(0, i + 1));
            }
        }
        return cuts;
    }
}
