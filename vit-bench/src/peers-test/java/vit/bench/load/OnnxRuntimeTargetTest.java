package vit.bench.load;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.config.VitConfig;
import vit.model.parameters.GeneratedWeights;

/** The service with ONNX Runtime gives our logits, and bounds what waits. */
class OnnxRuntimeTargetTest {

    private static final VitConfig CONFIG = VitConfig.builder().image(64, 64).patch(16).width(128).depth(2).heads(2).mlp(256).classes(10).build();

    @Test
    void logitsAreOurs() throws Exception {
        float[] pixels = ModelChoice.pixels(CONFIG);
        float[] ours = new float[CONFIG.classes()];
        try (VitModel model = VitModel.of(new GeneratedWeights(CONFIG, 0)); VitSession session = model.newSession(SessionOptions.threads(1));
                OnnxRuntimeTarget target = OnnxRuntimeTarget.start(model, pixels, 1, 1, 4)) {
            session.logits(pixels, 1, ours);
            float[] theirs = target.logits();
            for (int i = 0; i < ours.length; i++) {
                assertEquals(ours[i], theirs[i], 1e-4, "logit " + i);
            }
        }
    }

    /** Two passes share one pool. */
    @Test
    void logitsAreOursWithThreadsAndTheNameSaysTheGraph() throws Exception {
        float[] pixels = ModelChoice.pixels(CONFIG);
        float[] ours = new float[CONFIG.classes()];
        try (VitModel model = VitModel.of(new GeneratedWeights(CONFIG, 0)); VitSession session = model.newSession(SessionOptions.threads(1));
                OnnxRuntimeTarget target = OnnxRuntimeTarget.start(model, pixels, 2, 2, 4)) {
            session.logits(pixels, 1, ours);
            for (int call = 0; call < 2; call++) { // the second one fills the same buffer
                assertArrayEquals(ours, target.logits(), 1e-4f);
            }
            assertTrue(target.name().matches("onnxruntime [0-9.]+ \\((standard operators|operators of its own)\\)"), target.name());
        }
    }

    /** Far above its capacity it refuses, and what it admits waits for the whole queue. */
    @Test
    void theSemaphoreBoundsTheQueue() throws Exception {
        assertTrue(Engine.ONNXRUNTIME.isPresent());
        try (Target target = Engine.ONNXRUNTIME.start(VitModel.of(new GeneratedWeights(CONFIG, 0)), 1, 1, 1, 4, 1000)) {
            OpenLoop loop = new OpenLoop(target);
            loop.run(Arrivals.CONSTANT.schedule(1e5, 1), 0, 0.2, TimeUnit.SECONDS.toNanos(10));
            LoadResult.Counts counts = LoadResult.Counts.of(loop.recording());
            assertEquals(20_000, counts.sent());
            assertEquals(Map.of(), counts.failed());
            assertEquals(counts.sent(), counts.inTime() + counts.refused().get("QUEUE_FULL"));
            assertTrue(counts.inTime() >= 5, counts::toString);
        }
    }
}
