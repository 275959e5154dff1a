package vit.model.weights;

import java.util.List;
import vit.model.InputException;
import vit.model.config.StemConfig;
import vit.model.positions.RelativeIndex;
import vit.model.weights.config.ConfigField.ImageSize;
import vit.model.weights.family.Inference;

/**
 * Determines for which image a table of relative positions was made, and which image the model takes, as {@link PositionGrid} does for learned positions.
 * The number of rows does not determine the grid's proportions.
 */
final class RelativeGrid implements TableGrid {

    /**
     * Tables are resampled to at most this many times as many patches as they have rows. A session holds a bias for every pair of patches, so that this is
     * lower than {@link PositionGrid}'s.
     */
    private static final int MOST_GROWTH = 16;

    private final Inference inference;
    private final int rows;
    private final StemConfig stem; // tells how many patches an image has
    private final int patch; // pixels of the image along a patch's side
    private final List<String> warnings;

    /**
     * @param stem     of the model, for an image of any size
     * @param warnings receives what is guessed
     */
    RelativeGrid(Inference inference, StemConfig stem, List<String> warnings) {
        this.inference = inference;
        this.rows = inference.relativeRows();
        this.stem = stem;
        this.patch = stem.patchPixels();
        this.warnings = warnings;
    }

    @Override
    public ImageSize stored(ImageSize target, ImageSize... candidates) throws InputException {
        ImageSize stored = null;
        for (ImageSize candidate : candidates) {
            if (stored == null && candidate != null && rows(candidate) == rows) {
                stored = candidate;
            }
        }
        if (stored == null) {
            stored = square();
            if (target == null) {
                warnings.add("a square image of " + stored + " pixels assumed; the weights do not tell");
            }
        }
        if (target != null && !target.equals(stored)) {
            check(target);
        }
        return stored;
    }

    @Override
    public InputException misfit(ImageSize image) {
        return inference.relativeFault().expected(rows(image) + " rows for " + image + " pixels and patch " + patch).found(rows)
                .because("the relative positions do not fit the image");
    }

    private long rows(ImageSize image) {
        long height = stem.patchesAlong(image.height());
        long width = stem.patchesAlong(image.width());
        return height < 1 || width < 1 ? -1 : (2 * height - 1) * (2 * width - 1) + 3;
    }

    private ImageSize square() throws InputException {
        int side = rows < 4 ? 0 : ((int) Math.round(Math.sqrt(rows - 3)) + 1) / 2;
        if (side < 1 || RelativeIndex.rows(side, side) != rows) {
            throw inference.relativeFault().expected("(2·side − 1)² + 3 rows of a square grid, or the image's size in the configuration").found(rows)
                    .because("the image's size cannot be told from the relative positions");
        }
        int pixels = (int) Math.min((long) side * patch, Integer.MAX_VALUE);
        return new ImageSize(pixels, pixels);
    }

    private void check(ImageSize image) throws InputException {
        if (!stem.covers(image.height(), image.width())) {
            throw inference.relativeFault().expected("sides that the patch of " + patch + " pixels divides").found(image + " pixels")
                    .because("the relative positions do not fit the image");
        }
        long patches = (long) stem.patchesAlong(image.height()) * stem.patchesAlong(image.width());
        if (patches > (long) MOST_GROWTH * rows) {
            throw inference.relativeFault().expected("at most " + (long) MOST_GROWTH * rows + " patches, " + MOST_GROWTH + " times the rows that there are")
                    .found(patches + " patches of " + image + " pixels").because("the relative positions do not fit the image");
        }
    }
}
