package vit.model.spark;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import vit.model.train.ShardWorker;
import vit.model.train.data.CachedImages;
import vit.model.train.data.ImageSource;

/**
 * The workers of this JVM for one training, kept from step to step because their memory is large. They hold nothing that could not be made again, so a lost executor
 * costs only time. When a task of another training comes, the idle workers of the last one are closed.
 */
final class ShardWorkers {

    private static String job; // whose workers these are; guarded by the class
    private static ImageSource images;
    private static final Deque<Borrowed> IDLE = new ArrayDeque<>();

    private ShardWorkers() {}

    /** A worker that one task has. */
    static final class Borrowed {

        private final String owner;
        private final int threads;
        private final ShardWorker worker;
        private long version = -1; // of its weights

        private Borrowed(String owner, int threads, ShardWorker worker) {
            this.owner = owner;
            this.threads = threads;
            this.worker = worker;
        }

        /** The worker with these weights. */
        ShardWorker begin(StepWeights weights) {
            if (version != weights.version()) {
                worker.begin(weights.step(), weights.values().values());
                version = weights.version();
            }
            return worker;
        }
    }

    static Borrowed borrow(ShardJob wanted, int threads) throws IOException {
        ImageSource opened;
        synchronized (ShardWorkers.class) {
            if (!wanted.id().equals(job)) {
                closeIdle();
                ImageSource source = wanted.open();
                images = new CachedImages(source, source.isFreshEveryEpoch() ? 0 : wanted.options().cacheBytes());
                job = wanted.id();
            }
            while (!IDLE.isEmpty()) {
                Borrowed idle = IDLE.remove();
                if (idle.threads == threads) {
                    return idle;
                }
                idle.worker.close();
            }
            opened = images;
        }
        ShardWorker worker = new ShardWorker(opened, wanted.config(), wanted.preprocessing(), wanted.recipe(), wanted.options().withThreads(threads).withCacheBytes(0));
        return new Borrowed(wanted.id(), threads, worker);
    }

    static synchronized void giveBack(Borrowed borrowed) {
        if (borrowed.owner.equals(job)) {
            IDLE.add(borrowed);
        } else {
            borrowed.worker.close();
        }
    }

    private static void closeIdle() {
        while (!IDLE.isEmpty()) {
            IDLE.remove().worker.close();
        }
    }
}
