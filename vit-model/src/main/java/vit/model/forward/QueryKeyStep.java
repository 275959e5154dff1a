package vit.model.forward;

import java.util.ArrayList;
import java.util.List;
import vit.kernels.headnorm.HeadNorm;
import vit.kernels.parallel.Worker;
import vit.kernels.rotary.Rotary;
import vit.kernels.rotary.RotaryKind;
import vit.kernels.tensor.Tensor;
import vit.model.config.RotaryConfig;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameters;

/** Something that is done to queries and keys between their projection and attention. */
public sealed interface QueryKeyStep {

    /** Changes the queries and keys of {@code batch} images in place. The result is complete at the next barrier. */
    void apply(Tensor qkv, int batch, Worker w);

    /** The steps of block {@code i}, in order. */
    static QueryKeyStep[] of(VitConfig config, VitWeights weights, int i, PositionTables tables) {
        List<QueryKeyStep> steps = new ArrayList<>();
        if (config.block().attention().queryKeyNorm()) {
            String query = Parameters.block(i, Parameters.QUERY_NORM);
            String key = Parameters.block(i, Parameters.KEY_NORM);
            steps.add(new Normalise(weights.vector(query + ".weight"), weights.vector(query + ".bias"), weights.vector(key + ".weight"),
                    weights.vector(key + ".bias"), config.layerNormEps(), config.heads(), config.tokens()));
        }
        if (tables.cos() != null) {
            steps.add(Rotate.of(config, tables));
        }
        return steps.toArray(QueryKeyStep[]::new);
    }

    /** Normalises every head of queries and keys (Dehghani et al. 2023). The biases are null for an RMSNorm. */
    record Normalise(Tensor queryWeight, Tensor queryBias, Tensor keyWeight, Tensor keyBias, double eps, int heads, int tokens) implements QueryKeyStep {
        @Override
        public void apply(Tensor qkv, int batch, Worker w) {
            HeadNorm.forward(qkv, qkv, queryWeight, queryBias, keyWeight, keyBias, eps, heads, batch * tokens, w);
        }
    }

    /** Turns queries and keys of the patches by the angles of their places (Su et al. 2021). */
    record Rotate(Tensor cos, Tensor sin, RotaryKind kind, int tokens, int heads) implements QueryKeyStep {

        /** The rotation of a model. */
        public static Rotate of(VitConfig config, PositionTables tables) {
            return new Rotate(tables.cos(), tables.sin(), kind(config.block().attention().rotary()), config.tokens(), config.heads());
        }

        /** Which elements of a head a scheme turns together. */
        static RotaryKind kind(RotaryConfig rotary) {
            return switch (rotary.scheme()) {
                case DINOV3 -> RotaryKind.HALVES;
                case EVA -> RotaryKind.PAIRS;
            };
        }

        @Override
        public void apply(Tensor qkv, int batch, Worker w) {
            Rotary.forward(qkv, cos, sin, kind, batch, tokens, heads, w);
        }

        /** Turns the gradients of queries and keys back. */
        public void applyBackward(Tensor dqkv, int batch, Worker w) {
            Rotary.backward(dqkv, cos, sin, kind, batch, tokens, heads, w);
        }
    }
}
