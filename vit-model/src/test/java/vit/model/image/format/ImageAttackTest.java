package vit.model.image.format;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Runs {@link ImageAttack} on every image reader. The seeds and their number are fixed, so that a failure can be repeated. */
class ImageAttackTest {

    private static final int QUICK = 8_000;
    private static final int HEAVY = 1_000_000;

    @Test
    void originalsAreSound() {
        ImageAttack attack = new ImageAttack();
        ImageAttack.originals().forEach((name, file) -> {
            try {
                ImageDecoder.decode(name, file);
            } catch (vit.model.InputException e) {
                throw new AssertionError(e);
            }
            attack.judge(name, file, file);
        });
        assertTrue(attack.report().startsWith(ImageAttack.originals().size() + " accepted"), attack.report());
    }

    @Test
    void changedImagesAreRefusedOrDecodedAtLittleCost() {
        run(0, QUICK);
    }

    @Test
    @Tag("heavy")
    void aMillionChangedImagesAreRefusedOrDecodedAtLittleCost() {
        run(1L << 32, HEAVY);
    }

    private static void run(long firstSeed, int count) {
        ImageAttack attack = new ImageAttack();
        for (int i = 0; i < count; i++) {
            attack.attack(firstSeed + i);
        }
        System.out.println(count + " changed images: " + attack.report());
    }

    /** The judgement must notice planted faults. */
    @Test
    void plantedFaultsAreSeen() {
        byte[] file = TestImages.encoded("png", 8, 8);
        byte[] other = TestImages.encoded("png", 8, 9);
        assertThrows(AssertionError.class, () -> new ImageAttack().judge("a.png", file, other));
        assertThrows(AssertionError.class, () -> new ImageAttack().judge("a.png", null, null));
    }
}
