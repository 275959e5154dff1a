package vit.model.golden;

import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vit.model.VitModel;

/** The forward pass of the first families against float64 results of their own code. The configuration is found beside the weights. */
class FamiliesGoldenTest {

    @ParameterizedTest
    @ValueSource(strings = {
        "timm-micro", "timm-gap", "torchvision-micro", "huggingface-micro", "jax-npz-micro", "vit-pytorch-micro", "vit-pytorch-simple-micro",
    })
    void everyStageIsCloseToTheFloat64Truth(String name) throws IOException {
        try (GoldenCase golden = GoldenCase.open(name); VitModel model = VitModel.load(golden.weights())) {
            GoldenStages.check(golden, model);
        }
    }
}
