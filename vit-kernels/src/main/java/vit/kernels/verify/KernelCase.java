package vit.kernels.verify;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One case with which a kernel is tried. Its text, such as {@code rows=1 columns=7 offset=0 gap=0 values=ORDINARY seed=42}, makes the same case again.
 *
 * @param sizes  the sizes of the dimensions, by name, in the order of the description
 * @param offset floats from alignment to the first element of the first argument; the other arguments begin elsewhere
 * @param gap    floats between the rows of an argument, where the kernel takes such memory
 * @param values the class of the inputs' values
 * @param seed   decides the values
 */
public record KernelCase(Map<String, Integer> sizes, int offset, int gap, Values values, long seed) {

    /** Copies the sizes. */
    public KernelCase {
        sizes = Collections.unmodifiableMap(new LinkedHashMap<>(sizes));
    }

    /**
     * The case that {@code text} describes. What is missing is 0, and the values are ordinary.
     *
     * @throws IllegalArgumentException if it is no list of {@code name=value}
     */
    public static KernelCase parse(String text) {
        Map<String, Integer> sizes = new LinkedHashMap<>();
        int offset = 0;
        int gap = 0;
        Values values = Values.ORDINARY;
        long seed = 0;
        for (String part : text.strip().split("\\s+")) {
            String[] pair = part.split("=", 2);
            if (pair.length < 2) {
                throw new IllegalArgumentException("a case is a list of name=value, found " + part + " in: " + text);
            }
            switch (pair[0]) {
                case "offset" -> offset = Integer.parseInt(pair[1]);
                case "gap" -> gap = Integer.parseInt(pair[1]);
                case "values" -> values = Values.valueOf(pair[1]);
                case "seed" -> seed = Long.parseLong(pair[1]);
                default -> sizes.put(pair[0], Integer.parseInt(pair[1]));
            }
        }
        return new KernelCase(sizes, offset, gap, values, seed);
    }

    KernelCase withSize(String dimension, int size) {
        Map<String, Integer> changed = new LinkedHashMap<>(sizes);
        changed.put(dimension, size);
        return new KernelCase(changed, offset, gap, values, seed);
    }

    KernelCase withLayout(int otherOffset, int otherGap) {
        return new KernelCase(sizes, otherOffset, otherGap, values, seed);
    }

    KernelCase withValues(Values otherValues, long otherSeed) {
        return new KernelCase(sizes, offset, gap, otherValues, otherSeed);
    }

    /** The text that {@link #parse} reads. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        sizes.forEach((name, size) -> text.append(name).append('=').append(size).append(' '));
        return text + "offset=" + offset + " gap=" + gap + " values=" + values + " seed=" + seed;
    }
}
