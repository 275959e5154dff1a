package vit.kernels.patchembed;

/** Order of the elements inside a flattened patch, outermost first. */
public enum PatchOrder {
    /** Channel, row, column — {@code (c p1 p2)}: a convolution's weight. */
    CHANNEL_FIRST,
    /** Row, column, channel — {@code (p1 p2 c)}: vit-pytorch. */
    CHANNEL_LAST
}
