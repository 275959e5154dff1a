package vit.model.spark;

import vit.kernels.parallel.Workers;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.image.Preprocessing;

/** A session that one task has borrowed, with its team. The task's thread uses it; any thread may give it back, and giving it back twice does nothing. */
final class ModelLease implements AutoCloseable {

    private final ExecutorModels.Loaded owner;
    private final Pooled pooled;
    private boolean returned;

    /** A session with its own team, which decodes images too. Both live as long as the model does. */
    record Pooled(int threads, int batch, Workers workers, VitSession session) {

        static Pooled of(VitModel model, int threads, int batch) {
            Workers workers = Workers.of(threads, "vit-spark");
            try {
                return new Pooled(threads, batch, workers, model.newSession(SessionOptions.workers(workers).withBatch(batch)));
            } catch (Throwable t) {
                workers.close();
                throw t;
            }
        }

        void close() {
            session.close();
            workers.close();
        }
    }

    ModelLease(ExecutorModels.Loaded owner, Pooled pooled) {
        this.owner = owner;
        this.pooled = pooled;
    }

    VitModel model() {
        return owner.model();
    }

    Preprocessing preprocessing() {
        return owner.preprocessing();
    }

    VitSession session() {
        return pooled.session();
    }

    Workers workers() {
        return pooled.workers();
    }

    @Override
    public synchronized void close() {
        if (!returned) {
            returned = true;
            owner.giveBack(pooled);
        }
    }
}
