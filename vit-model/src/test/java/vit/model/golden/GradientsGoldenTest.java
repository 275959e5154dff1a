package vit.model.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vit.kernels.optim.Adam;
import vit.kernels.optim.Sgd;
import vit.model.Optimizer;
import vit.model.TrainingOptions;
import vit.model.VitTraining;
import vit.model.json.Json;
import vit.model.json.JsonArray;
import vit.model.json.JsonObject;
import vit.model.weights.Weights;
import vit.model.weights.format.TensorEntry;
import vit.model.weights.format.TensorFile;

/** Loss, gradients and first optimiser steps of every family against float64 results of its own code. */
class GradientsGoldenTest {

    private static final double TOLERANCE = 1e-5;

    /**
     * The least scale by which a gradient's error is judged, as a share of the largest gradient's scale: the gradient of a key bias is zero in
     * exact arithmetic.
     */
    private static final double SCALE_FLOOR = 0.01;

    /** The largest allowed error of a gradient, in units of the error of PyTorch's own float32. */
    private static final double PYTORCH_ERRORS = 4;

    private static final double LOSS_TOLERANCE = 1e-4;

    @ParameterizedTest
    @ValueSource(strings = {
        "timm-micro", "timm-gap", "torchvision-micro", "huggingface-micro", "vit-pytorch-micro", "vit-pytorch-simple-micro",
    })
    void everyGradientIsCloseToTheFloat64Truth(String name) throws IOException {
        Path folder = Golden.folder(name);
        JsonObject peerErrors = Json.read(folder.resolve("float32-error.json"));
        try (Weights weights = Weights.open(folder.resolve("weights.safetensors"), null);
                TensorFile reference = TensorFile.open(folder.resolve("reference.safetensors"));
                VitTraining training = VitTraining.of(weights, TrainingOptions.of(2, batch(reference)).withImageGradient(true), null)) {
            double loss = training.accumulate(Golden.floats(reference, "images"), labels(reference), batch(reference), 1.0 / batch(reference));
            double lossTruth = Golden.doubles(reference, "loss")[0];
            assertEquals(lossTruth, loss, TOLERANCE * lossTruth);
            Map<String, float[]> gradients = gradients(weights, training, reference);
            double floor = SCALE_FLOOR * largest(reference);
            double worst = 0;
            double worstPeer = 0;
            for (TensorEntry entry : reference.entries()) {
                if (!entry.name().startsWith("grad.")) {
                    continue;
                }
                float[] gradient = gradients.get(entry.name());
                assertTrue(gradient != null, name + ": " + entry.name() + " has no gradient of ours");
                double[] truth = Golden.doubles(reference, entry.name());
                double error = Golden.maxError(truth, gradient, 0);
                double relative = error / Math.max(floor, Golden.scale(truth));
                worst = Math.max(worst, relative);
                assertTrue(relative <= TOLERANCE, name + " " + entry.name() + ": error/scale " + relative);
                // If the tensor is zero in exact arithmetic, it holds rounding errors far below the scale of all gradients.
                double peer = Math.max(peerErrors.object(entry.name()).number("max_abs"), floor * Math.ulp(1f));
                worstPeer = Math.max(worstPeer, error / peer);
                assertTrue(error <= PYTORCH_ERRORS * peer, name + " " + entry.name() + ": error " + error + ", PyTorch's " + peer);
            }
            System.out.printf(Locale.ROOT, "%s: loss error %.1e, worst gradient error/scale %.1e, at most %.2f × PyTorch's float32 error%n",
                    name, Math.abs(loss - lossTruth) / lossTruth, worst, worstPeer);
        }
    }

    /** All gradients, each under the name that the file gives its tensor. */
    private static Map<String, float[]> gradients(Weights weights, VitTraining training, TensorFile reference) throws IOException {
        Map<String, float[]> gradients = new LinkedHashMap<>();
        float[] images = new float[Math.toIntExact(reference.find("images").shape().size())];
        training.imageGradient(images, batch(reference));
        gradients.put("grad.images", images);
        weights.inFileLayout(training::readGradient).forEach((name, values) -> gradients.put("grad." + name, values));
        return gradients;
    }

    private static double largest(TensorFile reference) throws IOException {
        double largest = 0;
        for (TensorEntry entry : reference.entries()) {
            if (entry.name().startsWith("grad.")) {
                largest = Math.max(largest, Golden.scale(Golden.doubles(reference, entry.name())));
            }
        }
        return largest;
    }

    private static int batch(TensorFile reference) {
        return reference.find("images").shape().dimension(0);
    }

    private static int[] labels(TensorFile reference) throws IOException {
        double[] values = Golden.doubles(reference, "labels");
        int[] labels = new int[values.length];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = (int) values[i];
        }
        return labels;
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "timm-micro", "timm-gap", "torchvision-micro", "huggingface-micro", "vit-pytorch-micro", "vit-pytorch-simple-micro",
    })
    void tenStepsGiveThePeersLosses(String name) throws IOException {
        Path folder = Golden.folder(name);
        JsonObject runs = Json.read(folder.resolve("training.json"));
        JsonObject sgd = runs.object("sgd");
        JsonObject adamw = runs.object("adamw");
        double worstSgd = losses(folder, sgd,
                new Optimizer(new Sgd(sgd.number("momentum"), false), null, sgd.number("weight_decay"), true, 1, false));
        double worstAdam = losses(folder, adamw, new Optimizer(null, Adam.adamW(), adamw.number("weight_decay"), true, 1, false));
        System.out.printf(Locale.ROOT, "%s: worst relative loss error in ten steps %.1e with SGD, %.1e with AdamW%n", name, worstSgd, worstAdam);
    }

    private static double losses(Path folder, JsonObject run, Optimizer optimizer) throws IOException {
        double worst = 0;
        try (Weights weights = Weights.open(folder.resolve("weights.safetensors"), null);
                TensorFile reference = TensorFile.open(folder.resolve("reference.safetensors"));
                VitTraining training = VitTraining.of(weights, TrainingOptions.of(2, batch(reference)), optimizer)) {
            float[] images = Golden.floats(reference, "images");
            int[] labels = labels(reference);
            JsonArray truth = run.array("losses");
            for (int step = 0; step < truth.size(); step++) {
                training.clearGradients();
                double loss = training.accumulate(images, labels, labels.length, 1.0 / labels.length);
                double error = Math.abs(loss - truth.get(step).number()) / truth.get(step).number();
                worst = Math.max(worst, error);
                assertTrue(error <= LOSS_TOLERANCE, folder.getFileName() + ", loss before step " + step + ": " + loss + ", truth "
                        + truth.get(step).number());
                training.step(run.number("lr"), 1);
            }
        }
        return worst;
    }
}
