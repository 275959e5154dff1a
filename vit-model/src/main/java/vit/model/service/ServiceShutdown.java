package vit.model.service;

import java.util.List;

/** Closes a service: refuses, drains, ends the threads, frees the memory. */
final class ServiceShutdown {

    private final String name;
    private final Dispatcher dispatcher;
    private final ServiceCalls calls;
    private final List<Thread> workers;
    private final Thread starter;
    private boolean interrupted;

    ServiceShutdown(String name, Dispatcher dispatcher, ServiceCalls calls, List<Thread> workers, Thread starter) {
        this.name = name;
        this.dispatcher = dispatcher;
        this.calls = calls;
        this.workers = workers;
        this.starter = starter;
    }

    void run(long drainNanos) {
        dispatcher.beginClosing();
        starter.interrupt();
        join(starter);
        if (!drained(workers.contains(Thread.currentThread()) ? 0 : drainNanos)) {
            ServiceLog.warning(name + ": the drain time has passed; " + dispatcher.queueLength() + " requests that wait are refused");
        }
        calls.failRest(dispatcher.end());
        workers.forEach(this::join);
        dispatcher.uninstall();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean drained(long nanos) {
        try {
            return dispatcher.awaitIdle(interrupted ? 0 : nanos);
        } catch (InterruptedException e) {
            interrupted = true;
            return false;
        }
    }

    /** Waits for a thread that ends soon, whatever interrupts come. */
    private void join(Thread thread) {
        while (thread != Thread.currentThread() && thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
    }
}
