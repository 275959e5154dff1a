package vit.model.service;

import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import vit.model.VitModel;
import vit.model.WarmUpReport;

/** A session that takes the same time for every batch while it is measured, so that batches pay on any machine. */
class EvenCostEngine implements Engine {

    private final SessionEngine session;
    private final BooleanSupplier measured;

    /** @param measured whether the service measures what passes cost */
    EvenCostEngine(VitModel model, ServiceOptions options, String name, BooleanSupplier measured) {
        this.session = new SessionEngine(model, options, name);
        this.measured = measured;
    }

    @Override
    public WarmUpReport warmUp() {
        return session.warmUp();
    }

    @Override
    public void run(Batch batch) {
        if (measured.getAsBoolean()) {
            LockSupport.parkNanos(1_000_000);
        }
        session.run(batch);
    }

    @Override
    public void close() {
        session.close();
    }
}
