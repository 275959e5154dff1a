package vit.model.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import vit.kernels.tensor.Shape;
import vit.model.json.Json;

/** {@code vit embed}: the embeddings of images, or other vectors from inside of the model. */
@Command(name = "embed", description = {
    "Give the embeddings of images, or the tokens that they are made of.",
    "With --output, row i of the tensor 'embeddings' belongs to image i, and the names of the images are beside it. The row of an image that gives no"
            + " result holds NaN. Without --output, the values are printed."})
final class Embed implements Callable<Integer> {

    /** The tensor's name in the file. */
    static final String TENSOR = "embeddings";

    /** The fields of the file's metadata. */
    static final String NAMES = "names";
    static final String WHAT = "what";
    static final String NORMALIZED = "normalized";

    /** The metadata field that tells which tokens were merged; absent if none were. */
    static final String MERGE = "merge";

    /** The metadata field that tells the {@code --stored-as} that was asked for; absent if it rounds no weights. */
    static final String STORED_AS = "stored-as";

    @Mixin
    private ModelFiles.OrShipped files;

    @Mixin
    private PreprocessOption preprocess;

    @Mixin
    private ThreadsOption threads;

    @Option(names = "--what", paramLabel = "WHAT", defaultValue = "embedding", converter = WhatOption.Converter.class,
            description = "embedding: what the library of the model's family calls the image embedding; pooled: the vector before a projection or"
                    + " classification layer; patches: the patch tokens after the final norm, as a grid; tokens: all tokens of the last block; layers: all"
                    + " tokens of every block; block:N: all tokens of block N, counted from 0, after the final norm; default: ${DEFAULT-VALUE}.")
    private WhatOption what;

    @Option(names = "--normalize", description = "Divide every vector by its Euclidean length.")
    private boolean normalize;

    @Option(names = "--output", paramLabel = "F", converter = OutputFileConverter.class,
            description = "The file to write: a NumPy array if the name ends in .npy, with the names of the images in F.names.txt; otherwise safetensors, with the"
                    + " names in the metadata. An existing one is replaced.")
    private Path output;

    @Option(names = "--json", description = "Print one JSON object; not with --output.")
    private boolean json;

    @Mixin
    private MergeOption merge;

    @Mixin
    private ImageArguments images;

    @ParentCommand
    private Vit vit;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws CommandException, IOException {
        if (json && output != null) {
            throw new ParameterException(spec.commandLine(), "--json prints the values, and --output writes them to a file; give one of them");
        }
        List<ImageInput> inputs = images.images(vit);
        check(inputs);
        try (LoadedModel loaded = LoadedModel.open(files, threads.count(), preprocess, what::check, vit)) {
            loaded.setMerging(merge.of(loaded.config()));
            Shape row = what.shape(loaded.config());
            ImageWork<float[]> work = ImageWork.ofFeatures(what.request(loaded.config()).withUnitLength(normalize), features -> what.values(features).clone());
            if (output == null) {
                return new EachImage(vit, inputs, images.isStrict()).run("embedding", loaded, 1, work,
                        new EmbeddingReport(spec.commandLine().getOut(), json, what.field(), row));
            }
            return write(row, inputs, (each, rows) -> each.run("embedding", loaded, 1, work, rows));
        }
    }

    private void check(List<ImageInput> inputs) throws CommandException {
        if (output == null) {
            return;
        }
        List<Path> read = OutputOption.inputs(files.weights(), files.config(), inputs);
        if (RowFile.isNpy(output)) {
            OutputCheck.require(output, OutputCheck.Format.NPY, read);
            OutputCheck.require(namesFile(output), OutputCheck.Format.NAMES, read);
        } else {
            OutputCheck.require(output, OutputCheck.Format.SAFETENSORS, read);
        }
    }

    private int write(Shape row, List<ImageInput> inputs, ImageRows.Run run) throws CommandException, IOException {
        List<String> names = inputs.stream().map(ImageInput::name).toList();
        Shape shape = RowFile.shape(inputs.size(), row);
        try (RowFile rows = RowFile.isNpy(output)
                ? RowFile.npy(output, shape, namesFile(output), names.stream().map(Embed::line).collect(Collectors.joining()))
                : RowFile.safetensors(output, TENSOR, shape, metadata(names))) {
            return ImageRows.write(vit, TENSOR, rows, Math.toIntExact(row.size()), inputs, images.isStrict(), run);
        }
    }

    private Map<String, String> metadata(List<String> names) {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put(WHAT, what.name());
        metadata.put(NORMALIZED, String.valueOf(normalize));
        if (!merge.merging().isNone()) {
            metadata.put(MERGE, merge.merging().toString());
        }
        if (files.storedAs().rounds()) {
            metadata.put(STORED_AS, StoredAsConverter.name(files.storedAs()));
        }
        metadata.put(NAMES, Json.write(names));
        return metadata;
    }

    /** The file of names beside a NumPy array. */
    static Path namesFile(Path array) {
        return array.resolveSibling(array.getFileName() + ".names.txt");
    }

    /** A name as a line; a line break in it becomes a question mark, so that line i belongs to row i. */
    private static String line(String name) {
        return name.replaceAll("[\\r\\n\\u0085\\u2028\\u2029]", "?") + "\n";
    }
}
