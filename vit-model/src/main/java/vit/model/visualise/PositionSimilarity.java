package vit.model.visualise;

import java.io.IOException;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;
import vit.model.positions.AxisPositions;
import vit.model.positions.SinCosPositions;

/**
 * Cosine similarity of the position embeddings of all patches (Dosovitskiy et al. 2020, figure 7, centre): in a model that has learned positions,
 * each patch is most similar to its neighbours, its row and its column.
 */
public final class PositionSimilarity {

    private PositionSimilarity() {}

    /**
     * The similarities (P, P), from −1 to 1; 0 if an embedding is zero.
     *
     * @throws IllegalArgumentException if the model has no position embeddings
     * @throws IOException              if the parameters cannot be read
     */
    public static double[] of(ParameterSource source) throws IOException {
        VitConfig config = source.config();
        int width = config.width();
        int patches = config.patches();
        float[] table; // (P or T, C)
        if (config.positions().isFixed()) {
            table = SinCosPositions.of(config);
        } else if (config.positions() == VitConfig.Positions.LEARNED_AXES) {
            table = AxisPositions.table(read(source, Parameters.POSITIONS_X), read(source, Parameters.POSITIONS_Y), width);
        } else if (config.positions().isTable()) {
            table = read(source, Parameters.POSITIONS);
        } else {
            throw new IllegalArgumentException("the model adds no position embeddings to its tokens");
        }
        return cosines(table, table.length - patches * width, patches, width);
    }

    private static float[] read(ParameterSource source, String name) throws IOException {
        Parameter parameter = Parameters.of(source.config()).find(name);
        float[] values = new float[Math.toIntExact(parameter.shape().size())];
        source.read(parameter, values);
        return values;
    }

    /** Cosines of the rows of a (rows, width) matrix that begins at {@code offset}. */
    static double[] cosines(float[] table, int offset, int rows, int width) {
        double[] norms = new double[rows];
        double[] cosines = new double[rows * rows];
        for (int i = 0; i < rows; i++) {
            norms[i] = Math.sqrt(dot(table, offset + i * width, offset + i * width, width));
            for (int j = 0; j <= i; j++) {
                double scale = norms[i] * norms[j];
                double cosine = scale == 0 ? 0 : dot(table, offset + i * width, offset + j * width, width) / scale;
                cosines[i * rows + j] = cosine;
                cosines[j * rows + i] = cosine;
            }
        }
        return cosines;
    }

    private static double dot(float[] values, int a, int b, int count) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += (double) values[a + i] * values[b + i];
        }
        return sum;
    }
}
