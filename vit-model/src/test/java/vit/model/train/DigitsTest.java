package vit.model.train;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import vit.model.config.VitConfig;
import vit.model.golden.Golden;
import vit.model.train.Initialization.Scheme;
import vit.model.train.data.ImageFolder;
import vit.model.train.data.Split;

/** Training on real handwritten digits, if the data set is present: a few epochs in every build, the whole recipes with the heavy tests. */
class DigitsTest {

    private static final VitConfig CONFIG = VitConfig.builder().image(16, 16).patch(4).width(64).depth(4).heads(4).mlp(128).classes(10).build();

    private static double accuracy(Recipe recipe, Scheme scheme, long seed) throws Exception {
        Path digits = Golden.shared().resolve("data").resolve("usps-digits");
        assumeTrue(Files.isDirectory(digits), "no ../shared/data/usps-digits: skipped");
        ImageFolder images = ImageFolder.open(digits);
        Split split = Split.stratified(images, 0.25, seed);
        try (Trainer trainer = Trainer.of(new Initialization(CONFIG, scheme, seed), split, TrainerTest.preprocessing(), recipe.withSeed(seed),
                TrainerOptions.threads(2))) {
            List<EpochReport> history = trainer.train(TrainingListener.NONE);
            System.out.printf("digits, %s, %s, seed %d: %s%n", recipe.name(), scheme, seed, history.getLast());
            return history.getLast().validationAccuracy();
        }
    }

    @Test
    void aFewEpochsLearnMostDigits() throws Exception {
        assertTrue(accuracy(Recipes.named("plain").withEpochs(8), Scheme.VIT_PYTORCH, 1) > 0.6);
    }

    @Test
    @Tag("heavy")
    void thirtyPlainEpochsReachWhatPyTorchReaches() throws Exception {
        double sum = 0;
        for (int seed = 1; seed <= 3; seed++) {
            sum += accuracy(Recipes.named("plain"), Scheme.VIT_PYTORCH, seed);
        }
        assertTrue(sum / 3 > 0.83, "mean " + sum / 3);
    }

    @Test
    @Tag("heavy")
    void theBetterRecipeReachesNinetyTwoPercent() throws Exception {
        assertTrue(accuracy(Recipes.named("small"), Scheme.VIT_PYTORCH, 1) >= 0.92);
    }
}
