package vit.model.weights;

import java.util.List;
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
 */
public record WeightsReport(String family, Recognition recognition, List<String> ignored, List<String> notes, List<String> warnings) {

    public WeightsReport {
        ignored = List.copyOf(ignored);
        notes = List.copyOf(notes);
        warnings = List.copyOf(warnings);
    }

    /** This report with more warnings. */
    public WeightsReport with(List<String> more) {
        return more.isEmpty() ? this : new WeightsReport(family, recognition, ignored, notes, Stream.concat(warnings.stream(), more.stream()).toList());
    }

    /** The report of a model that comes from no file. */
    public static WeightsReport ofNoFile(String family) {
        return new WeightsReport(family, Recognition.ofNoFile(family), List.of(), List.of(), List.of());
    }
}
