package vit.model.train;

import java.io.IOException;

/** Looks on while a {@link Trainer} trains. Called on the training thread, between steps; it may cancel and save the trainer. */
public interface TrainingListener {

    /** Hears nothing. */
    TrainingListener NONE = new TrainingListener() {};

    /**
     * After an optimiser step.
     *
     * @param step  steps taken, from 1
     * @param steps of the whole training
     * @param loss  mean loss of the step's images
     */
    default void step(long step, long steps, double loss) throws IOException {}

    /** After an epoch and its validation. */
    default void epoch(EpochReport report) throws IOException {}
}
