package vit.model;

import java.io.IOException;
import java.io.InputStream;

/** Loads the small model in the jar, from memory, in the same way as any other model is loaded from a file. */
final class ShippedModel {

    /** Resources beside this class: weights and configuration. */
    private static final String WEIGHTS = "shipped/model.safetensors";
    private static final String CONFIG = "shipped/config.json";

    private ShippedModel() {}

    static VitModel load(StoredAs storedAs) throws IOException {
        VitModel.prepareKernels();
        return VitModel.load(resource(WEIGHTS), resource(CONFIG), LoadOptions.DEFAULTS.withWeights(storedAs));
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = ShippedModel.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException("the resource " + name + " is not in the jar");
            }
            return in.readAllBytes();
        }
    }
}
