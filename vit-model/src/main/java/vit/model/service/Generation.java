package vit.model.service;

import vit.model.VitModel;

/**
 * A model with its sessions, one for each worker, from the moment it is warm until the last request that was prepared for it has ended. Replacing a model
 * makes a second generation: a request belongs to one of them from its arrival on, so its preprocessing, its pass and its labels are of one
 * model. The count of users is guarded by the {@link Dispatcher}.
 */
final class Generation {

    private static final System.Logger LOGGER = System.getLogger("vit.service");

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

    /** Closes the sessions, and leaves the model to its owner. Throws nothing: the requests of whoever closes it have nothing to do with it. */
    void closeEngines() {
        for (Engine engine : engines) {
            try {
                engine.close();
            } catch (RuntimeException e) {
                LOGGER.log(System.Logger.Level.ERROR, "a session could not be closed", e);
            }
        }
    }

    /** Closes the sessions and the model. */
    void close() {
        closeEngines();
        if (model != null) {
            model.close();
        }
    }
}
