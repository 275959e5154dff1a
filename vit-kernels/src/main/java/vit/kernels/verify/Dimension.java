package vit.kernels.verify;

/**
 * A dimension of a kernel's arguments, and the sizes at which the kernel is tried.
 *
 * @param name  the name that shapes use
 * @param least the least size that the kernel accepts, 0 or more
 * @param most  the largest size to try
 */
public record Dimension(String name, int least, int most) {

    /** The largest size to try unless the description says another: beyond it lie only more of the same blocks. */
    public static final int MOST = 800;

    /**
     * Checks the range.
     *
     * @throws IllegalArgumentException if it is empty or contains negative sizes
     */
    public Dimension {
        if (least < 0 || most < least) {
            throw new IllegalArgumentException("dimension " + name + ": sizes " + least + " to " + most);
        }
    }

    boolean contains(int size) {
        return size >= least && size <= most;
    }
}
