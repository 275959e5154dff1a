package vit.bench.load;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;

/** The throughput of sessions that do nothing but compute batches of one size: what a service could reach at most if it cost nothing itself. */
final class FixedBatch {

    private FixedBatch() {}

    /** Images per second of some sessions at once, each warm and on a thread of its own. The first fifth of the time is not counted. */
    static double measure(VitModel model, int sessions, int threads, int batch, double seconds) throws InterruptedException {
        double[] rates = new double[sessions];
        AtomicReference<Throwable> fault = new AtomicReference<>();
        CountDownLatch begin = new CountDownLatch(sessions);
        List<Thread> workers = new ArrayList<>();
        for (int i = 0; i < sessions; i++) {
            int worker = i;
            workers.add(Thread.ofPlatform().start(() -> {
                try (VitSession session = model.newSession(SessionOptions.threads(threads).withBatch(batch).withFiniteCheck(true))) {
                    session.warmUp();
                    begin.countDown();
                    begin.await();
                    rates[worker] = rate(model, session, batch, seconds);
                } catch (Throwable e) {
                    fault.compareAndSet(null, e);
                    begin.countDown();
                }
            }));
        }
        for (Thread worker : workers) {
            worker.join();
        }
        if (fault.get() != null) {
            throw new IllegalStateException("batches of " + batch + " could not be computed", fault.get());
        }
        return Arrays.stream(rates).sum();
    }

    private static double rate(VitModel model, VitSession session, int batch, double seconds) {
        float[] one = ModelChoice.pixels(model.config());
        float[] images = new float[batch * one.length];
        for (int i = 0; i < batch; i++) {
            System.arraycopy(one, 0, images, i * one.length, one.length);
        }
        float[] logits = new float[batch * model.config().classes()];
        session.logits(images, batch, logits); // the warm-up is of single images
        long start = System.nanoTime();
        long begin = start;
        long end = start;
        long passes = 0;
        while (end - start < seconds * 1e9) {
            session.logits(images, batch, logits);
            end = System.nanoTime();
            if (end - start < seconds * 0.2e9) {
                begin = end;
            } else {
                passes++;
            }
        }
        return passes * batch / ((end - begin) / 1e9);
    }
}
