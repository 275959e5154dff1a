package vit.model.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import vit.model.AttentionMaps;
import vit.model.InputException;
import vit.model.SessionOptions;
import vit.model.VitConfig;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.image.ImageDecoder;
import vit.model.image.Preprocessing;
import vit.model.visualise.AttentionDistance;
import vit.model.visualise.AttentionRollout;
import vit.model.visualise.DistanceChart;
import vit.model.visualise.PatchFilters;
import vit.model.visualise.PatchMap;
import vit.model.visualise.Pictures;
import vit.model.visualise.PooledAttention;
import vit.model.visualise.PositionSimilarity;
import vit.model.visualise.TextPicture;

/** {@code vit visualise}: where a model looks, and what it has learned, as PNG files. */
@Command(name = "visualise", description = "Show where a model looks and what it has learned, as PNG files.")
final class Visualise implements Callable<Integer> {

    /** Beyond this the grid of grids would be too large for a picture. */
    private static final int MOST_PATCHES = 32 * 32;

    @Mixin
    private ModelFiles files;

    @Mixin
    private PreprocessOption preprocess;

    @Mixin
    private ThreadsOption threads;

    @Option(names = "--output", paramLabel = "DIR", defaultValue = "vit-pictures",
            description = "Folder for the PNG files; made if need be; default: ${DEFAULT-VALUE}.")
    private Path output;

    @Option(names = "--block", paramLabel = "N", description = "Show the heads of block N alone, from 0; default: of all blocks.")
    private Integer block;

    @Parameters(paramLabel = "IMAGE", description = "Image file.")
    private Path image;

    @ParentCommand
    private Vit vit;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws CommandException, IOException {
        PictureFolder folder = PictureFolder.open(output);
        try (VitModel model = files.load(vit.status());
                VitSession session = model.newSession(SessionOptions.threads(threads.count()))) {
            VitConfig config = model.config();
            checkBlock(config);
            Preprocessing preprocessing = preprocess.choose(model);
            float[] pixels = pixels(preprocessing, config);
            vit.status().show("looking at " + image);
            AttentionMaps maps = session.attention(pixels);
            PatchMap rollout = PooledAttention.of(config, AttentionRollout.of(maps));
            folder.write("rollout.png", "the image; where the model looks, by attention rollout; the same as heat",
                    Pictures.overlay(Pictures.seen(pixels, config, preprocessing.normalization()), rollout));
            if (config.depth() > 0) {
                writeAttention(maps, folder);
            }
            writeModel(model, folder);
            vit.status().clear();
            PrintWriter out = spec.commandLine().getOut();
            out.println(image + ": attention rollout, " + PooledAttention.describe(config));
            out.println(TextPicture.of(rollout).indent(2));
            folder.list(out);
        }
        return Vit.DONE;
    }

    private void checkBlock(VitConfig config) {
        if (block != null && (block < 0 || block >= config.depth())) {
            throw new ParameterException(spec.commandLine(),
                    "Invalid value for option '--block': expected 0 to " + (config.depth() - 1) + ", found " + block);
        }
    }

    private float[] pixels(Preprocessing preprocessing, VitConfig config) throws CommandException {
        try {
            return preprocessing.apply(ImageDecoder.decode(image), config.imageHeight(), config.imageWidth());
        } catch (InputException e) {
            throw new CommandException(e, Classifier.imageHint(image));
        }
    }

    private void writeAttention(AttentionMaps maps, PictureFolder folder) throws IOException, CommandException {
        boolean all = block == null;
        folder.write("attention.png", "what each head takes from the patches, " + PooledAttention.describe(maps.config())
                + (all ? ": a row a block, a column a head" : ": block " + block + ", a column a head"),
                Pictures.heads(maps, all ? 0 : block, all ? maps.depth() - 1 : block));
        folder.chart("distance.png", "how far each head looks, by block",
                file -> DistanceChart.write(AttentionDistance.of(maps), file));
    }

    private void writeModel(VitModel model, PictureFolder folder) throws IOException, CommandException {
        if (model.config().patches() <= MOST_PATCHES) {
            folder.write("positions.png", "similarity of each patch's position embedding with all others",
                    Pictures.positions(model.config(), PositionSimilarity.of(model)));
        }
        folder.write("filters.png", "principal components of the patch filters",
                Pictures.filters(PatchFilters.of(model, PatchFilters.USUAL_COUNT)));
    }
}
