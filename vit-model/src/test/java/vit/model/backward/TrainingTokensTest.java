package vit.model.backward;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import vit.kernels.tensor.TensorArena;
import vit.model.TokenMerging;
import vit.model.TrainingOptions;
import vit.model.config.VitConfig;

/** What a training pass plans for tokens that it merges. */
class TrainingTokensTest {

    private static final VitConfig CONFIG = VitConfig.builder().image(16, 16).patch(4).width(24).depth(3).heads(3).mlp(40).classes(3).build();

    private static TrainingTokens tokens(TokenMerging merging, TensorArena arena) {
        return new TrainingTokens(CONFIG, TrainingOptions.of(2, 5).withTokenMerging(merging), arena);
    }

    @Test
    void mergingNothingTakesNoMemory() {
        for (TokenMerging none : new TokenMerging[] {TokenMerging.NONE, TokenMerging.byBlock(0, 0), TokenMerging.decreasing(0)}) {
            try (TensorArena arena = TensorArena.open()) {
                TrainingTokens tokens = tokens(none, arena);
                assertEquals(0, arena.bytes());
                assertNull(tokens.lastSizes());
                for (int block = 0; block < CONFIG.depth(); block++) {
                    assertEquals(17, tokens.count(block));
                    assertNull(tokens.step(block));
                    assertNull(tokens.logSizes(block));
                }
            }
        }
    }

    @Test
    void onlyTheBlocksBehindAMergeHaveSizes() {
        try (TensorArena arena = TensorArena.open()) {
            TrainingTokens tokens = tokens(TokenMerging.byBlock(0, 3), arena);
            assertTrue(arena.bytes() > 0);
            assertNull(tokens.step(0));
            assertNull(tokens.logSizes(1));
            assertNotNull(tokens.step(1));
            assertNull(tokens.step(2));
            assertEquals(14, tokens.logSizes(2).columns());
            assertEquals(14, tokens.lastSizes().columns());
            assertEquals(14, tokens.last());
        }
    }
}
