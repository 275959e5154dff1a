package vit.model.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import vit.model.VitModel;
import vit.model.weights.Weights;

/**
 * The plain ViTs that came after the first: every stage, the embedding, the logits and every gradient against the float64 truth of the peer's own code.
 * Errors are relative to the largest element of a tensor. The peer's own float32 error is the measure of what float32 can give.
 */
class PeerFamiliesGoldenTest {

    static final String[] CASES = {
        "clip-hf-micro", "clip-openclip-micro", "clip-timm-micro", "dinov2-hf-micro", "dinov2-hf-resampled-micro", "dinov2-registers-hf-micro",
        "dinov2-fb-micro", "dinov2-timm-micro", "siglip-hf-micro", "siglip-timm-micro", "siglip-jax-npz-micro", "deit-distilled-hf-micro",
        "deit3-timm-micro", "mae-hf-micro", "dino-fb-micro", "ijepa-hf-micro", "beit-hf-micro", "beit-timm-micro", "dinov3-hf-micro",
        "dinov3-timm-micro", "eva02-timm-micro", "timm-reg4-gap-micro", "timm-map-micro", "timm-rmsnorm-micro", "timm-qknorm-micro",
        "hybrid-timm-micro", "hybrid-hf-micro",
    };

    @Test
    void noCaseIsLeftOut() throws IOException {
        Set<String> known = new TreeSet<>(List.of(CASES));
        try (Stream<Path> folders = Files.list(Golden.folder("families"))) {
            assertEquals(known, folders.filter(folder -> Files.exists(folder.resolve("reference.safetensors"))).map(folder -> folder.getFileName().toString())
                    .collect(Collectors.toCollection(TreeSet::new)));
        }
    }

    @ParameterizedTest
    @FieldSource("CASES")
    void everyStageIsCloseToTheFloat64Truth(String name) throws IOException {
        try (GoldenCase golden = GoldenCase.open("families/" + name); VitModel model = VitModel.load(golden.weights(), golden.config(), golden.image())) {
            GoldenStages.check(golden, model);
        }
    }

    @ParameterizedTest
    @FieldSource("CASES")
    void everyGradientIsCloseToTheFloat64Truth(String name) throws IOException {
        try (GoldenCase golden = GoldenCase.open("families/" + name); Weights weights = Weights.open(golden.weights(), golden.config(), golden.image())) {
            GoldenGradients.check(golden, weights);
        }
    }
}
