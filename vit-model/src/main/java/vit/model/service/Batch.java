package vit.model.service;

/** The requests that a worker computes together. Every worker has one batch and fills it again and again. */
final class Batch {

    final Ticket[] members;
    int size;
    long started; // clock, nanoseconds
    long expectedNanos;

    /** Requests that the worker fails without computing them, a list by {@link Ticket#next}. */
    Ticket expired;

    Batch(int limit) {
        members = new Ticket[limit];
    }

    /** Whether a member has failed. */
    boolean hasFailed() {
        for (int i = 0; i < size; i++) {
            if (members[i].failure != null) {
                return true;
            }
        }
        return false;
    }

    void clear() {
        for (int i = 0; i < size; i++) {
            members[i] = null;
        }
        size = 0;
        expired = null;
    }
}
