package vit.model.weights.family;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import vit.kernels.tensor.Shape;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameters;

/** Collects the views of a family in PyTorch's layout, in which most tensors differ from the parameters only in name. */
final class Renaming {

    private final Parameters parameters;
    private final List<TensorView> views = new ArrayList<>();

    Renaming(Parameters parameters) {
        this.parameters = parameters;
    }

    /** Parameter {@code canonical}, if the model has it, is the file's {@code name} in the same shape. */
    void tensor(String canonical, String name) {
        Parameter parameter = parameters.find(canonical);
        if (parameter != null) {
            tensor(canonical, name, parameter.shape());
        }
    }

    /** Parameter {@code canonical}, if the model has it, is the file's {@code name} in the shape given. */
    void tensor(String canonical, String name, Shape fileShape) {
        Parameter parameter = parameters.find(canonical);
        if (parameter != null) {
            views.add(TensorView.whole(name, fileShape, parameter));
        }
    }

    /** The weight and the bias of a layer, each if the model has it. */
    void layer(String canonical, String name) {
        tensor(canonical + ".weight", name + ".weight");
        tensor(canonical + ".bias", name + ".bias");
    }

    /** The layers of block {@code i}; {@code names} maps the canonical name of a layer to the file's. */
    void layers(int i, String filePrefix, Map<String, String> names) {
        names.forEach((canonical, name) -> layer(Parameters.block(i, canonical), filePrefix + name));
    }

    /** The joint projection, of which the file has each third of the rows as a layer of its own, in the order query, key, value. */
    void thirds(String canonical, String... names) {
        parts(canonical, names);
    }

    /** A layer of which the file has equal parts of the rows as layers of their own, in this order. */
    void parts(String canonical, String... names) {
        for (String kind : new String[] {".weight", ".bias"}) {
            Parameter parameter = parameters.find(canonical + kind);
            if (parameter == null) {
                continue;
            }
            int rows = parameter.shape().dimension(0) / names.length;
            for (int i = 0; i < names.length; i++) {
                rows(canonical + kind, i * rows, rows, names[i] + kind);
            }
        }
    }

    /** Rows {@code from} to {@code from + count} of parameter {@code canonical}, if the model has it, are the file's {@code name}. */
    void rows(String canonical, int from, int count, String name) {
        Parameter parameter = parameters.find(canonical);
        if (parameter == null) {
            return;
        }
        int[] dimensions = parameter.shape().dimensions();
        int row = Math.toIntExact(parameter.shape().size() / dimensions[0]);
        dimensions[0] = count;
        views.add(TensorView.part(name, Shape.of(dimensions), canonical, from * row));
    }

    /** Views that another class knows. */
    void add(List<TensorView> others) {
        views.addAll(others);
    }

    /** Matrix {@code canonical}, if the model has it, is the transposed file's {@code name}. */
    void transposed(String canonical, String name) {
        Parameter parameter = parameters.find(canonical);
        if (parameter != null) {
            views.add(TensorView.strided(name, Shape.of(parameter.in(), parameter.out()), canonical, 0, 1, parameter.in()));
        }
    }

    /** The views in the order of the parameters, whatever the order in which they were named. */
    List<TensorView> views() {
        Map<String, Integer> order = new HashMap<>();
        for (Parameter parameter : parameters.list()) {
            order.put(parameter.name(), order.size());
        }
        views.sort(Comparator.comparing((TensorView view) -> order.get(view.parameter())).thenComparing(view -> view.parameterIndex(0)));
        return List.copyOf(views);
    }
}
