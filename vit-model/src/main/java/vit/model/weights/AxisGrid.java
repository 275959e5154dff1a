package vit.model.weights;

import vit.model.InputException;
import vit.model.weights.config.ConfigField.ImageSize;
import vit.model.weights.family.Inference;

/**
 * Determines for which image positions by axis were made, as {@link PositionGrid} does for one table of positions. The rows of the two tables are the sides of
 * the grid, so there is nothing to guess.
 */
final class AxisGrid {

    /** Positions are resampled to at most this many times as many patches, as {@link PositionGrid} has it. */
    private static final int MOST_GROWTH = 64;

    private final Inference inference;
    private final int patch;

    /**
     * A file's grid.
     *
     * @param patch its side in pixels
     */
    AxisGrid(Inference inference, int patch) {
        this.inference = inference;
        this.patch = patch;
    }

    /**
     * The image that the tables are for: the first candidate that has their grid, otherwise the patches of the grid without a border.
     *
     * @param candidates images that a file states or an architecture implies; some may be null
     * @throws InputException if the positions of all patches would take far more memory than the two tables
     */
    ImageSize stored(ImageSize... candidates) throws InputException {
        long most = (long) MOST_GROWTH * (inference.axisRows() + (long) inference.axisColumns());
        if (inference.axisRows() < 1 || inference.axisColumns() < 1 || patches() > most) {
            throw inference.axisFault().expected("a grid of 1 to " + most + " patches, at most " + MOST_GROWTH + " for each row of the two tables")
                    .found(grid() + " patches").because("the positions by axis make no grid");
        }
        for (ImageSize candidate : candidates) {
            if (candidate != null && candidate.height() / patch == inference.axisRows() && candidate.width() / patch == inference.axisColumns()) {
                return candidate;
            }
        }
        return new ImageSize(pixels(inference.axisRows()), pixels(inference.axisColumns()));
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

    /** The fault of an image that the tables are not for. */
    InputException misfit(ImageSize image) {
        return inference.axisFault().expected("a table of " + image.height() / patch + " rows and one of " + image.width() / patch + " columns for " + image
                + " pixels and patch " + patch).found(grid()).because("the positions by axis do not fit the image");
    }

    /** Checks an image to which the tables are to be resampled. */
    void check(ImageSize image) throws InputException {
        if (image.height() % patch != 0 || image.width() % patch != 0) {
            throw inference.axisFault().expected("sides that the patch of " + patch + " pixels divides").found(image + " pixels")
                    .because("the positions by axis do not fit the image");
        }
        long wanted = (long) (image.height() / patch) * (image.width() / patch);
        if (wanted > MOST_GROWTH * patches()) {
            throw inference.axisFault().expected("at most " + MOST_GROWTH * patches() + " patches, " + MOST_GROWTH + " times those that there are")
                    .found(wanted + " patches of " + image + " pixels").because("the positions by axis do not fit the image");
        }
    }
}
