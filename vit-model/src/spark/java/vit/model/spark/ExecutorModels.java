package vit.model.spark;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import vit.model.VitModel;
import vit.model.image.Preprocessing;

/**
 * The models of this JVM, which all of its tasks share. A model is loaded once, by the first task that needs it; tasks that need it meanwhile wait, and tasks of
 * other models do not. A model that nobody uses stays, because the next task probably needs it, until {@value #MOST_MODELS} others have been used since. The rest
 * end with the JVM.
 */
final class ExecutorModels {

    private static final int MOST_MODELS = 4;

    private static final Map<String, Loaded> MODELS = new LinkedHashMap<>(16, 0.75f, true); // by ModelFiles.hash, the least recently used first

    private ExecutorModels() {}

    /** A model of this JVM and its idle sessions. */
    static final class Loaded {

        private final Deque<ModelLease.Pooled> idle = new ArrayDeque<>();
        private VitModel model; // null before it is loaded
        private Preprocessing preprocessing;
        private int users; // tasks that have or wait for a session; guarded by MODELS

        /** A session of these options: an idle one, or a new one. Loads the model if nobody has. */
        private synchronized ModelLease lease(ModelFiles files, int threads, int batch) throws IOException {
            if (model == null) {
                model = files.load();
                preprocessing = files.preprocessing(model);
            }
            for (Iterator<ModelLease.Pooled> all = idle.iterator(); all.hasNext();) {
                ModelLease.Pooled pooled = all.next();
                if (pooled.threads() == threads && pooled.batch() == batch) {
                    all.remove();
                    return new ModelLease(this, pooled);
                }
            }
            idle.forEach(ModelLease.Pooled::close); // of other options: what asked for them is over
            idle.clear();
            return new ModelLease(this, ModelLease.Pooled.of(model, threads, batch));
        }

        synchronized VitModel model() {
            return model;
        }

        synchronized Preprocessing preprocessing() {
            return preprocessing;
        }

        void giveBack(ModelLease.Pooled pooled) {
            synchronized (this) {
                idle.add(pooled);
            }
            synchronized (MODELS) {
                users--;
            }
        }

        private synchronized void close() {
            idle.forEach(ModelLease.Pooled::close);
            if (model != null) {
                model.close();
            }
        }
    }

    /**
     * Borrows a session.
     *
     * @param threads size of its team
     * @param batch   most images in a call
     * @throws IOException if the model cannot be loaded; the next task tries again
     */
    static ModelLease lease(ModelFiles files, int threads, int batch) throws IOException {
        Loaded loaded;
        synchronized (MODELS) {
            loaded = MODELS.computeIfAbsent(files.hash(), _ -> new Loaded());
            loaded.users++;
            closeUnused();
        }
        boolean leased = false;
        try {
            ModelLease lease = loaded.lease(files, threads, batch);
            leased = true;
            return lease;
        } finally {
            if (!leased) {
                synchronized (MODELS) {
                    loaded.users--;
                }
            }
        }
    }

    private static void closeUnused() {
        Iterator<Loaded> all = MODELS.values().iterator();
        while (MODELS.size() > MOST_MODELS && all.hasNext()) {
            Loaded oldest = all.next();
            if (oldest.users == 0) {
                all.remove();
                oldest.close();
            }
        }
    }

    /** How many models this JVM holds. */
    static int count() {
        synchronized (MODELS) {
            return MODELS.size();
        }
    }

    /** The numbers of threads of the sessions of this model that wait for a task. */
    static List<Integer> idleThreads(ModelFiles files) {
        Loaded loaded;
        synchronized (MODELS) {
            loaded = MODELS.get(files.hash());
        }
        if (loaded == null) {
            return List.of();
        }
        synchronized (loaded) {
            return loaded.idle.stream().map(pooled -> pooled.session().threads()).toList();
        }
    }
}
