package vit.model.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import vit.model.InputException;
import vit.model.text.PrintableText;

/** {@code vit similar}: the rows of an index that are nearest to images. */
@Command(name = "similar", description = {
    "Name the images of an index that are most similar to others.",
    "The index is a file that 'vit embed' has written with the same model. Similarity is the cosine of the angle between two embeddings."})
final class Similar implements Callable<Integer> {

    @Mixin
    private ModelFiles.OrShipped files;

    @Mixin
    private PreprocessOption preprocess;

    @Mixin
    private ThreadsOption threads;

    @Option(names = "--index", paramLabel = "F", required = true, description = "The embeddings to search: safetensors or .npy, from vit embed.")
    private Path index;

    @Mixin
    private TopOption top;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Mixin
    private ImageArguments images;

    @ParentCommand
    private Vit vit;

    @Spec
    private CommandSpec spec;

    /** A row of the index beside an image. */
    private record Neighbour(int row, String name, double similarity) {}

    @Override
    public Integer call() throws CommandException, IOException {
        List<ImageInput> inputs = images.images(vit);
        VectorTable table = table();
        files.roundAs(table);
        WhatOption what = table.metadata().getOrDefault(Embed.WHAT, "embedding").equals("pooled") ? WhatOption.POOLED : WhatOption.EMBEDDING;
        try (LoadedModel loaded = LoadedModel.open(files, threads.count(), preprocess,
                config -> table.requireWidth(Math.toIntExact(what.shape(config).size()), "the model's " + what.name()), vit)) {
            loaded.setMerging(MergeOption.of(table, loaded.config()));
            ImageWork<List<Neighbour>> work = ImageWork.ofFeatures(what.request(loaded.config()), features -> nearest(table, what.values(features)));
            return new EachImage(vit, inputs, images.isStrict()).run("searching", loaded, 1, work, json ? new JsonReport(spec.commandLine().getOut()) : new Tables(spec.commandLine().getOut()));
        }
    }

    private VectorTable table() throws CommandException, IOException {
        try {
            return VectorTable.read(index, Embed.NAMES);
        } catch (InputException e) {
            throw new CommandException(e, ModelFiles.hint(index, "make an index with vit embed --output F IMAGE…"));
        }
    }

    /** The nearest rows; of equal ones, the first comes first. Rows of images that gave no result are left out. */
    private List<Neighbour> nearest(VectorTable table, float[] embedding) {
        double[] cosines = table.cosines(embedding);
        return IntStream.range(0, cosines.length).filter(row -> !Double.isNaN(cosines[row])).boxed()
                .sorted((a, b) -> Double.compare(cosines[b], cosines[a])).limit(top.count())
                .map(row -> new Neighbour(row, table.name(row), cosines[row])).toList();
    }

    /** One table for each image. */
    private record Tables(PrintWriter out) implements EachImage.Results<List<Neighbour>> {
        @Override
        public void good(ImageInput image, List<Neighbour> neighbours) {
            out.println(PrintableText.line(image.name()));
            TextTable table = new TextTable("rrl");
            neighbours.forEach(near -> table.row(String.format(Locale.ROOT, "%.4f", near.similarity), String.valueOf(near.row), near.name));
            table.print(out, "  ");
            out.flush();
        }

        @Override
        public void bad(ImageInput image, String fault) {
            out.println(PrintableText.line(image.name()));
            out.println("  error: " + PrintableText.line(fault));
            out.flush();
        }
    }

    /** {@code {"images":[…]}} on one line. */
    private static final class JsonReport implements EachImage.Results<List<Neighbour>> {
        private final ImageObjects objects;

        JsonReport(PrintWriter out) {
            this.objects = new ImageObjects(out);
        }

        @Override
        public void good(ImageInput image, List<Neighbour> neighbours) {
            List<Object> similar = new ArrayList<>();
            for (Neighbour near : neighbours) {
                Map<String, Object> entry = new LinkedHashMap<>();
                entry.put("file", near.name);
                entry.put("row", near.row);
                entry.put("similarity", near.similarity);
                similar.add(entry);
            }
            objects.print(image, "similar", similar);
        }

        @Override
        public void bad(ImageInput image, String fault) {
            objects.print(image, "error", fault);
        }

        @Override
        public void end() {
            objects.end();
        }
    }
}
