package vit.model.weights;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What was found when weights were opened. Programs should show the warnings to whoever chose the file. Immutable.
 *
 * @param family      id of the weight family
 * @param recognition what the file was taken for, and why
 * @param ignored     tensors of the file that the forward pass does not use, for example those of a pooler
 * @param notes       remarks for the user, such as fields of the configuration that have no meaning here
 * @param warnings    one sentence for each value that was assumed because no file states it, and for whatever contradicts an architecture's name. If
 *                    such a guess is wrong, so are the results
 * @param assumedPreprocessing the one of the warnings that says which preprocessing was assumed, if there is one. It does not concern a program that
 *                    prepares images in its own way
 */
public record WeightsReport(String family, Recognition recognition, List<String> ignored, List<String> notes, List<String> warnings,
        Optional<String> assumedPreprocessing) {

    public WeightsReport {
        ignored = List.copyOf(ignored);
        notes = List.copyOf(notes);
        warnings = List.copyOf(warnings);
        Objects.requireNonNull(assumedPreprocessing, "assumedPreprocessing");
    }

    /** This report with more warnings. */
    public WeightsReport with(List<String> more) {
        return more.isEmpty() ? this : new WeightsReport(family, recognition, ignored, notes, Stream.concat(warnings.stream(), more.stream()).toList(),
                assumedPreprocessing);
    }

    /** This report with the warning that a preprocessing was assumed, or this report if none was. */
    public WeightsReport withAssumedPreprocessing(Optional<String> warning) {
        return warning.isEmpty() ? this : new WeightsReport(family, recognition, ignored, notes, Stream.concat(warnings.stream(), warning.stream()).toList(),
                warning);
    }

    /** The report of a model that comes from no file. */
    public static WeightsReport ofNoFile(String family) {
        return new WeightsReport(family, Recognition.ofNoFile(family), List.of(), List.of(), List.of(), Optional.empty());
    }
}
