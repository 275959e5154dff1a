package vit.model.weights.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.config.VitConfigBuilder;
import vit.model.json.JsonKind;
import vit.model.json.JsonValue;

/**
 * Values for some fields of a configuration, each with its origin: a field of a {@code config.json}, or a tensor
 * whose shape determines it. Mutable, for one thread.
 */
public final class ConfigFields {

    /**
     * A value and its origin.
     *
     * @param json   the field that states it; null if a tensor tells it
     * @param tensor the tensor that tells it by its shape, its presence or its absence; null if a field states it
     * @param there  whether the file has that tensor
     * @param fault  starts a report about the origin
     */
    private record Known<T>(T value, JsonValue json, String tensor, boolean there, Supplier<InputException.Report> fault) {

        String origin() {
            if (tensor != null) {
                return (there ? "" : "no ") + "tensor " + tensor;
            }
            return json.kind() == JsonKind.ABSENT ? "no field " + json.path() : "field " + json.path();
        }
    }

    private final Map<ConfigField<?>, Known<?>> known = new LinkedHashMap<>();

    /** Sets a value that a JSON field states, replacing an earlier one. */
    public <T> void state(ConfigField<T> field, T value, JsonValue origin) {
        known.put(field, new Known<>(value, origin, null, false, origin::fault));
    }

    /** Sets a value that is determined by the shape, the presence or the absence of a tensor. */
    public <T> void tell(ConfigField<T> field, T value, String file, String tensor, boolean there) {
        known.put(field, new Known<>(value, null, tensor, there, () -> InputException.in(file).tensor(tensor)));
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

    /** The values of these fields alone. */
    public ConfigFields only(List<ConfigField<?>> fields) {
        ConfigFields some = new ConfigFields();
        fields.stream().filter(this::has).forEach(field -> some.known.put(field, known.get(field)));
        return some;
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

    /**
     * The origin of the field's value: {@code tensor NAME} or {@code field PATH}, each with {@code no} in front if the value follows from its absence. Null if the field
     * has no value. A path is written out only when it is asked for: in an untrusted document many could add up to far more than the document.
     */
    public String origin(ConfigField<?> field) {
        Known<?> found = known.get(field);
        return found == null ? null : found.origin();
    }

    /** Starts a report about the origin of the field's value, which must be known. */
    public InputException.Report fault(ConfigField<?> field) {
        return known.get(field).fault.get();
    }

    /**
     * Requires that every field that is known both here and in {@code other}, which tensors tell, has the same value.
     *
     * @throws InputException about the value here, if two differ
     */
    public void mustAgreeWith(ConfigFields other) throws InputException {
        for (Map.Entry<ConfigField<?>, Known<?>> entry : known.entrySet()) {
            Known<?> there = other.known.get(entry.getKey());
            Known<?> here = entry.getValue();
            if (there != null && !there.value.equals(here.value)) {
                throw here.fault.get().expected(entry.getKey() + " " + there.value + " as tensor " + there.tensor + " has it").found(here.value)
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
