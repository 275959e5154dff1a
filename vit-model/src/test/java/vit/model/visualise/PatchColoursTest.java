package vit.model.visualise;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.api.Test;

/** Patch features become colours along their principal components. */
class PatchColoursTest {

    /** Tokens that vary by 2 along one axis and by 1 along another, around a large mean. */
    @Test
    void coloursAreTheStretchedComponents() {
        float[] patches = {
            102, 7, 51, 0,   98, 7, 51, 0,
            102, 7, 49, 0,   98, 7, 49, 0,
        };
        PatchColours colours = PatchColours.of(patches, 2, 2);
        assertArrayEquals(new double[] {0.8, 0.2, 0}, colours.shares(), 1e-9);
        assertArrayEquals(new double[] {1, 0, 1, 0}, colours.components()[0].values(), 1e-4);
        assertArrayEquals(new double[] {1, 1, 0, 0}, colours.components()[1].values(), 1e-4);
        assertArrayEquals(new double[] {0.5, 0.5, 0.5, 0.5}, colours.components()[2].values());
        assertEquals(0xFFFF80, colours.at(0, 0));
        assertEquals(0x00FF80, colours.at(0, 1));
        assertNotEquals(colours.at(1, 0), colours.at(1, 1));
    }

    @Test
    void equalPatchesAreGrey() {
        PatchColours colours = PatchColours.of(new float[] {1, 2, 1, 2, 1, 2}, 1, 3);
        assertArrayEquals(new double[3], colours.shares());
        assertEquals(0x808080, colours.at(0, 2));
    }
}
