package vit.bench.load;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Some servers that take the same time for every request, and compute nothing. */
final class SlowTarget implements Target {

    private final ExecutorService servers;
    private final long nanos;

    SlowTarget(int count, long millis) {
        servers = Executors.newFixedThreadPool(count);
        nanos = TimeUnit.MILLISECONDS.toNanos(millis);
    }

    @Override
    public String name() {
        return "slow";
    }

    @Override
    public void send(long deadline, Reply reply) {
        servers.execute(() -> {
            LockSupport.parkNanos(nanos);
            reply.answered();
        });
    }

    @Override
    public boolean isInProcess() {
        return true;
    }

    @Override
    public void close() {
        servers.shutdownNow();
    }
}
