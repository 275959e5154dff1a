package vit.model.service;

import vit.model.AttentionMaps;

/**
 * A request on its way through the service. While it waits, its fields are guarded by the {@link Dispatcher}; while it is computed, they belong to the
 * worker; before and afterwards to the caller. {@link #state} is volatile and is set last, so whoever sees {@link State#DONE} sees the result.
 */
final class Ticket {

    /** What the model computes. What is made of it afterwards does not matter to queue and batches. */
    enum Output {
        LOGITS, EMBEDDING,
        /** Logits and embedding, in one pass. */
        BOTH,
        /** The attention of every block, and the logits if there is a head. Takes as long as several passes. */
        ATTENTION;

        boolean hasLogits() {
            return this != EMBEDDING;
        }

        boolean hasEmbedding() {
            return this == EMBEDDING || this == BOTH;
        }
    }

    enum State {
        NEW, WAITING, COMPUTING, DONE
    }

    Output output;
    boolean urgent;
    float[] pixels; // (channels, height, width) or longer
    float[] logits; // (classes) or longer, or null
    float[] embedding; // (E) or longer, or null
    AttentionMaps attention; // or null
    long bytes; // of the pixels, for the queue's bound
    long arrived; // clock, nanoseconds
    long deadline; // the same clock
    long queued; // when it was admitted
    long predicted; // when its answer was expected then
    boolean toWait; // whether it was expected to wait, and to be in time
    long started; // when its pass began
    long ended; // when its pass had ended
    int passes; // how many passes over one image take as long
    Generation generation;
    Throwable failure; // or null
    Thread waiter; // the caller that is parked, or null
    Runnable delivery; // called once it is done, or null

    /** Neighbours in the queue or in a list of removed tickets. */
    Ticket previous;
    Ticket next;

    volatile State state = State.NEW;

    /** Makes a used ticket as good as new, and forgets the arrays. */
    void clear() {
        output = null;
        pixels = null;
        logits = null;
        embedding = null;
        attention = null;
        generation = null;
        failure = null;
        waiter = null;
        delivery = null;
        previous = null;
        next = null;
        state = State.NEW;
    }
}
