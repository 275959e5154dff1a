package vit.model.forward;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** A pass computes no block that nothing needs. */
class TokenOutputsTest {

    private static final float[] SOME = {};

    @Test
    void aPassEndsWithTheLastBlockThatIsNeeded() {
        float[][] first = {SOME, null, null};
        float[][] second = {SOME, SOME, null};
        assertEquals(1, new TokenOutputs(first, null, true, false).depth());
        assertEquals(2, new TokenOutputs(second, null, false, false).depth());
        assertEquals(3, new TokenOutputs(first, SOME, true, false).depth());
        assertEquals(3, new TokenOutputs(first, null, true, true).depth());
        assertEquals(0, new TokenOutputs(new float[0][], SOME, true, false).depth());
    }
}
