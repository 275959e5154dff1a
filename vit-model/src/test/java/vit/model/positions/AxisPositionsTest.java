package vit.model.positions;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import vit.model.Optimizer;
import vit.model.SessionOptions;
import vit.model.TrainingOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.VitTraining;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.Positions;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;

/**
 * Positions by axis: a model that has them is the model whose one table is the two joined, forward and backward; its gradients are those of central
 * differences; and resampling each axis is resampling the joined table.
 */
class AxisPositionsTest {

    private static final int BATCH = 3;

    private static final VitConfig AXES = VitConfig.builder().image(16, 40).patch(8).width(20).depth(2).heads(2).mlp(34).classes(5).registers(1)
            .positions(Positions.LEARNED_AXES).build();

    private static final VitConfig JOINED = AXES.toBuilder().positions(Positions.LEARNED_PATCHES).build();

    private static final int[] LABELS = {1, 4, 0};

    /** Weights of {@link #JOINED} that do what those of {@link #AXES} do. */
    private record JoinedWeights(ParameterSource axes) implements ParameterSource {
        @Override
        public VitConfig config() {
            return JOINED;
        }

        @Override
        public void read(Parameter parameter, float[] target) throws IOException {
            if (parameter.kind() == Parameter.Kind.POSITION) {
                float[] table = AxisPositions.table(values(axes, Parameters.POSITIONS_X), values(axes, Parameters.POSITIONS_Y), 20);
                System.arraycopy(table, 0, target, 0, table.length);
            } else {
                axes.read(parameter, target);
            }
        }
    }

    /** Weights with another value for one parameter. */
    private record Changed(ParameterSource others, String name, float[] values) implements ParameterSource {
        @Override
        public VitConfig config() {
            return others.config();
        }

        @Override
        public void read(Parameter parameter, float[] target) throws IOException {
            if (parameter.name().equals(name)) {
                System.arraycopy(values, 0, target, 0, values.length);
            } else {
                others.read(parameter, target);
            }
        }
    }

    private static float[] values(ParameterSource source, String name) throws IOException {
        float[] values = new float[Math.toIntExact(Parameters.of(source.config()).find(name).shape().size())];
        source.read(Parameters.of(source.config()).find(name), values);
        return values;
    }

    private static float[] images(int batch) {
        float[] images = new float[batch * 3 * 16 * 40];
        new GeneratedWeights(AXES, 0).fill(images, images.length, "images", 1.7, 0);
        return images;
    }

    private static float[] logits(ParameterSource weights) throws IOException {
        float[] logits = new float[BATCH * 5];
        try (VitModel model = VitModel.of(weights); VitSession session = model.newSession(SessionOptions.threads(2).withBatch(BATCH))) {
            session.logits(images(BATCH), BATCH, logits);
        }
        return logits;
    }

    @Test
    void modelByAxisIsTheModelOfTheJoinedTableInEveryBit() throws IOException {
        assertArrayEquals(logits(new JoinedWeights(new GeneratedWeights(AXES, 3))), logits(new GeneratedWeights(AXES, 3)));
    }

    @Test
    void gradientsOfTheTablesAreSumsOfThoseOfTheJoinedTable() throws IOException {
        GeneratedWeights axes = new GeneratedWeights(AXES, 3);
        try (VitTraining two = VitTraining.of(axes, TrainingOptions.of(2, BATCH), null);
                VitTraining one = VitTraining.of(new JoinedWeights(axes), TrainingOptions.of(1, BATCH), null)) {
            assertEquals(one.accumulate(images(BATCH), LABELS, BATCH, 1), two.accumulate(images(BATCH), LABELS, BATCH, 1));
            float[] joined = gradient(one, Parameters.POSITIONS);
            double[] columns = new double[5 * 10];
            double[] rows = new double[2 * 10];
            double largest = 0;
            for (int i = 0; i < joined.length; i++) {
                int patch = i / 20;
                int c = i % 20;
                largest = Math.max(largest, Math.abs(joined[i]));
                if (c < 10) {
                    columns[patch % 5 * 10 + c] += joined[i];
                } else {
                    rows[patch / 5 * 10 + c - 10] += joined[i];
                }
            }
            // Up to 15 terms in one order here, and in another in the kernel; a term is at most the sum of three images' gradients.
            double bound = 2 * 15 * 0x1p-24 * 15 * largest;
            assertArrayEquals(columns, doubles(gradient(two, Parameters.POSITIONS_X)), bound);
            assertArrayEquals(rows, doubles(gradient(two, Parameters.POSITIONS_Y)), bound);
            assertArrayEquals(gradient(one, Parameters.CLASS_TOKEN), gradient(two, Parameters.CLASS_TOKEN));
        }
    }

    private static float[] gradient(VitTraining training, String name) {
        Parameter parameter = training.parameters().find(name);
        float[] gradient = new float[Math.toIntExact(parameter.shape().size())];
        training.readGradient(parameter, gradient);
        return gradient;
    }

    private static double[] doubles(float[] values) {
        double[] doubles = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            doubles[i] = values[i];
        }
        return doubles;
    }

    @Test
    void gradientsThroughTheModelMatchCentralDifferences() throws IOException {
        GeneratedWeights weights = new GeneratedWeights(AXES, 3);
        double step = 0x1p-6;
        for (String name : new String[] {Parameters.POSITIONS_X, Parameters.POSITIONS_Y}) {
            float[] gradient;
            try (VitTraining training = VitTraining.of(weights, TrainingOptions.of(1, BATCH), null)) {
                training.accumulate(images(BATCH), LABELS, BATCH, 1.0 / BATCH);
                gradient = gradient(training, name);
            }
            double largest = 0;
            double worst = 0;
            for (int i = 0; i < gradient.length; i++) {
                float[] values = values(weights, name);
                float value = values[i];
                values[i] = (float) (value + step);
                double above = loss(new Changed(weights, name, values));
                values[i] = (float) (value - step);
                double below = loss(new Changed(weights, name, values));
                largest = Math.max(largest, Math.abs(gradient[i]));
                worst = Math.max(worst, Math.abs((above - below) / (2 * step) - gradient[i]));
            }
            System.out.println("central differences of " + name + ": worst error " + worst + ", largest gradient " + largest);
            // The loss is a float of about 2, off by a few 2⁻²³; divided by 2⁻⁵ that is some 2⁻¹⁷. The third derivative adds step²/6 of itself.
            assertEquals(0, worst, 0x1p-15 + 0x1p-12 * largest);
        }
    }

    @Test
    void aStepOfTheOptimiserChangesThePositionsThatTheNextPassAdds() throws IOException {
        float[] logits = new float[BATCH * 5];
        try (VitTraining training = VitTraining.of(new GeneratedWeights(AXES, 3), TrainingOptions.of(2, BATCH), Optimizer.sgd(0, 0))) {
            training.accumulate(images(BATCH), LABELS, BATCH, 1.0 / BATCH);
            training.step(0.5, 1);
            training.accumulate(images(BATCH), LABELS, BATCH, 1.0 / BATCH);
            training.logits(logits, BATCH);
            assertArrayEquals(logits(training), logits);
        }
    }

    private static double loss(ParameterSource weights) throws IOException {
        try (VitTraining training = VitTraining.of(weights, TrainingOptions.of(1, BATCH), null)) {
            return training.accumulate(images(BATCH), LABELS, BATCH, 1.0 / BATCH);
        }
    }

    @Property(tries = 200)
    void resamplingTheAxesIsResamplingTheJoinedTable(@ForAll PositionResampling method, @ForAll @IntRange(min = 1, max = 7) int height,
            @ForAll @IntRange(min = 1, max = 7) int width, @ForAll @IntRange(min = 1, max = 9) int newHeight, @ForAll @IntRange(min = 1, max = 9) int newWidth,
            @ForAll Random random) {
        VitConfig from = AXES.toBuilder().image(8 * height, 8 * width).build();
        VitConfig to = AXES.toBuilder().image(8 * newHeight, 8 * newWidth).build();
        float[] columns = gaussians(random, width * 10);
        float[] rows = gaussians(random, height * 10);
        VitConfig joinedFrom = from.toBuilder().positions(Positions.LEARNED_PATCHES).build();
        VitConfig joinedTo = to.toBuilder().positions(Positions.LEARNED_PATCHES).build();
        float[] expected = method.resample(Parameters.POSITIONS, AxisPositions.table(columns, rows, 20), joinedFrom, joinedTo);
        float[] actual = AxisPositions.table(method.resample(Parameters.POSITIONS_X, columns, from, to), method.resample(Parameters.POSITIONS_Y, rows, from, to), 20);
        if (method == PositionResampling.DINO && (height == newHeight) != (width == newWidth)) {
            return; // its method moves even the axis that keeps its size, if the other one changes
        }
        assertArrayEquals(expected, actual, 0x1p-20f);
    }

    /** ⟨resample(t), g⟩ = ⟨t, resampleBackward(g)⟩ for both tables. */
    @Property(tries = 100)
    void resamplingOfAnAxisAndItsBackwardAreTransposes(@ForAll PositionResampling method, @ForAll @IntRange(min = 1, max = 7) int height,
            @ForAll @IntRange(min = 1, max = 9) int newHeight, @ForAll Random random) {
        VitConfig from = AXES.toBuilder().image(8 * height, 24).build();
        VitConfig to = AXES.toBuilder().image(8 * newHeight, 48).build();
        for (String name : new String[] {Parameters.POSITIONS_X, Parameters.POSITIONS_Y}) {
            boolean x = name.equals(Parameters.POSITIONS_X);
            float[] table = gaussians(random, (x ? 3 : height) * 10);
            float[] gradient = gaussians(random, (x ? 6 : newHeight) * 10);
            double there = dot(method.resample(name, table, from, to), gradient);
            double back = dot(table, method.resampleBackward(name, gradient, from, to));
            assertEquals(there, back, 1e-4);
        }
    }

    private static double dot(float[] a, float[] b) {
        assertEquals(a.length, b.length);
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }

    private static float[] gaussians(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    @Test
    void widthsThatCannotBeHalvedAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> AxisPositions.table(new float[6], new float[6], 5));
        assertThrows(IllegalArgumentException.class, () -> AxisPositions.table(new float[6], new float[5], 4));
        for (Positions positions : new Positions[] {Positions.LEARNED_AXES, Positions.SINCOS_1D}) {
            var odd = VitConfig.builder().width(21).heads(3).positions(positions);
            String message = assertThrows(IllegalArgumentException.class, odd::build).getMessage();
            assertEquals((positions == Positions.SINCOS_1D ? "1-D sine and cosine positions" : "positions by axis") + " need an even width, not 21", message);
        }
    }
}
