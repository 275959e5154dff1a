package vit.model.hardening;

import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import vit.kernels.tensor.TensorArena;
import vit.model.ModelClosedException;
import vit.model.SessionClosedException;
import vit.model.SessionInUseException;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;

/** Closes sessions and models while calls run. Each call gives the right bits or the documented exception. */
final class ClosingProbe {

    private static final int MOST_THREADS = 4;

    /** The number of sessions that are closed before a model is. In the interpreter, making a model takes longer than everything else. */
    private static final int CLOSES_A_MODEL = 5;

    /** Time for the threads of the last team to end, on a busy machine. */
    private static final int THREADS_END_SECONDS = 120;

    private static final AtomicInteger RIGHT = new AtomicInteger();
    private static final AtomicInteger REFUSED = new AtomicInteger();
    private static final AtomicReference<Object> WRONG = new AtomicReference<>();

    private ClosingProbe() {}

    /** @param arguments the number of closes */
    public static void main(String[] arguments) throws Exception {
        int closes = Integer.parseInt(arguments[0]);
        String expected = SmallModel.logits();
        SmallModel.awaitCompilation();
        Random random = new Random(1);
        for (int i = 0; i < closes; ) {
            VitModel model = SmallModel.open();
            for (int of = Math.min(i + CLOSES_A_MODEL, closes); i < of; i++) {
                close(model, i + 1 == of, 1 + i % MOST_THREADS, random, expected);
            }
            model.close();
        }
        long deadline = System.nanoTime() + THREADS_END_SECONDS * 1_000_000_000L;
        while (SmallModel.threads() > 0) {
            if (System.nanoTime() > deadline) {
                System.out.println(SmallModel.threads() + " threads live on " + THREADS_END_SECONDS + " seconds after the last close");
                System.exit(1);
            }
            Thread.sleep(1);
        }
        System.out.println("closes " + closes + ", right " + RIGHT + ", refused " + REFUSED + ", wrong " + WRONG + ", live bytes "
                + TensorArena.liveBytes());
        System.exit(WRONG.get() == null && TensorArena.liveBytes() == 0 && RIGHT.get() > 0 && REFUSED.get() > 0 ? 0 : 1);
    }

    /**
     * Lets one or two threads call a session with a team of {@code threads}, and closes the session at a random moment. If it is the last
     * session of its model, the model is closed first.
     */
    private static void close(VitModel model, boolean last, int threads, Random random, String expected) throws Exception {
        VitSession session = model.newSession(SessionOptions.threads(threads));
        Thread[] callers = new Thread[1 + random.nextInt(2)];
        for (int i = 0; i < callers.length; i++) {
            callers[i] = Thread.ofPlatform().start(() -> call(session, expected));
        }
        LockSupport.parkNanos(random.nextInt(2_000_000));
        if (last) {
            model.close();
        }
        session.close();
        for (Thread caller : callers) {
            caller.join();
        }
    }

    private static void call(VitSession session, String expected) {
        while (true) {
            try {
                String logits = SmallModel.call(session);
                if (!logits.equals(expected)) {
                    WRONG.compareAndSet(null, logits);
                }
                RIGHT.incrementAndGet();
            } catch (SessionInUseException e) {
                Thread.onSpinWait();
            } catch (SessionClosedException | ModelClosedException e) {
                REFUSED.incrementAndGet();
                return;
            } catch (Throwable e) {
                WRONG.compareAndSet(null, e);
                return;
            }
        }
    }
}
