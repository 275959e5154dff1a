package vit.kernels.verify;

import java.util.List;
import java.util.Map;

/**
 * A named argument of a kernel.
 *
 * @param name  the name, by which the kernel and its reference ask for the argument
 * @param role  what the kernel does with it
 * @param shape the dimensions, outermost first: each the name of a dimension or a product of such names and numbers, such as {@code "3*columns"}
 */
public record Argument(String name, Role role, List<String> shape) {

    /** What a kernel does with an argument. */
    public enum Role {
        /** The kernel reads it and leaves it as it is. */
        INPUT,
        /** The kernel overwrites all of it. */
        OUTPUT,
        /** The kernel adds to it. */
        ACCUMULATED
    }

    boolean isWritten() {
        return role != Role.INPUT;
    }

    /** The dimensions at these sizes. */
    int[] dimensions(Map<String, Integer> sizes) {
        int[] dimensions = new int[shape.size()];
        for (int i = 0; i < dimensions.length; i++) {
            dimensions[i] = evaluate(shape.get(i), sizes);
        }
        return dimensions;
    }

    private int evaluate(String product, Map<String, Integer> sizes) {
        int value = 1;
        for (String part : product.split("\\*")) {
            String factor = part.strip();
            Integer size = sizes.get(factor);
            if (size == null && !factor.matches("\\d+")) {
                throw new IllegalArgumentException(name + ": dimension " + factor + " is not one of " + sizes.keySet());
            }
            value = Math.multiplyExact(value, size != null ? size : Integer.parseInt(factor));
        }
        return value;
    }

    /** The number of rows: the product of all dimensions but the last. */
    int rows(Map<String, Integer> sizes) {
        int[] dimensions = dimensions(sizes);
        int rows = 1;
        for (int i = 0; i < dimensions.length - 1; i++) {
            rows = Math.multiplyExact(rows, dimensions[i]);
        }
        return rows;
    }

    /** The length of a row: the last dimension, 1 for a scalar. */
    int columns(Map<String, Integer> sizes) {
        return shape.isEmpty() ? 1 : evaluate(shape.getLast(), sizes);
    }

    /** Whether the kernel computes a part of its own of this argument for each index of {@code dimension}. */
    boolean beginsWith(String dimension) {
        return !shape.isEmpty() && shape.getFirst().equals(dimension);
    }
}
