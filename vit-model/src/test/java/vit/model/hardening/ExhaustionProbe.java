package vit.model.hardening;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import vit.kernels.parallel.Workers;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;

/** One worker after the other runs out of heap or of stack, in a JVM with little of both. The call fails, and the next call is right. */
final class ExhaustionProbe {

    private static final int TEAM = 3;

    private static int depth;
    private static int refused;

    private ExhaustionProbe() {}

    /** @param arguments the number of rounds */
    public static void main(String[] arguments) throws Exception {
        int rounds = Integer.parseInt(arguments[0]);
        try (VitModel model = SmallModel.open(); Workers workers = Workers.of(TEAM); VitSession session = model.newSession(SessionOptions.workers(workers))) {
            String expected = SmallModel.call(session);
            int failures = 0;
            for (int i = 0; i < rounds; i++) {
                int bad = i % TEAM;
                boolean heap = i / TEAM % 2 == 0;
                try {
                    workers.run(w -> {
                        w.barrier();
                        if (w.index() == bad) {
                            exhaust(heap);
                        }
                        w.barrier();
                    });
                } catch (OutOfMemoryError | StackOverflowError e) {
                    failures++;
                }
                require(expected.equals(SmallModel.call(session)), "the call after round " + i);
            }
            require(failures == rounds, "every round fails");
            callNearTheEndOfTheStack(session, expected);
            require(expected.equals(SmallModel.call(session)), "the call afterwards");
            System.out.println("rounds " + rounds + ", failures " + failures + ", calls refused near the end of the stack " + refused);
        }
    }

    private static void exhaust(boolean heap) {
        if (!heap) {
            depth = recurse(0);
            return;
        }
        List<long[]> hoard = new ArrayList<>();
        while (true) {
            hoard.add(new long[1 << 16]);
        }
    }

    private static int recurse(int n) {
        return n == Integer.MAX_VALUE ? 0 : recurse(n + 1) + 1;
    }

    private static void callNearTheEndOfTheStack(VitSession session, String expected) throws InterruptedException {
        AtomicReference<Throwable> wrong = new AtomicReference<>();
        Thread caller = Thread.ofPlatform().uncaughtExceptionHandler((t, e) -> wrong.set(e)).start(() -> {
            for (int i = 0; i < 5; i++) {
                try {
                    descend(session, expected);
                } catch (StackOverflowError e) {
                    refused++;
                }
            }
        });
        caller.join();
        require(wrong.get() == null, "near the end of the stack: " + wrong.get());
    }

    private static void descend(VitSession session, String expected) {
        try {
            descend(session, expected);
        } catch (StackOverflowError e) {
            try {
                require(SmallModel.call(session).equals(expected), "a call near the end of the stack");
            } catch (StackOverflowError deeper) {
                refused++;
                throw deeper;
            }
        }
    }

    private static void require(boolean condition, String what) {
        if (!condition) {
            throw new AssertionError(what);
        }
    }
}
