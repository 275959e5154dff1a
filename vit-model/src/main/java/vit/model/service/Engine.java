package vit.model.service;

import vit.model.WarmUpReport;

/** Computes batches, one at a time: a session, or in tests something whose time and results are given. */
interface Engine extends AutoCloseable {

    /** Brings calls to full speed. */
    WarmUpReport warmUp();

    /**
     * Computes {@code batch}: fills the result of every member, or sets its {@link Ticket#failure}. A fault of one member does not change the result of
     * another. Whatever goes wrong is set as a failure and not thrown.
     */
    void run(Batch batch);

    @Override
    void close();
}
