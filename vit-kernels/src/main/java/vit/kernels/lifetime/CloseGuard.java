package vit.kernels.lifetime;

import java.lang.ref.Cleaner;
import java.util.Set;

/**
 * Frees the memory and the threads of an object that nobody closed, once nothing refers to the object any more. It logs one warning that says where
 * the object was made. The warning goes to the {@link System.Logger} with the name {@value #LOGGER}.
 *
 * <p>All guards share one daemon thread, {@value #THREAD}. It starts with the first guard and sleeps until the garbage collector finds an object. The
 * collector decides when that happens, and whether it happens before the program ends. So a guard is a safety net, and objects must still be closed.
 */
public final class CloseGuard {

    /** The name of the logger. */
    public static final String LOGGER = "vit.lifetime";

    private static final String THREAD = "vit-cleaner";

    private static final Cleaner CLEANER = Cleaner.create(task -> {
        Thread thread = Thread.ofPlatform().daemon().name(THREAD).inheritInheritableThreadLocals(false).unstarted(task);
        thread.setContextClassLoader(null); // otherwise it would keep an application's classes for ever
        return thread;
    });

    private final Release release;
    private final Cleaner.Cleanable cleanable;

    private CloseGuard(Object owner, Release release) {
        this.release = release;
        this.cleanable = CLEANER.register(owner, release);
    }

    /**
     * A guard of {@code owner}.
     *
     * @param owner  the object that should be closed
     * @param what   names the owner in the warning, for example {@code the session vit-session-3}
     * @param free   gives memory and threads back; must not refer to the owner, which would then never be found
     * @param makers classes through which the owner is made; the warning names the first caller that is none of them
     */
    public static CloseGuard of(Object owner, String what, Runnable free, Class<?>... makers) {
        return new CloseGuard(owner, new Release(what, free, Set.of(makers)));
    }

    /** Frees the memory and threads unless that has been done. The owner calls this when it is closed; there is no warning then. */
    public void close() {
        release.closed = true;
        cleanable.clean();
    }

    /** The release, which happens once: in {@link #close}, or on the cleaner's thread. */
    private static final class Release implements Runnable {

        private final String what;
        private final Runnable free;
        private final Set<Class<?>> makers;
        private final Throwable made = new Throwable("it was made here"); // costs a microsecond; its text is made only when it is needed
        private volatile boolean closed;

        Release(String what, Runnable free, Set<Class<?>> makers) {
            this.what = what;
            this.free = free;
            this.makers = makers;
        }

        @Override
        public void run() {
            if (closed) {
                free.run();
                return;
            }
            String outcome = "its memory and threads have been freed";
            try {
                free.run();
            } catch (RuntimeException | Error e) {
                outcome = "freeing its memory and threads failed: " + e;
            }
            System.getLogger(LOGGER).log(System.Logger.Level.WARNING, what + " was never closed, and nothing refers to it any more; " + outcome
                    + ". It was made at " + place() + ". Close it, for example by try-with-resources.", made);
        }

        /** The stack frame that asked for the owner. */
        private String place() {
            for (StackTraceElement frame : made.getStackTrace()) {
                if (!isMaker(frame.getClassName())) {
                    return frame.toString();
                }
            }
            return "an unknown place";
        }

        private boolean isMaker(String className) {
            if (className.equals(Release.class.getName()) || className.equals(CloseGuard.class.getName()) || className.equals(Lifetime.class.getName())) {
                return true;
            }
            for (Class<?> maker : makers) {
                if (className.equals(maker.getName())) {
                    return true;
                }
            }
            return false;
        }
    }
}
