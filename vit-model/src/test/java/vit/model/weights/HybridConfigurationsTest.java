package vit.model.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vit.model.InputException;
import vit.model.config.BackboneConfig;
import vit.model.config.BackboneConfig.Stage;
import vit.model.config.VitConfig;
import vit.model.parameters.GeneratedWeights;

/** Hybrids in the configurations of Hugging Face, of timm and in our own form. */
class HybridConfigurationsTest {

    private static final List<Stage> R50 = List.of(new Stage(3, 256), new Stage(4, 512), new Stage(9, 1024));

    @TempDir
    private Path folder;

    private VitConfig read(String json) throws IOException {
        return Weights.configuration(Files.writeString(folder.resolve("config.json"), json)).vit();
    }

    private void refused(String part, String json) {
        InputException e = assertThrows(InputException.class, () -> read(json));
        assertTrue(e.getMessage().contains(part), e.getMessage());
    }

    private static String hybrid(String backbone) {
        return "{\"model_type\":\"vit-hybrid\",\"image_size\":384,\"backbone_config\":{" + backbone + "}}";
    }

    private static final String PLAIN = "\"layer_type\":\"bottleneck\",\"global_padding\":\"same\",\"embedding_dynamic_padding\":true";

    /** What the fields leave out has the defaults of transformers' classes: of BitConfig, or of the hybrid's if there is no backbone at all. */
    @Test
    void huggingFace() throws IOException {
        VitConfig published = read(hybrid(PLAIN + ",\"depths\":[3,4,9],\"out_features\":[\"stage3\"]"));
        assertEquals(new BackboneConfig(64, R50, 32), published.stem().backbone());
        assertEquals(24 * 24 + 1, published.tokens());
        assertEquals(new BackboneConfig(64, R50, 32), read("{\"model_type\":\"vit-hybrid\"}").stem().backbone());
        VitConfig early = read(hybrid(PLAIN + ",\"out_features\":[\"stage2\"],\"num_groups\":8,\"embedding_size\":16"));
        assertEquals(new BackboneConfig(16, List.of(new Stage(3, 256), new Stage(4, 512)), 8), early.stem().backbone());
    }

    @Test
    void networksThatAreNotComputedAreRefusedByTheirField() {
        refused("\"backbone_config.layer_type\"", hybrid("\"global_padding\":\"same\",\"embedding_dynamic_padding\":true"));
        refused("\"backbone_config.layer_type\"", hybrid(PLAIN.replace("bottleneck", "preactivation")));
        refused("\"backbone_config.global_padding\"", hybrid(PLAIN.replace("same", "valid")));
        refused("\"backbone_config.embedding_dynamic_padding\"", hybrid(PLAIN.replace("true", "false")));
        refused("\"backbone_config.width_factor\"", hybrid(PLAIN + ",\"width_factor\":2"));
        refused("\"backbone_config.out_features\"", hybrid(PLAIN + ",\"out_features\":[\"stem\"]"));
        refused("\"backbone_config.hidden_sizes\"", hybrid(PLAIN + ",\"hidden_sizes\":[256]"));
        refused("\"backbone_config.depths[0]\"", hybrid(PLAIN + ",\"depths\":[0,1],\"hidden_sizes\":[64,64]"));
        refused("a convolutional stem with batch normalisation", "{\"architecture\":\"vit_base_resnet50d_224\",\"pretrained_cfg\":{}}");
    }

    @ParameterizedTest
    @CsvSource({"vit_tiny_r_s16_p8_224, 0, 49, 32", "vit_small_r26_s32_224, 4, 49, 32", "vit_base_r50_s16_384, 3, 576, 16", "vit_large_r50_s32_384, 4, 144, 32"})
    void timmsNamesFixTheBackbone(String name, int stages, int patches, int pixels) throws IOException {
        VitConfig config = read("{\"architecture\":\"" + name + "\",\"num_classes\":1000,\"pretrained_cfg\":{\"input_size\":[3," + name.substring(name.length() - 3) + ","
                + name.substring(name.length() - 3) + "]}}");
        assertEquals(stages, config.stem().backbone().stages().size());
        assertEquals(32, config.stem().backbone().groups());
        assertEquals(patches, config.patches());
        assertEquals(pixels, config.patchPixels());
    }

    @Test
    void ourOwnForm() throws IOException {
        String sizes = "{\"family\":\"timm\",\"image\":[64,64],\"patch\":1,\"width\":48,\"depth\":1,\"heads\":3,\"classes\":5,\"backbone\":";
        assertEquals(new BackboneConfig(32, List.of(new Stage(1, 64)), 4), read(sizes + "[32,[1,64]],\"backbone_groups\":4}").stem().backbone());
        assertNull(read(sizes + "\"none\"}").stem().backbone());
        refused("the stage is not a pair", sizes + "[32,[1]]}");
        refused("the backbone is not complete", sizes + "[]}");
        refused("the backbone is too deep", sizes + "[32,[1,64],[1,64],[1,64],[1,64],[1,64],[1,64],[1,64],[1,64],[1,64]]}");
        refused("not divisible by 32 groups", sizes + "[20]}");
    }

    /** The shapes of tensors show everything but the groups. */
    @Test
    void weightsWithoutConfiguration() throws IOException {
        VitConfig config = VitConfig.builder().image(64, 64).patch(1).width(64).depth(1).heads(1).mlp(32).classes(5)
                .backbone(32, List.of(new Stage(2, 128), new Stage(1, 256))).build();
        Path file = folder.resolve("w.safetensors");
        WeightsWriter.write(file, new GeneratedWeights(config, 1), java.util.Map.of());
        try (Weights weights = Weights.open(file, null)) {
            assertEquals(config.toBuilder().heads(1).build(), weights.config());
            assertTrue(weights.report().warnings().stream().anyMatch(warning -> warning.contains("backbone_groups 32")), weights.report().warnings()::toString);
        }
    }
}
