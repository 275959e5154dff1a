package vit.model.image;

import java.util.Objects;
import java.util.Optional;

/**
 * Which preprocessing applies to a model, and whether that was assumed. Immutable.
 *
 * @param preprocessing how images become the model's input
 * @param warning       a sentence that names the preset that was assumed and says how to state another; empty if a file or the caller states the preprocessing,
 *                      or all published models of the kind have the same
 */
public record PreprocessingChoice(Preprocessing preprocessing, Optional<String> warning) {

    public PreprocessingChoice {
        Objects.requireNonNull(preprocessing, "preprocessing");
        Objects.requireNonNull(warning, "warning");
    }

    static PreprocessingChoice stated(Preprocessing preprocessing) {
        return new PreprocessingChoice(preprocessing, Optional.empty());
    }

    static PreprocessingChoice assumed(Preprocessing preprocessing, String family) {
        return new PreprocessingChoice(preprocessing, Optional.of("preprocessing " + preprocessing.name() + " assumed, as is usual for " + family
                + "; no file states it (--preprocess NAME or \"preprocess\" in config.json does)"));
    }
}
