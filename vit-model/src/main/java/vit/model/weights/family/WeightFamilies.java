package vit.model.weights.family;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** The list of families. A new family needs a class and a line here. */
public final class WeightFamilies {

    private static final List<WeightFamily> ALL = List.of(
            new OpenClip(),
            new HuggingFaceClip(),
            new HuggingFaceSiglip(),
            new HuggingFaceDinov2(false),
            new HuggingFaceDinov2(true),
            new HuggingFaceDinov3(),
            new HuggingFaceBeit(),
            new FacebookDino(false),
            new FacebookDino(true),
            new Timm(),
            HuggingFace.hub(),
            HuggingFace.version5(),
            new Torchvision(),
            new Jax(),
            new VitPytorch(),
            new VitPytorchSimple());

    private WeightFamilies() {}

    /** All families. */
    public static List<WeightFamily> all() {
        return ALL;
    }

    /** The family of this id or alias; case, blanks and punctuation do not matter. */
    public static Optional<WeightFamily> find(String name) {
        return ALL.stream().filter(family -> plain(family.id()).equals(plain(name))
                || family.aliases().stream().anyMatch(alias -> plain(alias).equals(plain(name)))).findFirst();
    }

    /** The family that recognises these tensors, if there is one. */
    public static Optional<WeightFamily> recognise(TensorDirectory tensors) {
        return ALL.stream().filter(family -> family.signs(tensors).hold()).findFirst();
    }

    /** All ids, for messages. */
    public static String ids() {
        return ALL.stream().map(WeightFamily::id).collect(Collectors.joining(", "));
    }

    private static String plain(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "");
    }
}
