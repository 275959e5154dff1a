package vit.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import vit.kernels.attention.AttentionReference;
import vit.kernels.gelu.GeluReference;
import vit.kernels.layernorm.LayerNormReference;
import vit.kernels.linear.LinearReference;
import vit.kernels.tokenmerge.TokenMergeReference;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;

/** The blocks and the head of a plain ViT that merges tokens, in double: one image after another, from the references of the kernels. */
final class MergingReference {

    private final VitConfig config;
    private final int[] counts;
    private final Map<String, double[]> weights = new HashMap<>();
    private double[][] x; // by image: (T, C)
    private double[][] sizes; // by image: (T)
    private final Map<String, int[]> groups = new HashMap<>(); // by block and image
    private boolean held;

    MergingReference(ParameterSource source, TokenMerging merging) {
        config = source.config();
        counts = merging.tokens(config);
        for (Parameter parameter : Parameters.of(config).list()) {
            float[] values = new float[Math.toIntExact(parameter.shape().size())];
            try {
                source.read(parameter, values);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            double[] doubles = new double[values.length];
            Arrays.setAll(doubles, i -> values[i]);
            weights.put(parameter.name(), doubles);
        }
    }

    /** From now on every block merges the tokens that it has merged before, whatever their keys are: the matching is a constant of the loss. */
    void holdGroups() {
        held = true;
    }

    /** The values of a parameter, which may be changed. */
    double[] weights(String name) {
        return weights.get(name);
    }

    /** @param tokens (B·T, C), what the stem gives */
    void begin(double[] tokens, int batch) {
        x = new double[batch][];
        sizes = new double[batch][counts[0]];
        for (int b = 0; b < batch; b++) {
            x[b] = Arrays.copyOfRange(tokens, b * counts[0] * config.width(), (b + 1) * counts[0] * config.width());
            Arrays.fill(sizes[b], 1);
        }
    }

    /** The tokens of all images, one after the other. */
    double[] tokens() {
        return Arrays.stream(x).flatMapToDouble(Arrays::stream).toArray();
    }

    void block(int i) {
        for (int b = 0; b < x.length; b++) {
            block("blocks." + i + ".", b, counts[i], counts[i + 1]);
        }
    }

    private void block(String name, int b, int tokens, int groups) {
        int inner = config.inner();
        double[] qkv = linear(name + "attn.qkv", norm(name + "norm1", x[b], tokens), tokens, 3 * inner);
        double[] bias = new double[config.heads() * tokens * tokens];
        double[] ofImage = sizes[b];
        Arrays.setAll(bias, i -> Math.log(ofImage[i % tokens]));
        double[] attended = new double[tokens * inner];
        AttentionReference.forward(attended, new double[config.heads() * tokens * tokens], new double[config.heads() * tokens], qkv, bias, tokens,
                config.heads(), config.headDim(), 1 / Math.sqrt(config.headDim()));
        add(x[b], linear(name + "attn.proj", attended, tokens, config.width()));
        if (groups < tokens) {
            double[] keys = new double[tokens * inner];
            for (int t = 0; t < tokens; t++) {
                System.arraycopy(qkv, (t * 3 + 1) * inner, keys, t * inner, inner);
            }
            int[] joined = held ? this.groups.get(name + b) : new int[tokens];
            if (!held) {
                TokenMergeReference.match(joined, keys, tokens, config.heads(), config.prefixTokens(), tokens - groups);
                this.groups.put(name + b, joined);
            }
            double[] merged = new double[groups * config.width()];
            double[] mergedSizes = new double[groups];
            TokenMergeReference.forward(merged, mergedSizes, x[b], sizes[b], joined, groups);
            x[b] = merged;
            sizes[b] = mergedSizes;
        }
        double[] hidden = linear(name + "mlp.fc1", norm(name + "norm2", x[b], groups), groups, config.mlp());
        GeluReference.forward(hidden, hidden, config.gelu());
        add(x[b], linear(name + "mlp.fc2", hidden, groups, config.width()));
    }

    /** The class token, or the mean of the patches weighted by their sizes, and the head: (B, classes). */
    double[] logits() {
        double[] logits = new double[x.length * config.classes()];
        int width = config.width();
        for (int b = 0; b < x.length; b++) {
            boolean after = config.finalNorm() == FinalNorm.AFTER_POOLING;
            String name = Parameters.finalNorm(config);
            double[] tokens = after ? x[b] : norm(name, x[b], sizes[b].length);
            double[] pooled = new double[width];
            double total = 0;
            for (int t = config.pooling() == Pooling.TOKEN ? 0 : config.prefixTokens(); t < (config.pooling() == Pooling.TOKEN ? 1 : sizes[b].length); t++) {
                for (int c = 0; c < width; c++) {
                    pooled[c] += sizes[b][t] * tokens[t * width + c];
                }
                total += sizes[b][t];
            }
            double divisor = total;
            Arrays.setAll(pooled, c -> pooled[c] / divisor);
            double[] out = linear("head", after ? norm(name, pooled, 1) : pooled, 1, config.classes());
            System.arraycopy(out, 0, logits, b * out.length, out.length);
        }
        return logits;
    }

    private double[] norm(String name, double[] rows, int count) {
        double[] y = new double[rows.length];
        LayerNormReference.forward(y, new double[count], new double[count], rows, weights.get(name + ".weight"), weights.get(name + ".bias"),
                config.layerNormEps(), count);
        return y;
    }

    private double[] linear(String name, double[] rows, int count, int outputs) {
        double[] y = new double[count * outputs];
        LinearReference.forward(y, rows, weights.get(name + ".weight"), weights.get(name + ".bias"), count, outputs, rows.length / count);
        return y;
    }

    private static void add(double[] to, double[] values) {
        for (int i = 0; i < to.length; i++) {
            to[i] += values[i];
        }
    }
}
