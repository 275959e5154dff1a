package vit.model.service;

import vit.model.VitModel;

/**
 * A model with its sessions, one for each worker, from the moment it is warm until the last request that was prepared for it has ended. Replacing a model
 * makes a second generation: a request belongs to one of them from its arrival on, so its preprocessing, its pass and its labels are of one
 * model. The count of users is guarded by the {@link Dispatcher}.
 */
final class Generation {

    private final VitModel model; // null in tests without a model
    private final Engine[] engines; // by worker
    private final CostTable costs;
    private int users = 1; // the dispatcher, while this generation is the current one, and every request

    Generation(VitModel model, Engine[] engines, CostTable costs) {
        this.model = model;
        this.engines = engines;
        this.costs = costs;
    }

    VitModel model() {
        return model;
    }

    CostTable costs() {
        return costs;
    }

    Engine engine(int worker) {
        return engines[worker];
    }

    void retain() {
        users++;
    }

    /** Returns whether that was the last user, who then calls {@link #close} outside the lock. */
    boolean release() {
        return --users == 0;
    }

    /** Closes the sessions, and leaves the model to its owner. */
    void closeEngines() {
        close(engines);
    }

    /** Closes sessions, of which some may be null. Throws nothing: the requests of whoever closes them have nothing to do with it. */
    static void close(Engine[] engines) {
        for (Engine engine : engines) {
            try {
                if (engine != null) {
                    engine.close();
                }
            } catch (Throwable e) {
                ServiceLog.error("a session could not be closed", e);
            }
        }
    }

    /** Closes the sessions and the model. Throws nothing. */
    void close() {
        closeEngines();
        try {
            if (model != null) {
                model.close();
            }
        } catch (Throwable e) {
            ServiceLog.error("a model could not be closed", e);
        }
    }
}
