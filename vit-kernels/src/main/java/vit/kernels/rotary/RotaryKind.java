package vit.kernels.rotary;

/** Which two elements of a head {@link Rotary} rotates together. The two forms differ in the order of the elements alone. */
public enum RotaryKind {
    /** Element d of the first half with element d of the second: turn([x₁ | x₂]) = [−x₂ | x₁]. */
    HALVES,
    /** Neighbours: turn((x₀, x₁)) = (−x₁, x₀) for every pair of an even element and the one after it. */
    PAIRS
}
