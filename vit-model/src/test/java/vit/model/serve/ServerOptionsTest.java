package vit.model.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Bounds that have to fit together. */
class ServerOptionsTest {

    private static final ServerOptions DEFAULTS = ServerOptions.defaults();

    /** The queue, bodies with what is made of them, and decoding. */
    @Test
    void whatTheDefaultsAllowFitsIntoTheHeap() {
        long heap = Runtime.getRuntime().maxMemory();
        assertTrue(DEFAULTS.service().queueBytes() <= Math.min(256 << 20, heap / 8), DEFAULTS::toString);
        assertTrue(DEFAULTS.service().decodeBytes() <= heap / 2, DEFAULTS::toString);
        assertTrue(DEFAULTS.bodyBytes() <= Math.max(48 << 20, heap / 4), DEFAULTS::toString);
    }

    @Test
    void theLargestBodyAndWhatIsMadeOfItFindRoom() {
        assertEquals(3 << 20, DEFAULTS.withBodies(1 << 20, 1).bodyBytes());
        assertEquals(4 << 20, DEFAULTS.withBodies(1 << 20, 4 << 20).bodyBytes());
        new ServerOptions("x", 0, "vit", false, 100, 300, 1, DEFAULTS.pause(), DEFAULTS.service());
        assertThrows(IllegalArgumentException.class, () -> new ServerOptions("x", 0, "vit", false, 100, 299, 1, DEFAULTS.pause(), DEFAULTS.service()));
    }
}
