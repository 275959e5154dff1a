package vit.model.weights.family;

import java.util.BitSet;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import vit.kernels.tensor.Shape;
import vit.model.InputException;

/** The names and shapes of a file's tensors: all that a family needs to see of it. Immutable. */
public final class TensorDirectory {

    private static final TensorDirectory EMPTY = new TensorDirectory("", Map.of());

    /** A block's number has at most so many digits. */
    private static final int MAX_DIGITS = 4;

    private final String file;
    private final Map<String, Shape> shapes;

    public TensorDirectory(String file, Map<String, Shape> shapes) {
        this.file = file;
        this.shapes = Collections.unmodifiableMap(new LinkedHashMap<>(shapes));
    }

    /** Of no file: a family then uses the names that it writes. */
    public static TensorDirectory empty() {
        return EMPTY;
    }

    /** The file, for messages. */
    public String file() {
        return file;
    }

    /** All names, in the order of the file. */
    public Set<String> names() {
        return shapes.keySet();
    }

    public boolean has(String name) {
        return shapes.containsKey(name);
    }

    /** The tensor's shape, or null. */
    public Shape find(String name) {
        return shapes.get(name);
    }

    /**
     * The shape of a tensor from which the configuration is told.
     *
     * @throws InputException if there is no such tensor, it is empty or it has another rank
     */
    public Shape require(String name, int rank) throws InputException {
        Shape shape = shapes.get(name);
        if (shape == null) {
            throw InputException.in(file).tensor(name).expected("a tensor of this name").found("none among " + shapes.size()).because("the tensor is missing");
        }
        if (shape.rank() != rank) {
            throw InputException.in(file).tensor(name).expected(rank + " dimensions").found(shape).because("the tensor's shape does not fit");
        }
        if (shape.size() == 0) {
            throw InputException.in(file).tensor(name).expected("at least one element").found(shape).because("the tensor's shape does not fit");
        }
        return shape;
    }

    /** How many blocks there are: the first i for which no name starts with {@code prefix}, i and {@code separator}. */
    public int blocks(String prefix, char separator) {
        BitSet present = new BitSet();
        for (String name : names()) {
            int end = name.indexOf(separator, prefix.length());
            if (name.startsWith(prefix) && end > prefix.length() && end <= prefix.length() + MAX_DIGITS) {
                String number = name.substring(prefix.length(), end);
                if (number.chars().allMatch(c -> c >= '0' && c <= '9')) {
                    present.set(Integer.parseInt(number));
                }
            }
        }
        return present.nextClearBit(0);
    }
}
