package vit.model.weights;

import vit.model.InputException;
import vit.model.weights.config.ConfigField.ImageSize;

/** Determines for which image tables of positions were made that do not have a row for every token. */
sealed interface TableGrid permits AxisGrid, RelativeGrid {

    /**
     * The image that the tables are for.
     *
     * @param target     the image that the model takes, or null for that of the tables
     * @param candidates images that a file states or an architecture implies; some may be null
     * @throws InputException if the tables are for no image, or the model's image cannot be made from them
     */
    ImageSize stored(ImageSize target, ImageSize... candidates) throws InputException;

    /** The fault of an image that the tables are not for. */
    InputException misfit(ImageSize image);
}
