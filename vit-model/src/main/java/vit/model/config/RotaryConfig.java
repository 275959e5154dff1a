package vit.model.config;

import java.io.Serializable;
import java.util.Objects;

/**
 * Rotary positions in two dimensions (Su et al. 2021; Heo et al. 2024): queries and keys of the patches are rotated by angles that grow with the row
 * and the column of the patch. Half of a head's angles belong to the row, the others to the column. Prefix tokens are not rotated.
 *
 * @param scheme          coordinates of a patch, and which elements of a head are rotated together
 * @param theta           the base of the frequencies: angle j is the coordinate times theta^(−j / (D/4)), j = 0 … D/4 − 1
 * @param referenceHeight rows of the grid to which {@link Scheme#EVA} scales its coordinates; not used by {@link Scheme#DINOV3}
 * @param referenceWidth  columns of that grid
 */
public record RotaryConfig(Scheme scheme, double theta, int referenceHeight, int referenceWidth) implements Serializable {

    /** The published schemes. */
    public enum Scheme {
        /** Coordinates 2π·(2(y + ½)/H − 1); element i of a head is rotated with element i + D/2 (Siméoni et al. 2025). */
        DINOV3,
        /** Coordinates y/H · reference height; neighbouring elements are rotated together (Fang et al. 2023). */
        EVA
    }

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if theta is not above 0, or the reference grid is empty or too large
     */
    public RotaryConfig {
        Objects.requireNonNull(scheme, "scheme");
        Dimensions.require(theta > 0 && Double.isFinite(theta), "rotary theta " + theta + " is not above 0");
        Dimensions.check("rotary reference height", referenceHeight, 1);
        Dimensions.check("rotary reference width", referenceWidth, 1);
    }
}
