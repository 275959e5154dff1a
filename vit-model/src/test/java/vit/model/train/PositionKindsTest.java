package vit.model.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.Positions;
import vit.model.image.RgbImage;
import vit.model.train.data.ImageSource;
import vit.model.train.data.Split;

/** Every kind of positions can be trained, with the same bits at any number of threads and passes; without positions a model sees no order. */
class PositionKindsTest {

    private static VitConfig config(Positions positions) {
        return TrainerTest.CONFIG.toBuilder().image(8, 12).positions(positions).build();
    }

    private static String trained(VitConfig config, TrainerOptions options) throws Exception {
        Recipe recipe = TrainerTest.RECIPE.withEpochs(1);
        try (Trainer trainer = Trainer.of(Initialization.of(config, 5), TrainerTest.split(), TrainerTest.preprocessing(), recipe, options)) {
            trainer.train(TrainingListener.NONE);
            return TrainerTest.bits(trainer);
        }
    }

    @Test
    void resultIsTheSameAtAnyThreadCountInAnyPassesAndDependsOnTheKind() throws Exception {
        List<String> kinds = new ArrayList<>();
        for (Positions positions : Positions.values()) {
            String expected = trained(config(positions), TrainerOptions.threads(1));
            assertEquals(expected, trained(config(positions), TrainerOptions.threads(2).withAccumulate(3)), () -> positions + " in passes");
            assertEquals(expected, trained(config(positions), TrainerOptions.threads(1).withCheckpointing(true)), () -> positions + " with checkpointing");
            assertTrue(positions == Positions.LEARNED_CLASS_AND_PATCHES || !kinds.contains(expected), () -> positions + " trains as another kind does");
            kinds.add(expected);
        }
    }

    /** A bright patch in one of four corners of 3×3 patches; the rest is dark. Only the place tells the class. */
    private record Corners(int size) implements ImageSource {
        @Override
        public List<String> classes() {
            return List.of("above left", "above right", "below left", "below right");
        }

        @Override
        public int label(int index) {
            return index % 4;
        }

        @Override
        public RgbImage image(int index) {
            byte[] pixels = new byte[12 * 12 * RgbImage.CHANNELS];
            int top = index % 4 < 2 ? 0 : 8;
            int left = index % 2 == 0 ? 0 : 8;
            for (int i = 0; i < pixels.length; i++) {
                int x = i / RgbImage.CHANNELS % 12;
                int y = i / RgbImage.CHANNELS / 12;
                boolean bright = x >= left && x < left + 4 && y >= top && y < top + 4;
                pixels[i] = (byte) (bright ? 180 + index / 4 % 60 : 30 + index / 4 % 40);
            }
            return new RgbImage("corner " + index, 12, 12, pixels);
        }
    }

    @ParameterizedTest
    @EnumSource(Positions.class)
    void modelLearnsWhereThePatchIsIfItHasPositions(Positions positions) throws Exception {
        VitConfig config = TrainerTest.CONFIG.toBuilder().image(12, 12).classes(4).positions(positions).build();
        Split split = Split.stratified(new Corners(96), 0.25, 3);
        try (Trainer trainer = Trainer.of(new Initialization(config, Initialization.Scheme.VIT_PYTORCH, 5), split, TrainerTest.preprocessing(),
                Recipe.plain(12, 8, 3e-3), TrainerOptions.threads(1))) {
            EpochReport last = trainer.train(TrainingListener.NONE).getLast();
            System.out.println("corners, " + positions + ": " + last);
            if (positions == Positions.NONE) {
                assertTrue(last.validationAccuracy() <= 0.5, last::toString);
            } else {
                assertTrue(last.validationAccuracy() >= 0.95, last::toString);
            }
        }
    }
}
