package vit.model.spark.compare;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.Locale;
import vit.model.Frozen;
import vit.model.Optimizer;
import vit.model.TrainingOptions;
import vit.model.VitTraining;
import vit.model.config.VitConfig;
import vit.model.config.VitVariants;
import vit.model.train.FlatParameters;
import vit.model.train.FlatValues;
import vit.model.train.Initialization;

/**
 * Measures on this machine what a step of training on Spark costs apart from the network, and computes from it the time of a step on more machines.
 *
 * <pre>
 *   StepCosts [variant [threads [gigabits [batch]]]]          vit_base_patch16_224 1 10 1024
 * </pre>
 */
public final class StepCosts {

    private static final int ROUNDS = 5;
    private static final int IMAGES = 2; // in a pass that is timed

    /**
     * The parts of a step, in seconds.
     *
     * @param bytes     of the weights, and of a gradient
     * @param read      the driver copies the weights out of its training
     * @param serialise of one array of weights or gradients
     * @param parse     the same back
     * @param add       of two gradients
     * @param begin     an executor sets the weights and transposes them
     * @param finish    the driver sets the gradient, computes its norm and takes the optimiser step
     * @param image     forward and backward pass of one image
     */
    record Costs(long bytes, double read, double serialise, double parse, double add, double begin, double finish, double image) {

        /** The sums that the busiest receivers are sent, stage after stage, where {@code executors} have one each; the driver's are the last. */
        static int received(int executors, int fanIn) {
            int received = 0;
            int senders = executors;
            while (senders > fanIn) {
                int groups = Integer.highestOneBit(Math.max(1, (senders - 1) / fanIn));
                received += (senders + groups - 1) / groups;
                senders = groups;
            }
            return received + senders;
        }

        /** Seconds to send one array over a network of this bandwidth. */
        double wire(double gigabits) {
            return bytes * 8 / (gigabits * 1e9);
        }

        /** Seconds of a step apart from the passes. A broadcast goes from executor to executor in blocks, so every executor receives the weights once while it passes them on. */
        double exchange(int executors, int fanIn, double gigabits) {
            return read + serialise + 2 * wire(gigabits) + parse + begin + serialise + received(executors, fanIn) * (wire(gigabits) + parse + add) + finish;
        }

        double step(int executors, int fanIn, double gigabits, int batch) {
            return exchange(executors, fanIn, gigabits) + (batch + executors - 1) / executors * image;
        }
    }

    private StepCosts() {}

    /** Measures and prints. */
    public static void main(String[] args) throws Exception {
        String variant = args.length > 0 ? args[0] : "vit_base_patch16_224";
        int threads = args.length > 1 ? Integer.parseInt(args[1]) : 1;
        double gigabits = args.length > 2 ? Double.parseDouble(args[2]) : 10;
        int batch = args.length > 3 ? Integer.parseInt(args[3]) : 1024;
        Costs costs = measure(VitVariants.find(variant).orElseThrow(() -> new IllegalArgumentException("no variant " + variant)), threads);
        System.out.printf(Locale.ROOT, "%s, %d threads: %.1f MB; read %.3f s, serialise %.3f s, parse %.3f s, add %.3f s, begin %.3f s, finish %.3f s, an image %.3f s%n",
                variant, threads, costs.bytes / 1e6, costs.read, costs.serialise, costs.parse, costs.add, costs.begin, costs.finish, costs.image);
        System.out.printf(Locale.ROOT, "%ngigabits %.0f, batch %d; one machine: %.1f s a step%n", gigabits, batch, costs.finish + batch * costs.image);
        System.out.printf("%9s %12s %12s %14s %14s %10s %10s%n", "executors", "sums fan-in 2", "sums fan-in 8", "exchange 2, s", "exchange 8, s", "step, s", "speed-up");
        for (int executors = 2; executors <= 64; executors *= 2) {
            double step = Math.min(costs.step(executors, 2, gigabits, batch), costs.step(executors, 8, gigabits, batch));
            System.out.printf(Locale.ROOT, "%9d %12d %12d %14.2f %14.2f %10.2f %10.1f%n", executors, Costs.received(executors, 2), Costs.received(executors, 8),
                    costs.exchange(executors, 2, gigabits), costs.exchange(executors, 8, gigabits), step, (costs.finish + batch * costs.image) / step);
        }
    }

    private static Costs measure(VitConfig config, int threads) throws Exception {
        try (VitTraining training = VitTraining.of(new Initialization(config, Initialization.Scheme.TIMM, 0), TrainingOptions.of(threads, IMAGES), Optimizer.adamW(0.05))) {
            FlatParameters flat = new FlatParameters(config, Frozen.NOTHING);
            float[] images = new float[IMAGES * config.channels() * config.imageHeight() * config.imageWidth()];
            for (int i = 0; i < images.length; i++) {
                images[i] = i * 31 % 255 / 127f - 1;
            }
            int[] labels = new int[IMAGES];
            double image = best("passes", () -> {
                training.clearGradients();
                training.accumulate(images, labels, IMAGES, 1.0 / IMAGES);
            }) / IMAGES;
            float[][] arrays = new float[2][];
            double read = best("reading", () -> arrays[0] = flat.weights(training));
            arrays[1] = flat.gradients(training);
            byte[][] bytes = new byte[1][];
            double serialise = best("serialising", () -> bytes[0] = serialise(arrays[1]));
            double parse = best("parsing", () -> parse(bytes[0]));
            bytes[0] = null;
            double add = best("adding", () -> {
                float[] sum = arrays[1];
                float[] other = arrays[0];
                for (int i = 0; i < sum.length; i++) {
                    sum[i] += other[i];
                }
            });
            double begin = best("setting weights", () -> {
                flat.setWeights(training, arrays[0]);
                training.clearGradients();
            });
            double finish = best("optimiser step", () -> {
                flat.setGradients(training, arrays[1]);
                training.gradientNorm();
                training.step(1e-6, 1);
            });
            return new Costs((long) flat.size() * Float.BYTES, read, serialise, parse, add, begin, finish, image);
        }
    }

    /** A part of a step that is timed. */
    private interface Part {
        void run() throws Exception;
    }

    private static double best(String what, Part part) throws Exception {
        System.err.println(what);
        double best = Double.POSITIVE_INFINITY;
        for (int round = 0; round < ROUNDS; round++) {
            long start = System.nanoTime();
            part.run();
            best = Math.min(best, (System.nanoTime() - start) / 1e9);
        }
        return best;
    }

    private static byte[] serialise(float[] values) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(values.length * Float.BYTES + 1024);
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(new FlatValues(values));
        }
        return bytes.toByteArray();
    }

    private static void parse(byte[] bytes) throws IOException, ClassNotFoundException {
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes))) {
            in.readObject();
        }
    }
}
