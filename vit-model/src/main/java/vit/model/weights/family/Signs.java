package vit.model.weights.family;

import java.util.ArrayList;
import java.util.List;

/**
 * The tensors by whose presence and absence a family recognises its files. Whatever is asked here decides and is listed, so that the reasons that are given
 * to people are those of the decision. Mutable; one family fills it in.
 */
public final class Signs {

    private final TensorDirectory tensors;
    private final List<String> present = new ArrayList<>();
    private final List<String> absent = new ArrayList<>();
    private boolean hold = true;

    private Signs(TensorDirectory tensors) {
        this.tensors = tensors;
    }

    /** No signs yet, in a file with these tensors. */
    static Signs in(TensorDirectory tensors) {
        return new Signs(tensors);
    }

    /** Requires one of these tensors; the first that is there is the sign. */
    Signs with(String... alternatives) {
        return require(List.of(alternatives).stream().filter(tensors::has).findFirst().orElse(null));
    }

    /** Requires one of these tensors with two dimensions; the first that is there is the sign. */
    Signs withMatrix(String... alternatives) {
        return require(List.of(alternatives).stream().filter(tensors::isMatrix).findFirst().orElse(null));
    }

    /** Requires that the tensor is there, or that it is not. */
    Signs having(boolean there, String name) {
        return there ? with(name) : without(name);
    }

    /** Requires that the tensor is not there. */
    Signs without(String name) {
        absent.add(name);
        hold &= !tensors.has(name);
        return this;
    }

    private Signs require(String found) {
        if (found == null) {
            hold = false;
        } else {
            present.add(found);
        }
        return this;
    }

    /** Whether the file has all that is required. */
    public boolean hold() {
        return hold;
    }

    /** For example {@code tensors a and b, and no c}, under the names of the file. */
    @Override
    public String toString() {
        String there = String.join(" and ", present.stream().map(tensors::nameInFile).toList());
        String missing = String.join(" or ", absent.stream().map(tensors::nameInFile).toList());
        return (present.size() > 1 ? "tensors " : "tensor ") + there + (missing.isEmpty() ? "" : ", and no " + missing);
    }
}
