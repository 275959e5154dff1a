package vit.model.golden;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Locale;
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

/** Loss, gradients and first optimiser steps of every family against float64 results of its own code. */
class GradientsGoldenTest {

    private static final double LOSS_TOLERANCE = 1e-4;

    @ParameterizedTest
    @ValueSource(strings = {
        "timm-micro", "timm-gap", "torchvision-micro", "huggingface-micro", "vit-pytorch-micro", "vit-pytorch-simple-micro",
    })
    void everyGradientIsCloseToTheFloat64Truth(String name) throws IOException {
        try (GoldenCase golden = GoldenCase.open(name); Weights weights = Weights.open(golden.weights(), null)) {
            GoldenGradients.check(golden, weights);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "timm-micro", "timm-gap", "torchvision-micro", "huggingface-micro", "vit-pytorch-micro", "vit-pytorch-simple-micro",
    })
    void tenStepsGiveThePeersLosses(String name) throws IOException {
        JsonObject runs = Json.read(Golden.folder(name).resolve("training.json"));
        JsonObject sgd = runs.object("sgd");
        JsonObject adamw = runs.object("adamw");
        double worstSgd = losses(name, sgd,
                new Optimizer(new Sgd(sgd.number("momentum"), false), null, sgd.number("weight_decay"), true, 1));
        double worstAdam = losses(name, adamw, new Optimizer(null, Adam.adamW(), adamw.number("weight_decay"), true, 1));
        System.out.printf(Locale.ROOT, "%s: worst relative loss error in ten steps %.1e with SGD, %.1e with AdamW%n", name, worstSgd, worstAdam);
    }

    private static double losses(String name, JsonObject run, Optimizer optimizer) throws IOException {
        double worst = 0;
        try (GoldenCase golden = GoldenCase.open(name);
                Weights weights = Weights.open(golden.weights(), null);
                VitTraining training = VitTraining.of(weights, TrainingOptions.of(2, golden.batch()), optimizer)) {
            float[] images = golden.images();
            int[] labels = golden.labels();
            JsonArray truth = run.array("losses");
            for (int step = 0; step < truth.size(); step++) {
                training.clearGradients();
                double loss = training.accumulate(images, labels, labels.length, 1.0 / labels.length);
                double error = Math.abs(loss - truth.get(step).number()) / truth.get(step).number();
                worst = Math.max(worst, error);
                assertTrue(error <= LOSS_TOLERANCE, name + ", loss before step " + step + ": " + loss + ", truth "
                        + truth.get(step).number());
                training.step(run.number("lr"), 1);
            }
        }
        return worst;
    }
}
