package vit.model.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vit.model.config.BackboneConfig.Convolution;
import vit.model.config.BackboneConfig.Stage;
import vit.model.parameters.Parameters;

/** A hybrid's convolutional network: its sizes, and the numbers of parameters of published hybrids. */
class BackboneConfigTest {

    private static final List<Stage> R26 = List.of(new Stage(2, 256), new Stage(2, 512), new Stage(2, 1024), new Stage(2, 2048));
    private static final List<Stage> R50_S16 = List.of(new Stage(3, 256), new Stage(4, 512), new Stage(9, 1024));
    private static final List<Stage> R50_S32 = List.of(new Stage(3, 256), new Stage(4, 512), new Stage(6, 1024), new Stage(3, 2048));

    /** The rule of timm's make_divisible with a divisor of 8: rounding to a multiple, but down by no more than a tenth. */
    @ParameterizedTest
    @CsvSource({"256,64", "2048,512", "48,16", "32,8", "4,8", "128,32", "44,16", "40,16", "140,32", "72,24"})
    void theMiddleIsAQuarterRoundedToEights(int channels, int middle) {
        assertEquals(middle, new Stage(1, channels).middle());
    }

    @Test
    void everyStrideRoundsUp() {
        BackboneConfig backbone = new BackboneConfig(64, R50_S16, 32);
        assertEquals(16, backbone.stride());
        for (int pixels = 1; pixels < 200; pixels++) {
            int side = pixels;
            for (int halving = 0; halving < 4; halving++) {
                side = (side + 1) / 2;
            }
            assertEquals(side, backbone.side(pixels));
        }
        List<Convolution> convolutions = backbone.convolutions(3, 41, 50);
        assertEquals(1 + 3 * (3 + 4 + 9) + 3, convolutions.size());
        assertEquals(backbone.side(41) * backbone.side(50), convolutions.getLast().pixels());
        assertEquals(4, new BackboneConfig(64, List.of(), 32).stride());
    }

    /** The counts, in millions, are those of timm's results-imagenet.csv. */
    @ParameterizedTest
    @CsvSource({"tiny_r_s16_p8,224,6.34", "small_r26_s32,384,36.47", "base_r50_s16,384,98.95", "large_r50_s32,224,328.99"})
    void publishedHybridsHaveThePublishedNumberOfParameters(String name, int image, double millions) {
        VitConfigBuilder b = VitConfig.builder().patch(1).image(image, image);
        switch (name) {
            case "tiny_r_s16_p8" -> b.width(192).heads(3).patch(8).backbone(64, List.of());
            case "small_r26_s32" -> b.width(384).heads(6).backbone(64, R26);
            case "base_r50_s16" -> b.backbone(64, R50_S16);
            default -> b.width(1024).depth(24).heads(16).backbone(64, R50_S32);
        }
        assertEquals(millions, Math.round(Parameters.of(b.build()).count() / 1e4) / 100.0, 1e-9);
    }

    @Test
    void impossibleNetworksAreRefused() {
        refused("channels 20 are not divisible by 32 groups", () -> new BackboneConfig(20, List.of(), 32));
        refused("bottlenecks of a stage", () -> new Stage(0, 64));
        refused("patches of 2 do not divide", () -> VitConfig.builder().patch(2).image(40, 40).backbone(64, R50_S16).build());
        refused("a step of the backbone needs 617025600", () -> VitConfig.builder().patch(1).image(8, 8).backbone(64, List.of(new Stage(1, 33_104))).backboneGroups(8).build());
        refused("a step of the backbone needs", () -> VitConfig.builder().patch(64).image(8192, 8192).backbone(64, R50_S16).build());
    }

    private static void refused(String part, Runnable made) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, made::run);
        assertTrue(e.getMessage().contains(part), e.getMessage());
    }
}
