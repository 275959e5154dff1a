package vit.model.weights;

import java.util.List;
import vit.model.InputException;
import vit.model.LoadOptions;
import vit.model.config.StemConfig;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.Positions;
import vit.model.weights.config.ConfigField.ImageSize;
import vit.model.weights.family.Inference;
import vit.model.weights.family.WeightFamily;

/**
 * Determines for which image a table of learned positions was made, and which image the model takes. The number of rows determines neither the grid's
 * proportions nor whether the prefix tokens have rows. What is stated decides, then what the family always does; otherwise it is a guess, with a warning.
 */
final class PositionGrid {

    /** Positions are resampled to at most this many times as many patches, so that memory stays in proportion to the file. */
    private static final int MOST_GROWTH = 64;

    private final Inference inference;
    private final WeightFamily family;
    private final int rows;
    private final int prefix; // tokens
    private final int prefixRows; // prefix tokens with a row, if not only patches have one
    private final StemConfig stem; // tells how many patches an image has
    private final int patch; // pixels of the image along a patch's side
    private final Positions scheme; // null: not known
    private final boolean registers;
    private final List<String> warnings;

    /**
     * A file's grid, and the model's.
     *
     * @param stored    the image that the file's rows are for
     * @param image     the image that the model takes
     * @param positions which tokens have a row
     */
    record Grid(ImageSize stored, ImageSize image, Positions positions) {}

    /**
     * @param known    the prefix tokens and the patch, as they are resolved
     * @param scheme   which tokens have a row, or null
     * @param warnings receives what is guessed
     */
    PositionGrid(Inference inference, WeightFamily family, VitConfig known, Positions scheme, List<String> warnings) {
        this.inference = inference;
        this.family = family;
        this.rows = inference.positionRows();
        this.prefix = known.prefixTokens();
        this.registers = known.registers() > 0;
        this.stem = known.stem();
        this.patch = known.patchPixels();
        this.scheme = scheme != null ? scheme : family.positions();
        this.prefixRows = this.scheme == Positions.LEARNED_CLASS_AND_PATCHES ? this.scheme.prefixRows(known.prefix()) : prefix;
        this.warnings = warnings;
    }

    /**
     * The grids.
     *
     * @param stated   the image that a configuration states, or null
     * @param implied  the image that is usual for the architecture, or null
     * @param options  may ask for another image
     * @param resample whether positions may be resampled to the image that is stated
     * @throws InputException if nothing fits the rows, or more than one grid does
     */
    Grid resolve(ImageSize stated, ImageSize implied, LoadOptions options, boolean resample) throws InputException {
        ImageSize asked = options.hasImage() ? new ImageSize(options.imageHeight(), options.imageWidth()) : null;
        ImageSize target = asked != null ? asked : stated;
        for (ImageSize candidate : new ImageSize[] {stated, implied, asked}) {
            Positions fitting = candidate == null ? null : fitting(candidate);
            if (fitting != null) {
                return checked(candidate, target == null ? candidate : target, fitting);
            }
        }
        if (stated != null && asked == null && !resample) {
            throw misfit(stated);
        }
        Grid square = square(target);
        if (target == null && !family.hasSquareGridsOnly()) {
            warnings.add("a square image of " + square.stored + " pixels assumed; the weights do not tell");
        }
        return checked(square.stored, target == null ? square.stored : target, square.positions);
    }

    /** Which tokens have a row if the rows are for this image; null if they are not. */
    private Positions fitting(ImageSize image) {
        long patches = patches(image);
        if (scheme != Positions.LEARNED_PATCHES && rows == patches + prefixRows) {
            return withPrefix();
        }
        return mayBePatchesOnly() && rows == patches ? Positions.LEARNED_PATCHES : null;
    }

    private Positions withPrefix() {
        return prefixRows == prefix ? Positions.LEARNED : Positions.LEARNED_CLASS_AND_PATCHES;
    }

    private boolean mayBePatchesOnly() {
        return scheme == null || scheme == Positions.LEARNED_PATCHES;
    }

    private long patches(ImageSize image) {
        return (long) stem.patchesAlong(image.height()) * stem.patchesAlong(image.width());
    }

    /** The square image that the rows are for. */
    private Grid square(ImageSize target) throws InputException {
        int all = scheme == Positions.LEARNED_PATCHES ? 0 : side(rows - prefixRows);
        int patchesOnly = mayBePatchesOnly() ? side(rows) : 0;
        boolean either = scheme == null && prefix > 0;
        // 4×4 patches without a row for the class token have as many rows as 3×5 patches with one. timm's models with registers have no such row.
        boolean ambiguous = either && patchesOnly > 0 && (all > 0 || !registers && !family.hasSquareGridsOnly());
        if (all == 0 && patchesOnly == 0 || ambiguous) {
            if (target != null) {
                throw misfit(target);
            }
            throw inference.positionFault().expected(ambiguous ? "the image's size, or positions (learned or learned_patches), in the configuration"
                    : "a square number of patches, or the image's size in the configuration").found(rows)
                    .because("the image's size cannot be told from the position embeddings");
        }
        if (either && all == 0 && !family.hasSquareGridsOnly()) {
            warnings.add("positions for the patches only assumed, none for the " + prefix + " tokens before them; the weights do not tell");
        }
        int pixels = (int) Math.min((long) Math.max(all, patchesOnly) * patch, Integer.MAX_VALUE);
        return new Grid(new ImageSize(pixels, pixels), null, all > 0 ? withPrefix() : Positions.LEARNED_PATCHES);
    }

    private Grid checked(ImageSize stored, ImageSize image, Positions positions) throws InputException {
        boolean whole = image.equals(stored) || stem.covers(image.height(), image.width());
        if (!whole) {
            throw inference.positionFault().expected("sides that the patch of " + patch + " pixels divides").found(image + " pixels")
                    .because("the position embeddings do not fit the image");
        }
        if (patches(image) > (long) MOST_GROWTH * rows) {
            throw inference.positionFault().expected("at most " + (long) MOST_GROWTH * rows + " patches, " + MOST_GROWTH + " times the rows that there are")
                    .found(patches(image) + " patches of " + image + " pixels").because("the position embeddings do not fit the image");
        }
        return new Grid(stored, image, positions);
    }

    private InputException misfit(ImageSize image) {
        long patches = patches(image);
        long expected = scheme == Positions.LEARNED_PATCHES ? patches : patches + prefixRows;
        return inference.positionFault().expected(expected + " rows for " + image + " pixels, patch " + patch + " and " + prefix + " prefix tokens")
                .found(rows).because("the position embeddings do not fit the image");
    }

    /** The side of a square of this many patches; 0 if there is none. */
    private static int side(int patches) {
        int side = patches < 1 ? 0 : (int) Math.round(Math.sqrt(patches));
        return side * side == patches ? side : 0;
    }
}
