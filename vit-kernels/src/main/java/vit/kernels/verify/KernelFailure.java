package vit.kernels.verify;

import java.util.Optional;

/**
 * A kernel that failed a check of a {@link Battery}. The message says the kernel, the check, the argument with row and column, what was expected and
 * found, the error in units of the bound and of the last place, the smallest failing case that was found, and how to run it again.
 */
public final class KernelFailure extends AssertionError {

    private static final long serialVersionUID = 1;

    private final String kernel;
    private final Check check;
    private final transient KernelCase kernelCase;
    private final transient Mismatch mismatch;
    private final int tries;

    KernelFailure(String kernel, Check check, String message, Throwable cause, KernelCase kernelCase, int tries) {
        super(message, cause);
        this.kernel = kernel;
        this.check = check;
        this.kernelCase = kernelCase;
        this.mismatch = cause instanceof MismatchError error ? error.mismatch() : null;
        this.tries = tries;
    }

    /** The kernel's name. */
    public String kernel() {
        return kernel;
    }

    /** The check that failed. */
    public Check check() {
        return check;
    }

    /** The smallest failing case that was found. Empty if the check has no cases. */
    public Optional<KernelCase> kernelCase() {
        return Optional.ofNullable(kernelCase);
    }

    /** The element that was wrong. Empty if the kernel failed in another way, such as by an exception. */
    public Optional<Mismatch> mismatch() {
        return Optional.ofNullable(mismatch);
    }

    /** The number of cases tried until one failed, that one included. */
    public int tries() {
        return tries;
    }
}
