package vit.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
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
import vit.model.parameters.GeneratedWeights;

/** Every kind of model can be warmed up: the tiny models that stand for it exist, and its own calls get arrays of the right length. */
class WarmUpTest {

    private static final VitConfig PLAIN = VitConfig.builder().image(24, 16).patch(8).width(24).depth(2).heads(3).mlp(40).classes(7).build();

    static Stream<VitConfig> everyKind() {
        return Stream.of(
                PLAIN.toBuilder().gelu(GeluKind.QUICK).patchBias(false).preNorm(true).head(HeadConfig.Kind.PROJECTION).headBias(false).build(),
                PLAIN.toBuilder().layerScale(true).registers(4).positions(Positions.LEARNED_CLASS_AND_PATCHES).classes(0).build(),
                PLAIN.toBuilder().headDim(5).qkvBias(false).outputBias(false).mlpBias(false).build(),
                PLAIN.toBuilder().classToken(false).positions(Positions.SINCOS_2D).pooling(Pooling.ALL_MEAN).finalNorm(FinalNorm.AFTER_POOLING).build(),
                PLAIN.toBuilder().distillationToken(true).preLogits(true).build(),
                PLAIN.toBuilder().patchNorm(true).patchOrder(PatchOrder.CHANNEL_LAST).channels(1).build(),
                PLAIN.toBuilder().norm(NormKind.RMS).mlpKind(MlpConfig.Kind.SWIGLU).mlpNorm(true).attentionNorm(true).queryKeyNorm(true).build(),
                PLAIN.toBuilder().keyBias(false).relative(RelativePositions.BY_BLOCK).positions(Positions.NONE).build(),
                PLAIN.toBuilder().relative(RelativePositions.SHARED).finalNorm(FinalNorm.NONE).build(),
                PLAIN.toBuilder().rotary(new RotaryConfig(RotaryConfig.Scheme.DINOV3, 100, 1, 1)).build(),
                PLAIN.toBuilder().rotary(new RotaryConfig(RotaryConfig.Scheme.EVA, 10000, 5, 4)).build(),
                PLAIN.toBuilder().classes(1).build(),
                PLAIN.toBuilder().depth(0).build());
    }

    @ParameterizedTest
    @MethodSource("everyKind")
    void tinyModelsAreOfTheSameKind(VitConfig config) {
        tinyModels(config);
    }

    @ParameterizedTest
    @EnumSource(Pooling.class)
    void tinyModelsPoolInTheSameWay(Pooling pooling) {
        VitConfig config = PLAIN.toBuilder().pooling(pooling).build();
        tinyModels(config);
        tinyModels(config.toBuilder().classes(0).build());
    }

    private static void tinyModels(VitConfig config) {
        for (VitConfig tiny : List.of(SmallModel.plain(config), SmallModel.varied(config))) {
            assertEquals(config.stem().patchBias(), tiny.stem().patchBias());
            assertEquals(config.prefix(), tiny.prefix());
            assertEquals(config.positions(), tiny.positions());
            assertEquals(config.preNorm(), tiny.preNorm());
            assertEquals(config.block().norm(), tiny.block().norm());
            assertEquals(config.gelu(), tiny.gelu());
            assertEquals(config.pool(), tiny.pool());
            assertEquals(config.head().kind(), tiny.head().kind());
        }
    }

    static Stream<VitConfig> embeddings() {
        return Stream.of(
                PLAIN.toBuilder().classToken(false).pooling(Pooling.PATCH_ATTENTION).classes(0).build(),
                PLAIN.toBuilder().pooling(Pooling.TOKEN_AND_PATCH_MEAN).classes(0).build());
    }

    /** SigLIP's pooling needs a width of its own, and an embedding may be twice as wide as a token. */
    @ParameterizedTest
    @MethodSource("embeddings")
    void modelsWithoutAHeadAreWarmedUp(VitConfig config) throws IOException {
        try (VitModel model = VitModel.of(new GeneratedWeights(config, 0)); VitSession session = model.newSession(SessionOptions.threads(2))) {
            assertTrue(session.warmUp().calls() >= 3);
        }
    }

    /** The nine pauses of a full warm-up take as long. */
    private static final double FULL_MILLIS = 270;

    private static final int TRIES = 4;

    /** Code belongs to the JVM: a second session of the same kind, whatever its size, is timed by a few calls and no more. */
    @Test
    void codeIsCompiledOnceForAKind() throws IOException {
        VitConfig config = PLAIN.toBuilder().registers(2).build();
        boolean ready = false;
        for (int i = 0; i < TRIES && !ready; i++) {
            ready = warmUp(config).ready(); // not at once if the compilers' cores are busy
        }
        assertTrue(ready);
        WarmUpReport same = shortest(config);
        WarmUpReport larger = shortest(config.toBuilder().width(48).depth(5).image(64, 64).build());
        for (WarmUpReport report : List.of(same, larger)) {
            assertTrue(report.ready(), report.toString());
            assertTrue(report.calls() >= 1 && report.lastMilliseconds() > 0, report.toString());
            assertTrue(report.milliseconds() < FULL_MILLIS, report.toString());
        }
        WarmUpReport other = warmUp(config.toBuilder().norm(NormKind.RMS).build());
        assertTrue(other.milliseconds() >= FULL_MILLIS, "another kind runs other methods: " + other);
    }

    /** The shortest of several warm-ups: any one of them may find another program on its cores. */
    private static WarmUpReport shortest(VitConfig config) throws IOException {
        WarmUpReport best = warmUp(config);
        for (int i = 1; i < TRIES && best.milliseconds() >= FULL_MILLIS; i++) {
            WarmUpReport next = warmUp(config);
            best = next.milliseconds() < best.milliseconds() ? next : best;
        }
        return best;
    }

    private static WarmUpReport warmUp(VitConfig config) throws IOException {
        try (VitModel model = VitModel.of(new GeneratedWeights(config, 0)); VitSession session = model.newSession(SessionOptions.threads(2))) {
            return session.warmUp();
        }
    }
}
