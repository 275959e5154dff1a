package vit.model.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrowsExactly;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import vit.kernels.parallel.CallInterruptedException;
import vit.model.SessionInUseException;
import vit.model.VitModel;

/** A trainer that several threads call, and one whose thread is interrupted. */
@Timeout(300)
class TrainerThreadsTest {

    @TempDir
    private Path folder;

    private static Trainer trainer() throws IOException {
        return TrainerTest.trainer(TrainerTest.RECIPE.withEpochs(2), TrainerOptions.threads(2).withLoaderThreads(2));
    }

    private static String right() throws Exception {
        try (Trainer trainer = trainer()) {
            trainer.train(TrainingListener.NONE);
            return TrainerTest.bits(trainer);
        }
    }

    @Test
    void aSecondThreadIsRefusedAndTheTrainingComesOutAsWithoutIt() throws Exception {
        try (Trainer trainer = trainer()) {
            CountDownLatch inside = new CountDownLatch(1);
            CountDownLatch leave = new CountDownLatch(1);
            AtomicReference<Throwable> wrong = new AtomicReference<>();
            Thread first = Thread.ofPlatform().uncaughtExceptionHandler((t, e) -> wrong.set(e)).start(() -> train(trainer, inside, leave));
            inside.await();
            assertThrowsExactly(SessionInUseException.class, () -> trainer.train(TrainingListener.NONE));
            assertThrowsExactly(SessionInUseException.class, trainer::evaluate);
            assertThrowsExactly(SessionInUseException.class, () -> trainer.save(folder.resolve("state.safetensors")));
            assertThrowsExactly(SessionInUseException.class, () -> VitModel.of(trainer.weights()));
            assertEquals(0, trainer.history().size());
            leave.countDown();
            first.join();
            assertEquals(null, wrong.get());
            assertEquals(right(), TrainerTest.bits(trainer));
        }
    }

    @Test
    void threadsCarryTheNameOfTheTrainingAndEndWithIt() throws Exception {
        Set<String> names = new HashSet<>();
        String owner;
        try (Trainer trainer = trainer()) {
            owner = trainer.training().toString();
            trainer.train(new TrainingListener() {
                @Override
                public void step(long step, long steps, double loss) {
                    names.addAll(threads(owner));
                }
            });
            assertEquals(Set.of(owner + "-worker-1"), threads(owner), "between two calls");
        }
        assertTrue(names.contains(owner + "-loader-0"), names::toString);
        while (!threads(owner).isEmpty()) {
            Thread.sleep(1);
        }
    }

    private static Set<String> threads(String owner) {
        return Thread.getAllStackTraces().keySet().stream().map(Thread::getName).filter(name -> name.startsWith(owner + "-")).collect(Collectors.toSet());
    }

    /** Trains, and waits in the first step until it may continue. */
    private void train(Trainer trainer, CountDownLatch inside, CountDownLatch leave) {
        try {
            trainer.train(new TrainingListener() {
                @Override
                public void step(long step, long steps, double loss) {
                    inside.countDown();
                    try {
                        leave.await();
                        trainer.save(folder.resolve("own.safetensors")); // a listener may save
                    } catch (InterruptedException | IOException e) {
                        throw new IllegalStateException(e);
                    }
                }
            });
        } catch (IOException | DivergedException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * The moment of each interrupt is drawn from the time that a whole training takes on this machine. A fixed time would miss every training
     * that is shorter. Trainings are repeated until twenty interrupts have ended one.
     */
    @Test
    void anInterruptedTrainingGoesOnAsIfThereHadBeenNoInterrupt() throws Exception {
        String right = right();
        int nanos;
        try (Trainer trainer = trainer()) {
            long begin = System.nanoTime();
            trainer.train(TrainingListener.NONE);
            nanos = Math.toIntExact(System.nanoTime() - begin);
        }
        Random random = new Random(1);
        int interrupts = 0;
        int trainings = 0;
        while (interrupts < 20) {
            try (Trainer trainer = trainer()) {
                while (!trainer.isDone()) {
                    interrupts += interrupted(trainer, random.nextInt(nanos)) ? 1 : 0;
                }
                assertEquals(right, TrainerTest.bits(trainer), "after " + interrupts + " interrupts");
            }
            trainings++;
        }
        System.out.println(interrupts + " interrupts in " + trainings + " trainings of " + nanos / 1_000 + " µs; all came out the same");
    }

    /** Trains while another thread interrupts this one. Returns whether the interrupt ended the training. */
    private static boolean interrupted(Trainer trainer, int afterNanos) throws DivergedException {
        Thread target = Thread.currentThread();
        AtomicBoolean done = new AtomicBoolean();
        Thread.ofPlatform().start(() -> {
            LockSupport.parkNanos(afterNanos);
            target.interrupt();
            done.set(true);
        });
        boolean ended = false;
        try {
            trainer.train(TrainingListener.NONE);
        } catch (IOException | CallInterruptedException e) {
            ended = true;
            assertTrue(e.toString().contains("nterrupt"), "it says so: " + e);
        }
        while (!done.get()) {
            Thread.onSpinWait();
        }
        assertTrue(Thread.interrupted(), "the flag is kept");
        return ended;
    }
}
