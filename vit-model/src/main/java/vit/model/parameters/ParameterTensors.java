package vit.model.parameters;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.gemm.RoundingError;
import vit.kernels.gemm.Storage;
import vit.kernels.optim.GradientNorm;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.StoredAs;
import vit.model.WeightRounding;
import vit.model.config.VitConfig;
import vit.model.forward.Spans;

/**
 * A tensor for every parameter: matrices are packed for the GEMM, all others are plain tensors. The prefix tokens are rows of one tensor, and biases of
 * queries and values are thirds of one tensor.
 * Weights, gradients and optimiser states all have this layout, so one elementwise pass can run over several of
 * them at once. Only this class walks the list of parameters to lay them out.
 */
public final class ParameterTensors {

    private final Map<String, PackedMatrix> matrices = new HashMap<>();
    private final Map<String, Tensor> vectors = new HashMap<>();
    private final Tensor prefix; // (prefix tokens, C) or null
    private int prefixRows; // rows of prefix that are assigned to parameters so far
    private final List<WeightRounding.Weight> rounded = new ArrayList<>();
    private String hidden; // a parameter that is not finite but may not show, in words; or null

    /** Zeros for these parameters of a model: all, or those that are trained. */
    public ParameterTensors(VitConfig config, List<Parameter> some, TensorArena arena) {
        prefix = some.stream().anyMatch(parameter -> parameter.kind() == Parameter.Kind.TOKEN) ? prefix(config, arena) : null;
        for (Parameter parameter : some) {
            if (parameter.isMatrix()) {
                matrices.put(parameter.name(), PackedMatrix.allocate(arena, parameter.out(), parameter.in()));
            } else {
                addVector(parameter, arena);
            }
        }
    }

    /** The values of {@code source} for every parameter, with matrices stored as {@code storedAs} says. */
    public ParameterTensors(VitConfig config, Parameters parameters, ParameterSource source, StoredAs storedAs, TensorArena arena) throws IOException {
        prefix = prefix(config, arena);
        float[] values = new float[parameters.list().stream().mapToInt(p -> Math.toIntExact(p.shape().size())).max().orElse(0)];
        float[] scratch = new float[parameters.list().stream().filter(Parameter::isMatrix)
                .mapToInt(p -> PackedMatrix.scratch(p.out(), p.in())).max().orElse(0)];
        int[] words = new int[parameters.list().stream().filter(p -> storedAs.of(source, p).isNarrow())
                .mapToInt(p -> PackedMatrix.wordScratch(p.out(), p.in())).max().orElse(0)];
        for (Parameter parameter : parameters.list()) {
            source.read(parameter, values);
            boolean finite = false; // unknown
            if (parameter.isMatrix()) {
                PackedMatrix matrix = PackedMatrix.pack(arena, storedAs.of(source, parameter), parameter.out(), parameter.in(), values, scratch, words);
                matrices.put(parameter.name(), matrix);
                finite = matrix.wasFinite();
                if (storedAs.rounds() && matrix.storage().isNarrow()) {
                    RoundingError error = RoundingError.of(matrix, values);
                    if (error.largest() > 0) { // otherwise every element is of this type already
                        rounded.add(new WeightRounding.Weight(parameter.name(), matrix.storage(), error));
                    }
                }
            } else {
                addVector(parameter, arena);
                set(parameter, values);
            }
            if (!finite && hidden == null && NonFiniteWeights.mayHide(config, parameter)) {
                int place = NonFiniteWeights.find(values, 0, Math.toIntExact(parameter.shape().size()));
                hidden = place < 0 ? null : parameter.name() + " holds " + values[place];
            }
        }
    }

    /**
     * The first parameter of the source that held a NaN or an infinity which may not show in a result ({@link NonFiniteWeights#mayHide}), in words:
     * {@code blocks.3.mlp.fc1.weight holds -Infinity}.
     */
    public Optional<String> hiddenNonFinite() {
        return Optional.ofNullable(hidden);
    }

    /** The matrices that rounding changed. */
    public List<WeightRounding.Weight> rounded() {
        return List.copyOf(rounded);
    }

    /** The type in which the elements of this parameter are kept. */
    public Storage storage(Parameter parameter) {
        return parameter.isMatrix() ? matrices.get(parameter.name()).storage() : Storage.FLOAT32;
    }

    /** Whether a matrix has elements of fewer than 32 bits. */
    public boolean isNarrow() {
        return matrices.values().stream().anyMatch(matrix -> matrix.storage().isNarrow());
    }

    private static Tensor prefix(VitConfig config, TensorArena arena) {
        return config.prefixTokens() == 0 ? null : arena.allocate(config.prefixTokens(), config.width());
    }

    private void addVector(Parameter parameter, TensorArena arena) {
        if (parameter.kind() == Parameter.Kind.TOKEN) {
            int rows = parameter.shape().dimension(1);
            vectors.put(parameter.name(), prefix.rows(prefixRows, prefixRows + rows));
            prefixRows += rows;
        } else if (parameter.name().endsWith(Parameters.QUERY_BIAS)) {
            vectors.put(parameter.name(), jointBias(parameter, Parameters.QUERY_BIAS, arena).rows(0, 1));
        } else if (parameter.name().endsWith(Parameters.VALUE_BIAS)) {
            vectors.put(parameter.name(), jointBias(parameter, Parameters.VALUE_BIAS, arena).rows(2, 3));
        } else {
            vectors.put(parameter.name(), arena.allocate(parameter.shape().dimensions()));
        }
    }

    /** The bias of the joint projection, (3, H·D), of which {@code parameter} is a third. The third of the keys belongs to no parameter and stays zero. */
    private Tensor jointBias(Parameter parameter, String part, TensorArena arena) {
        String layer = parameter.name().substring(0, parameter.name().length() - part.length()) + Parameters.QKV;
        int inner = parameter.shape().dimension(0);
        return vectors.computeIfAbsent(layer + ".bias", _ -> arena.allocate(3 * inner)).reshape(3, inner);
    }

    /** Whether there is a tensor for this parameter. */
    public boolean has(Parameter parameter) {
        return (parameter.isMatrix() ? matrices : vectors).containsKey(parameter.name());
    }

    /** The packed matrix {@code name.weight}. */
    public PackedMatrix matrix(String name) {
        PackedMatrix matrix = matrices.get(name + ".weight");
        if (matrix == null) {
            throw new IllegalArgumentException("the model has no matrix " + name + ".weight");
        }
        return matrix;
    }

    /** The tensor of this full name, or null if the model has none. */
    public Tensor vector(String name) {
        return vectors.get(name);
    }

    /** Prefix tokens (R, C), or null. */
    public Tensor prefix() {
        return prefix;
    }

    /** The elements of a parameter as they lie in memory, the padding of packed matrices included. */
    public Tensor elements(Parameter parameter) {
        return parameter.isMatrix() ? matrices.get(parameter.name()).elements() : vectors.get(parameter.name());
    }

    /** Plans the computation of the Euclidean norm of the tensors of these parameters together, for teams of up to {@code workers}. */
    public GradientNorm norm(List<Parameter> parameters, int workers) {
        List<PackedMatrix> packed = new ArrayList<>();
        List<Tensor> others = new ArrayList<>();
        for (Parameter parameter : parameters) {
            if (parameter.isMatrix()) {
                packed.add(matrices.get(parameter.name()));
            } else {
                others.add(vectors.get(parameter.name()));
            }
        }
        return new GradientNorm(packed, others, workers);
    }

    /** Sets a parameter from row-major values. */
    public void set(Parameter parameter, float[] values) {
        if (parameter.isMatrix()) {
            matrices.get(parameter.name()).packRows(values);
        } else {
            Spans.write(vectors.get(parameter.name()), values, Math.toIntExact(parameter.shape().size()));
        }
    }

    /** Writes a parameter's values, row-major, into {@code values}. */
    public void get(Parameter parameter, float[] values) {
        if (parameter.isMatrix()) {
            matrices.get(parameter.name()).unpackRows(values);
        } else {
            Spans.read(vectors.get(parameter.name()), values, Math.toIntExact(parameter.shape().size()));
        }
    }
}
