package vit.model.weights.family;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import vit.kernels.tensor.Shape;
import vit.model.InputException;

/** The names and shapes of a file's tensors: all that a family needs to see of it. Immutable. */
public final class TensorDirectory {

    private static final TensorDirectory EMPTY = new TensorDirectory("", Map.of());

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
     * @throws InputException if there is no such tensor or it has another rank
     */
    public Shape require(String name, int rank) throws InputException {
        Shape shape = shapes.get(name);
        if (shape == null) {
            throw InputException.in(file).tensor(name).expected("a tensor of this name").found("none among " + shapes.size()).because("the tensor is missing");
        }
        if (shape.rank() != rank) {
            throw InputException.in(file).tensor(name).expected(rank + " dimensions").found(shape).because("the tensor's shape does not fit");
        }
        return shape;
    }

    /** How many blocks there are: the first i for which {@code prefix + i + suffix} is missing. */
    public int blocks(String prefix, String suffix) {
        int i = 0;
        while (has(prefix + i + suffix)) {
            i++;
        }
        return i;
    }
}
