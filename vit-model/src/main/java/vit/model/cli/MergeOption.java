package vit.model.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;
import vit.model.TokenMerging;
import vit.model.config.VitConfig;

/** {@code --merge R}: how many similar tokens every block merges. */
final class MergeOption {

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    private TokenMerging merging = TokenMerging.NONE;

    @Option(names = "--merge", paramLabel = "R",
            description = "Merge R similar tokens in every block, which is faster and changes results; decreasing:R merges about as many in all, but early, and"
                    + " 8,8,4 gives a number for each block. Default: 0.")
    void setMerging(String text) {
        try {
            merging = TokenMerging.parse(text);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--merge': " + e.getMessage());
        }
    }

    /** What is asked for, whether a model can do it or not. */
    TokenMerging merging() {
        return merging;
    }

    /** What is asked for, of a model that can do it. */
    TokenMerging of(VitConfig config) throws CommandException {
        try {
            merging.requireServes(config);
        } catch (IllegalArgumentException e) {
            throw new CommandException(e.getMessage(), "leave --merge out", e);
        }
        return merging;
    }

    /** What an index was made with. */
    static TokenMerging of(VectorTable index, VitConfig config) throws CommandException {
        try {
            TokenMerging merging = TokenMerging.parse(index.metadata().getOrDefault(Embed.MERGE, TokenMerging.NONE.toString()));
            merging.requireServes(config);
            return merging;
        } catch (IllegalArgumentException e) {
            throw new CommandException(index.file() + ", metadata " + Embed.MERGE + ": " + e.getMessage(), "make the index again with vit embed", e);
        }
    }
}
