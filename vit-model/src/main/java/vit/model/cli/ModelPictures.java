package vit.model.cli;

import java.io.IOException;
import vit.model.AttentionMaps;
import vit.model.VitModel;
import vit.model.config.VitConfig;
import vit.model.plot.Picture;
import vit.model.visualise.AttentionDistance;
import vit.model.visualise.DistanceChart;
import vit.model.visualise.FilterSheet;
import vit.model.visualise.PatchColours;
import vit.model.visualise.PatchFilters;
import vit.model.visualise.PatchMap;
import vit.model.visualise.Pictures;
import vit.model.visualise.PooledAttention;
import vit.model.visualise.PositionSimilarity;

/** Writes the pictures of a model, and of what it does with an image, under their names. */
final class ModelPictures {

    /** With more patches, the similarities of all of them with all others would take more than 128 MB. */
    private static final int MOST_PATCHES = 64 * 64;

    private ModelPictures() {}

    static void writeRollout(Picture seen, PatchMap rollout, VitConfig config, PictureFolder folder) throws CommandException {
        folder.write("rollout.png", "the image, where the model looks by attention rollout, and the same as a heat map", Pictures.rollout(seen, rollout, config));
    }

    static void writeFeatures(Picture seen, PatchColours colours, PictureFolder folder) throws CommandException {
        folder.write("features.png", "the image, and its patches coloured by their features: the first three principal components", Pictures.features(seen, colours));
    }

    /** @param block the block to show, or null for all */
    static void writeAttention(AttentionMaps maps, Integer block, PictureFolder folder) throws CommandException {
        if (maps.depth() == 0) {
            folder.omit("attention.png", "the model has no blocks");
            return;
        }
        folder.write("attention.png", "what each head takes from the patches (" + PooledAttention.describe(maps.config())
                + (block == null ? "): one row per block, one column per head" : "): the heads of block " + block),
                block == null ? Pictures.heads(maps) : Pictures.heads(maps, block));
        folder.write("distance.png", "how far each head looks, by block", DistanceChart.draw(AttentionDistance.of(maps), maps.config()));
    }

    static void writeModel(VitModel model, PictureFolder folder) throws IOException, CommandException {
        if (model.config().patches() <= MOST_PATCHES) {
            folder.write("positions.png", "similarity of each patch's position embedding with all others",
                    Pictures.positions(model.config(), PositionSimilarity.of(model)));
        } else {
            folder.omit("positions.png", model.config().patches() + " patches are more than " + MOST_PATCHES);
        }
        PatchFilters filters = PatchFilters.of(model, PatchFilters.USUAL_COUNT);
        folder.write("filters.png", meaning(filters), FilterSheet.draw(filters));
    }

    private static String meaning(PatchFilters filters) {
        return switch (filters.aboveNoise()) {
            case 0 -> "why no patch filters are shown: they are noise";
            case 1 -> "the one principal component of the patch filters that is more than noise";
            default -> "principal components of the patch filters, the " + filters.aboveNoise() + " that are more than noise";
        };
    }
}
