package vit.model.cli;

import java.io.IOException;
import vit.model.AttentionMaps;
import vit.model.VitModel;
import vit.model.visualise.AttentionDistance;
import vit.model.visualise.DistanceChart;
import vit.model.visualise.PatchFilters;
import vit.model.visualise.PatchMap;
import vit.model.visualise.Picture;
import vit.model.visualise.Pictures;
import vit.model.visualise.PooledAttention;
import vit.model.visualise.PositionSimilarity;

/** The pictures of a model and of what it does with an image, by name. */
final class ModelPictures {

    /** Beyond this the grid of grids would be too large for a picture. */
    private static final int MOST_PATCHES = 32 * 32;

    private ModelPictures() {}

    static void writeRollout(Picture seen, PatchMap rollout, PictureFolder folder) throws CommandException {
        folder.write("rollout.png", "the image; where the model looks, by attention rollout; the same as heat", Pictures.overlay(seen, rollout));
    }

    /** @param block the one to show, or null for all */
    static void writeAttention(AttentionMaps maps, Integer block, PictureFolder folder) throws CommandException {
        if (maps.depth() == 0) {
            return;
        }
        boolean all = block == null;
        folder.write("attention.png", "what each head takes from the patches, " + PooledAttention.describe(maps.config())
                + (all ? ": a row a block, a column a head" : ": block " + block + ", a column a head"),
                Pictures.heads(maps, all ? 0 : block, all ? maps.depth() - 1 : block));
        folder.chart("distance.png", "how far each head looks, by block", file -> DistanceChart.write(AttentionDistance.of(maps), file));
    }

    static void writeModel(VitModel model, PictureFolder folder) throws IOException, CommandException {
        if (model.config().patches() <= MOST_PATCHES) {
            folder.write("positions.png", "similarity of each patch's position embedding with all others",
                    Pictures.positions(model.config(), PositionSimilarity.of(model)));
        }
        folder.write("filters.png", "principal components of the patch filters",
                Pictures.filters(PatchFilters.of(model, PatchFilters.USUAL_COUNT)));
    }
}
