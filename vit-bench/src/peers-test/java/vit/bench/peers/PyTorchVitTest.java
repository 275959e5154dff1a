package vit.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import vit.kernels.gelu.GeluKind;
import vit.kernels.patchembed.PatchOrder;
import vit.model.config.AttentionConfig.RelativePositions;
import vit.model.config.HeadConfig;
import vit.model.config.MlpConfig;
import vit.model.config.NormKind;
import vit.model.config.RotaryConfig;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;
import vit.model.config.VitConfigBuilder;

/** The comparison with PyTorch says which part of a model it does not compute. */
class PyTorchVitTest {

    private static final VitConfig PLAIN = VitConfig.builder().image(24, 16).patch(8).width(24).depth(2).heads(3).mlp(40).classes(7).build();

    static Stream<Arguments> parts() {
        return Stream.of(
                arguments("patches in the order CHANNEL_LAST", PLAIN.toBuilder().patchOrder(PatchOrder.CHANNEL_LAST)),
                arguments("a patch projection without bias", PLAIN.toBuilder().patchBias(false)),
                arguments("norms around the patch projection", PLAIN.toBuilder().patchNorm(true)),
                arguments("3 tokens before the patches", PLAIN.toBuilder().registers(2)),
                arguments("the positions LEARNED_CLASS_AND_PATCHES", PLAIN.toBuilder().positions(Positions.LEARNED_CLASS_AND_PATCHES)),
                arguments("the positions NONE", PLAIN.toBuilder().positions(Positions.NONE)),
                arguments("a norm before the blocks", PLAIN.toBuilder().preNorm(true)),
                arguments("RMSNorm", PLAIN.toBuilder().norm(NormKind.RMS)),
                arguments("keys without bias", PLAIN.toBuilder().keyBias(false)),
                arguments("normed queries and keys", PLAIN.toBuilder().queryKeyNorm(true)),
                arguments("rotary positions", PLAIN.toBuilder().rotary(new RotaryConfig(RotaryConfig.Scheme.DINOV3, 100, 1, 1))),
                arguments("relative positions", PLAIN.toBuilder().relative(RelativePositions.SHARED)),
                arguments("a norm inside attention", PLAIN.toBuilder().attentionNorm(true)),
                arguments("the MLP SWIGLU", PLAIN.toBuilder().mlpKind(MlpConfig.Kind.SWIGLU).gelu(GeluKind.TANH)),
                arguments("the GELU QUICK", PLAIN.toBuilder().gelu(GeluKind.QUICK)),
                arguments("a norm inside the MLP", PLAIN.toBuilder().mlpNorm(true)),
                arguments("layer scale", PLAIN.toBuilder().layerScale(true)),
                arguments("the pooling TOKEN_AND_PATCH_MEAN", PLAIN.toBuilder().pooling(Pooling.TOKEN_AND_PATCH_MEAN)),
                arguments("the pooling PATCH_ATTENTION", PLAIN.toBuilder().pooling(Pooling.PATCH_ATTENTION)),
                arguments("no final norm", PLAIN.toBuilder().finalNorm(FinalNorm.NONE)),
                arguments("a layer before the head", PLAIN.toBuilder().preLogits(true)),
                arguments("a head that is a projection", PLAIN.toBuilder().head(HeadConfig.Kind.PROJECTION)),
                arguments("no head", PLAIN.toBuilder().classes(0)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("parts")
    void everyPartThatIsNotComputedIsNamed(String part, VitConfigBuilder builder) {
        assertEquals(List.of(part), PyTorchVit.notComputed(builder.build()));
    }

    @Test
    void whatIsComputedIsNotRefused() {
        assertEquals(List.of(), PyTorchVit.notComputed(PLAIN));
        assertEquals(List.of(), PyTorchVit.notComputed(PLAIN.toBuilder().qkvBias(false).outputBias(false).mlpBias(false).headBias(false)
                .finalNorm(FinalNorm.AFTER_POOLING).layerNormEps(1e-12).build()));
    }
}
