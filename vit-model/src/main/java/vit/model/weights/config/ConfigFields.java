package vit.model.weights.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.config.VitConfigBuilder;
import vit.model.json.JsonValue;

/**
 * Values for some fields of a configuration, each with its origin: a field of a {@code config.json}, or a tensor
 * whose shape determines it. Mutable, for one thread.
 */
public final class ConfigFields {

    /**
     * A value and its origin.
     *
     * @param fault starts a report about the origin
     */
    private record Known<T>(T value, String origin, Supplier<InputException.Report> fault) {}

    private final Map<ConfigField<?>, Known<?>> known = new LinkedHashMap<>();

    /** Sets a value that a JSON field states, replacing an earlier one. */
    public <T> void state(ConfigField<T> field, T value, JsonValue origin) {
        known.put(field, new Known<>(value, origin.toString(), origin::fault));
    }

    /** Sets a value that is determined by the shape or the presence of a tensor. */
    public <T> void tell(ConfigField<T> field, T value, String file, String tensor) {
        known.put(field, new Known<>(value, "tensor " + tensor, () -> InputException.in(file).tensor(tensor)));
    }

    /** Sets the sizes of a published variant, replacing earlier ones. */
    void stateSizes(VitConfig variant, JsonValue origin) {
        for (ConfigField<?> field : List.of(ConfigField.IMAGE, ConfigField.PATCH, ConfigField.WIDTH, ConfigField.DEPTH, ConfigField.HEADS, ConfigField.MLP)) {
            stateFrom(field, variant, origin);
        }
    }

    private <T> void stateFrom(ConfigField<T> field, VitConfig variant, JsonValue origin) {
        state(field, field.get(variant), origin);
    }

    /** Removes the field's value. */
    public void remove(ConfigField<?> field) {
        known.remove(field);
    }

    /** The fields that have another value in {@code other}, each as {@code mlp 64 instead of 3072}, in the order of these fields. */
    public List<String> differences(ConfigFields other) {
        return known.keySet().stream().filter(field -> other.has(field) && !other.get(field).equals(get(field)))
                .map(field -> field + " " + get(field) + " instead of " + other.get(field)).toList();
    }

    /** Copies all values of {@code other}, replacing earlier ones. */
    public void putAll(ConfigFields other) {
        known.putAll(other.known);
    }

    /** Whether the field has a value. */
    public boolean has(ConfigField<?> field) {
        return known.containsKey(field);
    }

    /** The field's value, or null. */
    public <T> T get(ConfigField<T> field) {
        Known<?> found = known.get(field);
        @SuppressWarnings("unchecked") // the two methods that put keep field and value of one type
        T value = found == null ? null : (T) found.value;
        return value;
    }

    /** Starts a report about the origin of the field's value, which must be known. */
    public InputException.Report fault(ConfigField<?> field) {
        return known.get(field).fault.get();
    }

    /**
     * Requires that every field that is known both here and in {@code other} has the same value.
     *
     * @throws InputException about the value here, if two differ
     */
    public void mustAgreeWith(ConfigFields other) throws InputException {
        for (Map.Entry<ConfigField<?>, Known<?>> entry : known.entrySet()) {
            Known<?> there = other.known.get(entry.getKey());
            Known<?> here = entry.getValue();
            if (there != null && !there.value.equals(here.value)) {
                throw here.fault.get().expected(entry.getKey() + " " + there.value + " as " + there.origin + " has it").found(here.value)
                        .because("the configuration contradicts the weights");
            }
        }
    }

    /** Sets all known values in {@code builder}. */
    public void applyTo(VitConfigBuilder builder) {
        for (ConfigField<?> field : known.keySet()) {
            apply(field, builder);
        }
    }

    private <T> void apply(ConfigField<T> field, VitConfigBuilder builder) {
        field.set(builder, get(field));
    }
}
