package vit.kernels.patchembed;

/** The order of the elements inside a flattened patch, outermost dimension first. */
public enum PatchOrder {
    /** Channel, row, column, {@code (c p1 p2)}: the order of a convolution's weight. */
    CHANNEL_FIRST,
    /** Row, column, channel, {@code (p1 p2 c)}: the order of vit-pytorch. */
    CHANNEL_LAST
}
