package vit.bench.peers.pytorch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import vit.bench.peers.EmbeddingModel;
import vit.bench.peers.Work;
import vit.kernels.gelu.GeluKind;
import vit.kernels.patchembed.PatchOrder;
import vit.model.Optimizer;
import vit.model.SessionOptions;
import vit.model.TrainingOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.VitTraining;
import vit.model.config.AttentionConfig.RelativePositions;
import vit.model.config.BackboneConfig.Stage;
import vit.model.config.HeadConfig;
import vit.model.config.MlpConfig;
import vit.model.config.NormKind;
import vit.model.config.RotaryConfig;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;
import vit.model.config.VitConfigBuilder;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;

/** PyTorch gives our logits, embeddings and gradients, and the comparison says which part of a model it does not compute. */
class PyTorchVitTest {

    private static final double TOLERANCE = 1e-5;
    private static final int BATCH = 3;

    private static final VitConfig PLAIN = VitConfig.builder().image(24, 16).patch(8).width(24).depth(2).heads(3).mlp(40).classes(7).build();

    static Stream<Arguments> parts() {
        return Stream.of(
                arguments("a convolutional network before the patches", PLAIN.toBuilder().image(40, 56).patch(1).backbone(32, List.of(new Stage(1, 128)))),
                arguments("patches in the order CHANNEL_LAST", PLAIN.toBuilder().patchOrder(PatchOrder.CHANNEL_LAST)),
                arguments("norms around the patch projection", PLAIN.toBuilder().patchNorm(true)),
                arguments("3 tokens before the patches", PLAIN.toBuilder().registers(2)),
                arguments("the positions LEARNED_CLASS_AND_PATCHES", PLAIN.toBuilder().positions(Positions.LEARNED_CLASS_AND_PATCHES)),
                arguments("the positions NONE", PLAIN.toBuilder().positions(Positions.NONE)),
                arguments("RMSNorm", PLAIN.toBuilder().norm(NormKind.RMS)),
                arguments("keys without bias", PLAIN.toBuilder().keyBias(false)),
                arguments("normed queries and keys", PLAIN.toBuilder().queryKeyNorm(true)),
                arguments("rotary positions", PLAIN.toBuilder().rotary(new RotaryConfig(RotaryConfig.Scheme.DINOV3, 100, 1, 1))),
                arguments("relative positions", PLAIN.toBuilder().relative(RelativePositions.SHARED)),
                arguments("a norm inside attention", PLAIN.toBuilder().attentionNorm(true)),
                arguments("the MLP SWIGLU", PLAIN.toBuilder().mlpKind(MlpConfig.Kind.SWIGLU).gelu(GeluKind.TANH)),
                arguments("a norm inside the MLP", PLAIN.toBuilder().mlpNorm(true)),
                arguments("the pooling TOKEN_AND_PATCH_MEAN", PLAIN.toBuilder().pooling(Pooling.TOKEN_AND_PATCH_MEAN)),
                arguments("the pooling PATCH_MEAN", PLAIN.toBuilder().classToken(false).pooling(Pooling.PATCH_MEAN)),
                arguments("no final norm", PLAIN.toBuilder().finalNorm(FinalNorm.NONE)),
                arguments("a layer before the head", PLAIN.toBuilder().preLogits(true)));
    }

    /** What is computed: each part alone, then together as CLIP, DINOv2 and SigLIP have them. */
    static Stream<Arguments> computed() {
        VitConfig square = PLAIN.toBuilder().image(24, 24).patch(4).build();
        return Stream.of(
                arguments("plain ViT", PLAIN),
                arguments("no biases", PLAIN.toBuilder().qkvBias(false).outputBias(false).mlpBias(false).headBias(false).build()),
                arguments("norm after pooling, small epsilon", PLAIN.toBuilder().finalNorm(FinalNorm.AFTER_POOLING).layerNormEps(1e-12).build()),
                arguments("no patch bias", PLAIN.toBuilder().patchBias(false).build()),
                arguments("norm before the blocks", PLAIN.toBuilder().preNorm(true).build()),
                arguments("tanh GELU", PLAIN.toBuilder().gelu(GeluKind.TANH).build()),
                arguments("QuickGELU", PLAIN.toBuilder().gelu(GeluKind.QUICK).build()),
                arguments("layer scale", PLAIN.toBuilder().layerScale(true).build()),
                arguments("no head", PLAIN.toBuilder().classes(0).build()),
                arguments("projection", PLAIN.toBuilder().head(HeadConfig.Kind.PROJECTION).headBias(false).build()),
                arguments("no class token", PLAIN.toBuilder().classToken(false).pooling(Pooling.ALL_ATTENTION).build()),
                arguments("pooling by attention to the patches", PLAIN.toBuilder().pooling(Pooling.PATCH_ATTENTION).classes(0).build()),
                arguments("pooling by attention to every token", PLAIN.toBuilder().pooling(Pooling.ALL_ATTENTION).classes(0).build()),
                arguments("CLIP", PLAIN.toBuilder().patchBias(false).preNorm(true).layerNormEps(1e-5).gelu(GeluKind.QUICK)
                        .head(HeadConfig.Kind.PROJECTION).headBias(false).build()),
                arguments("DINOv2", square.toBuilder().layerScale(true).classes(0).build()),
                arguments("SigLIP", square.toBuilder().classToken(false).gelu(GeluKind.TANH).pooling(Pooling.PATCH_ATTENTION).classes(0).build()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("parts")
    void everyPartThatIsNotComputedIsNamed(String part, VitConfigBuilder builder) {
        assertEquals(List.of(part), PyTorchVit.notComputed(builder.build()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("computed")
    void whatIsComputedAgreesWithOurs(String part, VitConfig config) throws IOException {
        GeneratedWeights weights = new GeneratedWeights(config, 3);
        float[] images = new float[BATCH * config.channels() * config.imageHeight() * config.imageWidth()];
        weights.fill(images, images.length, "images", 1.7, 0);
        boolean embeds = config.classes() == 0 || config.isProjection();
        Work.Forward work = new Work.Forward(embeds ? Work.Kind.EMBED : Work.Kind.FORWARD, part, weights, images, BATCH, 1);
        float[] ours = new float[BATCH * work.width()];
        try (VitModel model = VitModel.of(weights); VitSession session = model.newSession(SessionOptions.threads(1).withBatch(BATCH));
                PyTorchForward theirs = new PyTorchForward(work)) {
            if (embeds) {
                session.embed(images, BATCH, ours);
            } else {
                session.logits(images, BATCH, ours);
            }
            theirs.run();
            compare(part, ours, theirs.result());
        }
    }

    @Test
    void embeddingModelsAreNotRefused() {
        for (EmbeddingModel model : EmbeddingModel.values()) {
            assertEquals(List.of(), PyTorchVit.notComputed(model.config()), model.title());
        }
    }

    /** Training takes other paths: nothing is done in place, and attention is computed step by step. */
    @ParameterizedTest
    @EnumSource(GeluKind.class)
    void gradientsAgreeWithOurs(GeluKind gelu) throws IOException {
        Work.Training work = Work.Training.of("", PLAIN.toBuilder().patchBias(false).preNorm(true).layerScale(true).gelu(gelu).build(), BATCH, false, 1);
        try (VitTraining ours = VitTraining.of(work.weights(), TrainingOptions.of(1, BATCH), Optimizer.adamW(Work.Training.WEIGHT_DECAY));
                PyTorchTraining theirs = new PyTorchTraining(work)) {
            ours.clearGradients();
            ours.accumulate(work.images(), work.labels(), BATCH, 1.0 / BATCH);
            theirs.run();
            int at = 0;
            for (Parameter parameter : work.compared()) {
                float[] gradient = new float[Math.toIntExact(parameter.shape().size())];
                ours.readGradient(parameter, gradient);
                compare(gelu + " " + parameter.name(), gradient, Arrays.copyOfRange(theirs.result(), at, at + gradient.length));
                at += gradient.length;
            }
        }
    }

    private static void compare(String name, float[] ours, float[] theirs) {
        assertEquals(ours.length, theirs.length, name);
        double scale = 0;
        double worst = 0;
        for (int i = 0; i < ours.length; i++) {
            scale = Math.max(scale, Math.abs(ours[i]));
            worst = Math.max(worst, Math.abs((double) ours[i] - theirs[i]));
        }
        System.out.printf("PyTorch: largest difference %.1e of the largest value, %s%n", worst / scale, name);
        assertTrue(scale > 0 && worst <= TOLERANCE * scale, name + ": " + worst + " at a scale of " + scale);
    }
}
