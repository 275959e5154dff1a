package vit.kernels.verify.catalogue;

import java.util.function.Function;

/**
 * A kernel of the catalogue.
 *
 * @param name what it computes: the operation, then what distinguishes this kernel from others of the operation
 * @param recipe makes a call of the kernel from the sizes and values that a {@link Draw} gives. The same draw gives the same call
 */
public record Kernel(String name, Function<Draw, Call> recipe) {

    /** A call with the sizes and values of this draw, whose memory it uses. */
    public Call call(Draw draw) {
        return recipe.apply(draw);
    }

    /** Whether {@code asked} names this kernel, or its operation: the first words of its name. */
    public boolean isNamed(String asked) {
        return name.equalsIgnoreCase(asked) || name.regionMatches(true, 0, asked + " ", 0, asked.length() + 1);
    }
}
