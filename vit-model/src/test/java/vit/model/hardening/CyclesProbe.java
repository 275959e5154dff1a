package vit.model.hardening;

import java.io.IOException;
import java.nio.file.Path;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.config.VitVariants;
import vit.model.parameters.GeneratedWeights;

/**
 * Loads, calls and closes a model again and again. Then it prints what has not been given back: bytes of tensors, threads, file descriptors,
 * resident memory.
 */
final class CyclesProbe {

    private CyclesProbe() {}

    /** @param arguments the number of cycles, and the file of the {@link SmallModel} or {@code base} for ViT-B/16 with generated weights */
    public static void main(String[] arguments) throws Exception {
        int cycles = Integer.parseInt(arguments[0]);
        String first = cycle(arguments[1]);
        SmallModel.awaitCompilation();
        for (int i = 0; i < cycles / 4; i++) { // by then the JIT and the system's allocator hold what they need
            cycle(arguments[1]);
        }
        ProcessFigures before = ProcessFigures.now();
        long resident = ProcessFigures.residentKilobytes();
        for (int i = cycles / 4; i < cycles; i++) {
            if (!cycle(arguments[1]).equals(first)) {
                throw new AssertionError("other logits in cycle " + i);
            }
        }
        System.out.println("cycles " + cycles + ", " + before.growth() + ", resident KiB more " + (ProcessFigures.residentKilobytes() - resident));
    }

    private static String cycle(String what) throws IOException {
        if (!what.equals("base")) {
            try (VitModel model = VitModel.load(Path.of(what)); VitSession session = model.newSession(SessionOptions.threads(2))) {
                return SmallModel.call(session);
            }
        }
        try (VitModel model = VitModel.of(new GeneratedWeights(VitVariants.find("vit_base_patch16_224").orElseThrow(), 0));
                VitSession session = model.newSession(SessionOptions.threads(2))) {
            float[] logits = new float[model.config().classes()];
            session.logits(new float[3 * 224 * 224], 1, logits);
            return String.valueOf(logits[0]);
        }
    }
}
