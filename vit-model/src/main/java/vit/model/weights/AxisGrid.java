package vit.model.weights;

import vit.model.InputException;
import vit.model.config.StemConfig;
import vit.model.weights.config.ConfigField.ImageSize;
import vit.model.weights.family.Inference;

/**
 * Determines for which image positions by axis were made, as {@link PositionGrid} does for one table of positions. The rows of the two tables are the sides of
 * the grid, so there is nothing to guess.
 */
final class AxisGrid implements TableGrid {

    /** Positions are resampled to at most this many times as many patches, as {@link PositionGrid} has it. */
    private static final int MOST_GROWTH = 64;

    private final Inference inference;
    private final StemConfig stem; // tells how many patches an image has
    private final int patch; // pixels of the image along a patch's side

    /**
     * A file's grid.
     *
     * @param stem of the model, for an image of any size
     */
    AxisGrid(Inference inference, StemConfig stem) {
        this.inference = inference;
        this.stem = stem;
        this.patch = stem.patchPixels();
    }

    /** The first candidate that has the tables' grid, otherwise the patches of the grid without a border. */
    @Override
    public ImageSize stored(ImageSize target, ImageSize... candidates) throws InputException {
        long most = (long) MOST_GROWTH * (inference.axisRows() + (long) inference.axisColumns());
        if (inference.axisRows() < 1 || inference.axisColumns() < 1 || patches() > most) {
            throw inference.axisFault().expected("a grid of 1 to " + most + " patches, at most " + MOST_GROWTH + " for each row of the two tables")
                    .found(grid() + " patches").because("the positions by axis make no grid");
        }
        ImageSize stored = new ImageSize(pixels(inference.axisRows()), pixels(inference.axisColumns()));
        for (int i = candidates.length - 1; i >= 0; i--) {
            stored = candidates[i] != null && hasGrid(candidates[i]) ? candidates[i] : stored;
        }
        if (target != null && !hasGrid(target)) {
            check(target);
        }
        return stored;
    }

    private boolean hasGrid(ImageSize image) {
        return stem.patchesAlong(image.height()) == inference.axisRows() && stem.patchesAlong(image.width()) == inference.axisColumns();
    }

    private int pixels(int side) {
        return (int) Math.min((long) side * patch, Integer.MAX_VALUE);
    }

    private long patches() {
        return (long) inference.axisRows() * inference.axisColumns();
    }

    private String grid() {
        return inference.axisRows() + "×" + inference.axisColumns();
    }

    @Override
    public InputException misfit(ImageSize image) {
        return inference.axisFault().expected("a table of " + stem.patchesAlong(image.height()) + " rows and one of " + stem.patchesAlong(image.width()) + " columns for " + image
                + " pixels and patch " + patch).found(grid()).because("the positions by axis do not fit the image");
    }

    /** Checks an image to which the tables are to be resampled. */
    private void check(ImageSize image) throws InputException {
        if (!stem.covers(image.height(), image.width())) {
            throw inference.axisFault().expected("sides that the patch of " + patch + " pixels divides").found(image + " pixels")
                    .because("the positions by axis do not fit the image");
        }
        long wanted = (long) stem.patchesAlong(image.height()) * stem.patchesAlong(image.width());
        if (wanted > MOST_GROWTH * patches()) {
            throw inference.axisFault().expected("at most " + MOST_GROWTH * patches() + " patches, " + MOST_GROWTH + " times those that there are")
                    .found(wanted + " patches of " + image + " pixels").because("the positions by axis do not fit the image");
        }
    }
}
