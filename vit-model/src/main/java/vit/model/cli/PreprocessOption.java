package vit.model.cli;

import java.util.Optional;
import picocli.CommandLine.Option;
import vit.model.InputException;
import vit.model.VitModel;
import vit.model.image.Preprocessing;

/** {@code --preprocess NAME}: how images become the model's input. */
final class PreprocessOption {

    @Option(names = "--preprocess", paramLabel = "NAME", completionCandidates = Names.class,
            description = "Preprocessing: ${COMPLETION-CANDIDATES}; default: what the configuration says, or else what is usual for the weights, with a warning.")
    private String name;

    /** The names of all presets. */
    static final class Names implements Iterable<String> {
        @Override
        public java.util.Iterator<String> iterator() {
            return Preprocessing.names().iterator();
        }
    }

    /** The name given, or null. */
    String name() {
        return name;
    }

    /**
     * The preset that is named, otherwise the model's own preprocessing, with a warning if it was assumed.
     *
     * @throws CommandException if there is no such preset, or its images have another size than the model takes
     */
    Preprocessing choose(VitModel model, StatusLine status) throws CommandException {
        Preprocessing chosen = name == null ? model.preprocessing() : named();
        Optional<InputException> misfit = chosen.misfit(model.config().imageHeight(), model.config().imageWidth());
        if (misfit.isPresent()) {
            throw new CommandException(misfit.get(), "name a preset with --preprocess");
        }
        if (name == null) {
            model.report().assumedPreprocessing().ifPresent(status::warn);
        }
        return chosen;
    }

    /** The preset that is named. */
    Preprocessing named() throws CommandException {
        try {
            return Preprocessing.named(name);
        } catch (InputException e) {
            throw new CommandException(e, "without --preprocess the configuration beside the weights decides");
        }
    }
}
