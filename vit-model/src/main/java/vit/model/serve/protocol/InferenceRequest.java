package vit.model.serve.protocol;

import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * A request for inference, read and checked.
 *
 * @param id       to be echoed, or null
 * @param images   each a {@code float[]} of normalised pixels, (channels, height, width), or the {@code byte[]} of an image file; at least one
 * @param outputs  what is asked for, in this order
 * @param timeout  from the call to the answer, or null for the service's deadline
 * @param isUrgent whether it goes before those that are not
 */
public record InferenceRequest(String id, List<Object> images, List<Output> outputs, Duration timeout, boolean isUrgent) {

    /**
     * An output that is asked for.
     *
     * @param name     as the client writes it, to be echoed
     * @param isBinary whether its values follow the JSON of the answer as bytes
     */
    public record Output(String name, boolean isBinary) {

        /** Which of the model's outputs it is. */
        String key() {
            return name.toLowerCase(Locale.ROOT);
        }
    }

    /** Bytes of the images, as they are kept until the answer. */
    public long imageBytes() {
        return images.stream().mapToLong(image -> image instanceof float[] pixels ? (long) pixels.length * Float.BYTES : ((byte[]) image).length).sum();
    }

    /** Whether logits or probabilities are asked for. */
    public boolean wantsClasses() {
        return outputs.stream().anyMatch(output -> !output.key().equals(InferenceModel.EMBEDDING));
    }
}
