package vit.model.service;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import vit.model.AttentionMaps;
import vit.model.Prediction;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.config.HeadConfig;
import vit.model.config.VitConfig;
import vit.model.image.RgbImage;
import vit.model.parameters.GeneratedWeights;

/** Every kind of answer is what a session gives. */
@Timeout(60)
class RequestAnswersTest {

    private static final ServiceOptions OPTIONS = ServiceOptions.defaults().withSessions(1, 1).withDeadline(Duration.ofSeconds(30));

    private static VitService start(VitModel model) {
        VitService service = VitService.start(model, OPTIONS);
        service.ready().join();
        return service;
    }

    @Test
    void outputsOfOnePassAreThoseOfTwo() throws Exception {
        VitModel model = MicroModel.open(0);
        try (VitService service = start(model); VitSession session = model.newSession(SessionOptions.threads(1))) {
            float[] pixels = MicroModel.pixels(1);
            Outputs outputs = service.call(Request.outputs(pixels));
            float[] logits = new float[MicroModel.CLASSES];
            session.logits(pixels, 1, logits);
            float[] embedding = new float[MicroModel.CONFIG.embeddingWidth()];
            session.embed(pixels, 1, embedding);
            assertArrayEquals(logits, outputs.logits());
            assertArrayEquals(embedding, outputs.embedding());
            assertArrayEquals(model.scores().of(logits, 0, logits.length), outputs.probabilities());
        }
    }

    @Test
    void anExplanationIsThePredictionAndTheAttention() throws Exception {
        VitModel model = MicroModel.open(0);
        RgbImage image = MicroModel.image(3);
        try (VitService service = start(model); VitSession session = model.newSession(SessionOptions.threads(1))) {
            CompletableFuture<Explanation> future = service.submit(Request.explanation(image, 2));
            Explanation explanation = service.call(Request.explanation(image, 2));
            Prediction prediction = session.classify(image, 2);
            AttentionMaps attention = session.attention(image);
            for (Explanation each : new Explanation[] {explanation, future.get()}) {
                assertEquals(prediction, each.prediction().orElseThrow());
                assertArrayEquals(model.preprocessing().apply(image, 8, 8), each.pixels());
                assertEquals(model.preprocessing(), each.preprocessing());
                assertEquals(attention.depth(), each.attention().depth());
                for (int block = 0; block < attention.depth(); block++) {
                    assertArrayEquals(attention.head(block, 1), each.attention().head(block, 1));
                }
            }
        }
    }

    @Test
    void aTimedAnswerAddsUpToNoMoreThanTheCall() throws Exception {
        try (VitService service = start(MicroModel.open(0))) {
            long begin = System.nanoTime();
            TimedAnswer<Prediction> timed = service.timed(Request.prediction(MicroModel.image(1), 1));
            long nanos = System.nanoTime() - begin;
            assertTrue(timed.decoding().toNanos() > 0 && timed.waiting().toNanos() >= 0 && timed.computing().toNanos() > 0, timed::toString);
            assertTrue(timed.decoding().plus(timed.waiting()).plus(timed.computing()).toNanos() <= nanos, timed + " of " + nanos);
        }
    }

    @Test
    void aModelWithoutClassesExplainsAndEmbedsAndRefusesTheRest() throws Exception {
        for (VitConfig config : new VitConfig[] {MicroModel.CONFIG.toBuilder().classes(0).build(),
                MicroModel.CONFIG.toBuilder().head(HeadConfig.Kind.PROJECTION).build()}) {
            try (VitService service = start(VitModel.of(new GeneratedWeights(config, 0)))) {
                RgbImage image = MicroModel.image(1);
                assertEquals(config.embeddingWidth(), service.embed(image).length);
                assertTrue(service.call(Request.explanation(image, 5)).prediction().isEmpty());
                assertThrows(IllegalArgumentException.class, () -> service.classify(image));
                assertThrows(IllegalArgumentException.class, () -> service.call(Request.probabilities(image)));
                assertThrows(IllegalArgumentException.class, () -> service.submit(Request.outputs(image)));
            }
        }
    }

    /** A request for attention counts as the passes that it takes, so that those behind it are predicted rightly. */
    @Test
    void theTimeOfAttentionIsLearnedInPasses() {
        CostTable costs = new CostTable(new long[] {1000});
        assertEquals(1, costs.passes(Ticket.Output.LOGITS));
        for (int i = 0; i < 20; i++) {
            costs.observeAttention(6_500);
        }
        assertEquals(7, costs.passes(Ticket.Output.ATTENTION));
        assertEquals(1000, costs.of(1), "the cost of a pass is another matter");
    }
}
