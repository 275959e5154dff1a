package vit.model.weights.family;

import java.util.BitSet;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import vit.kernels.tensor.Shape;
import vit.model.InputException;

/**
 * The names and shapes of a file's tensors, which is all that a family needs to know of the file. If wrappers put a prefix in front of
 * all names, the names here are without it. Immutable.
 */
public final class TensorDirectory {

    private static final TensorDirectory EMPTY = new TensorDirectory("", Map.of());
    private static final String WEIGHT = ".weight";

    /** A block's number has at most this many digits. */
    private static final int MAX_DIGITS = 4;

    private final String file;
    private final String prefix;
    private final Map<String, Shape> shapes;

    public TensorDirectory(String file, Map<String, Shape> shapes) {
        this(file, "", shapes);
    }

    private TensorDirectory(String file, String prefix, Map<String, Shape> shapes) {
        this.file = file;
        this.prefix = prefix;
        this.shapes = Collections.unmodifiableMap(new LinkedHashMap<>(shapes));
    }

    /** A directory of no file, for which a family uses the names that it writes. */
    public static TensorDirectory empty() {
        return EMPTY;
    }

    /** The file, for messages. */
    public String file() {
        return file;
    }

    /** The tensors whose names start with {@code first}, by the rest of their names. */
    TensorDirectory under(String first) {
        Map<String, Shape> inside = new LinkedHashMap<>();
        shapes.forEach((name, shape) -> {
            if (name.startsWith(first)) {
                inside.put(name.substring(first.length()), shape);
            }
        });
        return new TensorDirectory(file, prefix + first, inside);
    }

    /** The prefix that every name here has in the file; usually empty. */
    public String prefix() {
        return prefix;
    }

    /** The file's name for the tensor that is called {@code name} here. */
    public String nameInFile(String name) {
        return prefix + name;
    }

    /** All names, in the order of the file. */
    public Set<String> names() {
        return shapes.keySet();
    }

    public boolean has(String name) {
        return shapes.containsKey(name);
    }

    /** Whether there is such a tensor and it has two dimensions. */
    boolean isMatrix(String name) {
        Shape shape = shapes.get(name);
        return shape != null && shape.rank() == 2;
    }

    /** The tensor's shape, or null. */
    public Shape find(String name) {
        return shapes.get(name);
    }

    /**
     * The shape of a tensor that determines a part of the configuration.
     *
     * @throws InputException if there is no such tensor, it is empty or it has another rank
     */
    public Shape require(String name, int rank) throws InputException {
        Shape shape = shapes.get(name);
        if (shape == null) {
            throw InputException.in(file).tensor(nameInFile(name)).expected("a tensor of this name").found("none among " + shapes.size()).because("the tensor is missing");
        }
        if (shape.rank() != rank) {
            throw InputException.in(file).tensor(nameInFile(name)).expected(rank + " dimensions").found(shape).because("the tensor's shape does not fit");
        }
        if (shape.size() == 0) {
            throw InputException.in(file).tensor(nameInFile(name)).expected("at least one element").found(shape).because("the tensor's shape does not fit");
        }
        return shape;
    }

    /**
     * The linear layer called {@code layer}, or the only layer inside it. There may be one inside because people replace a head by a sequence of dropout and
     * a linear layer, and dropout has no tensors.
     *
     * @return the layer's name without {@code .weight}; {@code layer} itself if there is neither
     */
    String linearLayer(String layer) {
        if (has(layer + WEIGHT)) {
            return layer;
        }
        List<String> inside = names().stream().filter(name -> name.startsWith(layer + ".")).toList();
        String weight = inside.stream().filter(name -> name.endsWith(WEIGHT)).findFirst().orElse(null);
        if (weight == null || find(weight).rank() != 2) {
            return layer;
        }
        String only = weight.substring(0, weight.length() - WEIGHT.length());
        return inside.stream().allMatch(name -> name.equals(weight) || name.equals(only + ".bias")) ? only : layer;
    }

    /** The number of blocks: the first i for which no name starts with {@code prefix}, then i, then {@code separator}. */
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
