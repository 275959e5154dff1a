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
import vit.model.FeatureRequest;
import vit.model.Features;
import vit.model.InputException;
import vit.model.NonFiniteException;
import vit.model.PatchGroups;
import vit.model.SessionOptions;
import vit.model.TokenMerging;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.config.VitConfig;
import vit.model.image.Preprocessing;
import vit.model.image.RgbImage;
import vit.model.plot.Picture;
import vit.model.text.PrintableText;
import vit.model.visualise.AttentionRollout;
import vit.model.visualise.PatchColours;
import vit.model.visualise.PatchMap;
import vit.model.visualise.Pictures;
import vit.model.visualise.PooledAttention;
import vit.model.visualise.TextPicture;

/** {@code vit visualise}: what a model attends to and what it has learned, as PNG files. */
@Command(name = "visualise", description = "Show where a model looks and what it has learned, as PNG files.")
final class Visualise implements Callable<Integer> {

    @Mixin
    private ModelFiles.OrShipped files;

    @Mixin
    private PreprocessOption preprocess;

    @Mixin
    private ThreadsOption threads;

    @Option(names = "--output", paramLabel = "DIR", defaultValue = "vit-pictures",
            description = "Folder for the PNG files, created if necessary; default: ${DEFAULT-VALUE}.")
    private Path output;

    @Option(names = "--block", paramLabel = "N", description = "Show only the heads of block N, counted from 0; default: those of all blocks.")
    private Integer block;

    @Mixin
    private MergeOption merge;

    @Parameters(paramLabel = "IMAGE", description = "Image file, or - for standard input.")
    private String name;

    @ParentCommand
    private Vit vit;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws CommandException, IOException {
        ImageInput image = ImageInput.named(name);
        PictureFolder folder = PictureFolder.open(output);
        try (VitModel model = files.load(vit.status());
                VitSession session = model.newSession(SessionOptions.threads(threads.count()))) {
            VitConfig config = model.config();
            checkBlock(config);
            TokenMerging merging = merge.of(config);
            ModelFiles.requireColour(config, files.weights());
            Preprocessing preprocessing = preprocess.choose(model, vit.status());
            float[] pixels = pixels(image, preprocessing, config);
            vit.status().show("looking at " + name);
            AttentionMaps maps = attention(session, pixels);
            PatchMap rollout = PooledAttention.of(config, AttentionRollout.of(maps));
            Picture seen = Pictures.seen(pixels, config, preprocessing.normalization());
            Features features = Features.of(config, FeatureRequest.patches(), 1);
            session.features(pixels, 1, features);
            ModelPictures.writeRollout(seen, rollout, config, folder);
            ModelPictures.writeFeatures(seen, PatchColours.of(features.patches(), config.gridHeight(), config.gridWidth()), folder);
            writeMerged(model, merging, pixels, seen, folder);
            ModelPictures.writeAttention(maps, block, folder);
            ModelPictures.writeModel(model, folder);
            vit.status().clear();
            PrintWriter out = spec.commandLine().getOut();
            out.println(PrintableText.line(name) + ": attention rollout, " + PooledAttention.describe(config));
            out.println(TextPicture.of(rollout).indent(2));
            folder.list(out);
        }
        return Vit.DONE;
    }

    /** Which patches a session that merges tokens puts together, if one is asked for. */
    private void writeMerged(VitModel model, TokenMerging merging, float[] pixels, Picture seen, PictureFolder folder) throws CommandException {
        if (merging.isNone()) {
            return;
        }
        try (VitSession session = model.newSession(SessionOptions.threads(threads.count()).withTokenMerging(merging))) {
            PatchGroups groups = session.patchGroups(pixels);
            folder.write("merged.png", "the image, and its " + groups.groups().size() + " patches merged into " + groups.count(),
                    Pictures.merged(seen, groups, merging));
        }
    }

    private AttentionMaps attention(VitSession session, float[] pixels) throws CommandException {
        try {
            return session.attention(pixels);
        } catch (NonFiniteException e) {
            throw new CommandException(name + ": " + e.getMessage(), FaultReport.NON_FINITE_HINT);
        }
    }

    private void checkBlock(VitConfig config) {
        if (block != null && (block < 0 || block >= config.depth())) {
            throw new ParameterException(spec.commandLine(),
                    "Invalid value for option '--block': expected 0 to " + (config.depth() - 1) + ", found " + block);
        }
    }

    private float[] pixels(ImageInput image, Preprocessing preprocessing, VitConfig config) throws CommandException {
        try {
            RgbImage decoded = image.decode();
            files.noteIfPhoto(decoded, vit.status());
            return preprocessing.apply(decoded, config.imageHeight(), config.imageWidth());
        } catch (InputException e) {
            throw new CommandException(e, image.hint());
        }
    }
}
