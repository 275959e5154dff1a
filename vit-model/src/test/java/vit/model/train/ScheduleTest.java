package vit.model.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

/** Learning rates over the steps of a training, against values of PyTorch and of the formulas. */
class ScheduleTest {

    private static final double EXACT = 1e-15;

    @Test
    void warmUpRisesLinearlyToTheFullRate() {
        for (Schedule.Shape shape : Schedule.Shape.values()) {
            Schedule schedule = new Schedule(shape, 0.4, 0.1, 0.04);
            assertEquals(0.1, schedule.at(0, 100), EXACT);
            assertEquals(0.2, schedule.at(1, 100), EXACT);
            assertEquals(0.4, schedule.at(3, 100), EXACT);
            assertEquals(0.4, schedule.at(4, 100), EXACT);
        }
    }

    @Test
    void shapesHaveTheirValues() {
        assertEquals(0.3, Schedule.constant(0.3).at(77, 100));
        assertEquals(0.25, new Schedule(Schedule.Shape.LINEAR, 0.4, 0.1, 0).at(50, 100), EXACT);
        assertEquals(0.25, new Schedule(Schedule.Shape.COSINE, 0.4, 0.1, 0).at(50, 100), EXACT);
        assertEquals(0.1 + 0.3 * (1 + Math.sqrt(0.5)) / 2, new Schedule(Schedule.Shape.COSINE, 0.4, 0.1, 0).at(25, 100), EXACT);
        // from PyTorch: SGD(lr=0.4) with CosineAnnealingLR(T_max=96), 7 steps after the 4 steps of warm-up
        assertEquals(0.4 * (1 + Math.cos(Math.PI * 7 / 96)) / 2, Schedule.cosine(0.4, 0.04).at(11, 100), EXACT);
        assertEquals(0.4 * (1 - 95.0 / 96), Schedule.linear(0.4, 0.04).at(99, 100), EXACT);
    }

    @Test
    void everyStepOfEveryScheduleLiesBetweenZeroAndTheRate() {
        for (int steps : new int[] {1, 2, 7, 1000}) {
            for (double warmup : new double[] {0, 0.1, 0.5, 1}) {
                for (Schedule.Shape shape : Schedule.Shape.values()) {
                    double before = 0;
                    for (int step = 0; step < steps; step++) {
                        double rate = new Schedule(shape, 0.4, 0, warmup).at(step, steps);
                        assertEquals(0.2, rate, 0.2 + EXACT);
                        boolean rising = step < Math.round(warmup * steps);
                        assertEquals(0, rising ? Math.max(0, before - rate) : shape == Schedule.Shape.CONSTANT ? Math.abs(0.4 - rate)
                                : step == Math.round(warmup * steps) ? 0 : Math.max(0, rate - before), EXACT);
                        before = rate;
                    }
                }
            }
        }
    }

    @Test
    void impossibleSchedulesAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> Schedule.constant(0));
        assertThrows(IllegalArgumentException.class, () -> Schedule.constant(Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> new Schedule(Schedule.Shape.LINEAR, 1, 2, 0));
        assertThrows(IllegalArgumentException.class, () -> Schedule.cosine(1, 1.1));
    }
}
