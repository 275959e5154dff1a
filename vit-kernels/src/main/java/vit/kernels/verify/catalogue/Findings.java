package vit.kernels.verify.catalogue;

/** Receives what an {@link Examination} finds, in the thread that examines. */
public interface Findings {

    /** A kernel's turn has come. */
    void running(String kernel);

    /** A kernel gave the same bits with every team and at every call: those of this hash. */
    void bits(String kernel, String hash);

    /**
     * What comparisons with the reference have found so far in a kernel.
     *
     * @param cases the number of calls compared
     * @param worst the worst error in units of its bound, within it
     * @param where the output and the element of the worst error, and the case
     */
    void compared(String kernel, long cases, double worst, String where);

    /** A kernel is wrong. What follows of the examination leaves it out. */
    void fault(String kernel, String what);
}
