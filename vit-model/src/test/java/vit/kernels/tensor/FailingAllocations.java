package vit.kernels.tensor;

/** Makes one off-heap allocation of the thread that opened this fail, as it would if the system had no memory left. */
public final class FailingAllocations implements AutoCloseable {

    private final Thread thread = Thread.currentThread();
    private int left;
    private boolean failed;

    private FailingAllocations(int which) {
        left = which;
    }

    /** Lets the {@code which}-th allocation from now on fail, counted from 1. */
    public static FailingAllocations at(int which) {
        FailingAllocations failing = new FailingAllocations(which);
        TensorArena.beforeAllocation = failing::allocation;
        return failing;
    }

    private void allocation() {
        if (Thread.currentThread() == thread && --left == 0) {
            failed = true;
            throw new OutOfMemoryError("planned");
        }
    }

    /** Whether that allocation has been reached. */
    public boolean happened() {
        return failed;
    }

    @Override
    public void close() {
        TensorArena.beforeAllocation = null;
    }
}
