package vit.model.train;

import java.io.IOException;

/** Observes a {@link Trainer} while it trains. It is called on the training thread, between steps, and may cancel and save the trainer. */
public interface TrainingListener {

    /** Does nothing. */
    TrainingListener NONE = new TrainingListener() {};

    /**
     * Called after an optimiser step.
     *
     * @param step  number of steps taken, from 1
     * @param steps number of steps of the whole training
     * @param loss  mean loss of the step's images
     */
    default void step(long step, long steps, double loss) throws IOException {}

    /** Called after an epoch and its validation. */
    default void epoch(EpochReport report) throws IOException {}
}
