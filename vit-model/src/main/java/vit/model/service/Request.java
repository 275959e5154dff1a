package vit.model.service;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import vit.model.Prediction;
import vit.model.VitModel;
import vit.model.image.RgbImage;

/**
 * What is asked of one image, and until when. Immutable; one object may be sent any number of times. Logits, probabilities, a prediction or the embedding
 * can be asked for, each of normalised pixels, of a decoded image, of the bytes of an image file, or of a file.
 *
 * <!-- given: VitService service, float[] pixels, Path photo -->
 * <pre>{@code
 * Prediction best = service.call(Request.prediction(photo, 5).within(Duration.ofMillis(80)).urgent());
 * CompletableFuture<float[]> embedding = service.submit(Request.embedding(pixels));
 * }</pre>
 *
 * <p>Pixels are (channels, height, width), row-major, normalised as in the model's training ({@link VitModel#preprocessing}). The array is read while
 * the request is computed. Nobody may write to it before the request has ended.
 *
 * @param <T> what the answer is
 */
public final class Request<T> {

    /** Makes the answer from what the model computed. */
    @FunctionalInterface
    interface Answer<T> {
        T of(VitModel model, float[] result);
    }

    private final Object image; // float[], RgbImage, byte[] or Path
    private final Ticket.Output output;
    private final Answer<T> answer;
    private final Duration deadline; // or null: the service's
    private final boolean urgent;

    private Request(Object image, Ticket.Output output, Answer<T> answer, Duration deadline, boolean urgent) {
        this.image = Objects.requireNonNull(image, "image");
        this.output = output;
        this.answer = answer;
        this.deadline = deadline;
        this.urgent = urgent;
    }

    private static Request<float[]> logitsOf(Object image) {
        return new Request<>(image, Ticket.Output.LOGITS, (model, result) -> result, null, false);
    }

    private static Request<float[]> embeddingOf(Object image) {
        return new Request<>(image, Ticket.Output.EMBEDDING, (model, result) -> result, null, false);
    }

    private static Request<double[]> probabilitiesOf(Object image) {
        return new Request<>(image, Ticket.Output.LOGITS, (model, result) -> model.scores().of(result, 0, result.length), null, false);
    }

    private static Request<Prediction> predictionOf(Object image, int top) {
        if (top < 1) {
            throw new IllegalArgumentException("the " + top + " most probable classes; expected 1 or more");
        }
        return new Request<>(image, Ticket.Output.LOGITS,
                (model, result) -> Prediction.of(result, 0, result.length, model.labels(), top, model.scores()), null, false);
    }

    /** The logits, (classes), of normalised pixels. */
    public static Request<float[]> logits(float[] pixels) {
        return logitsOf(pixels);
    }

    /** The logits, (classes), of a decoded image. */
    public static Request<float[]> logits(RgbImage image) {
        return logitsOf(image);
    }

    /** The logits, (classes), of the bytes of an image file. */
    public static Request<float[]> logits(byte[] file) {
        return logitsOf(file);
    }

    /** The logits, (classes), of an image file. */
    public static Request<float[]> logits(Path file) {
        return logitsOf(file);
    }

    /** The probability of every class, (classes), by {@link VitModel#scores}, of normalised pixels. */
    public static Request<double[]> probabilities(float[] pixels) {
        return probabilitiesOf(pixels);
    }

    /** The probability of every class, (classes), of a decoded image. */
    public static Request<double[]> probabilities(RgbImage image) {
        return probabilitiesOf(image);
    }

    /** The probability of every class, (classes), of the bytes of an image file. */
    public static Request<double[]> probabilities(byte[] file) {
        return probabilitiesOf(file);
    }

    /** The probability of every class, (classes), of an image file. */
    public static Request<double[]> probabilities(Path file) {
        return probabilitiesOf(file);
    }

    /**
     * The {@code top} most probable classes of normalised pixels.
     *
     * @throws IllegalArgumentException if {@code top} is below 1
     */
    public static Request<Prediction> prediction(float[] pixels, int top) {
        return predictionOf(pixels, top);
    }

    /**
     * The {@code top} most probable classes of a decoded image.
     *
     * @throws IllegalArgumentException if {@code top} is below 1
     */
    public static Request<Prediction> prediction(RgbImage image, int top) {
        return predictionOf(image, top);
    }

    /**
     * The {@code top} most probable classes of the bytes of an image file.
     *
     * @throws IllegalArgumentException if {@code top} is below 1
     */
    public static Request<Prediction> prediction(byte[] file, int top) {
        return predictionOf(file, top);
    }

    /**
     * The {@code top} most probable classes of an image file.
     *
     * @throws IllegalArgumentException if {@code top} is below 1
     */
    public static Request<Prediction> prediction(Path file, int top) {
        return predictionOf(file, top);
    }

    /** The embedding, (E), of normalised pixels, as {@link vit.model.VitSession#embed(float[], int, float[])} gives it. */
    public static Request<float[]> embedding(float[] pixels) {
        return embeddingOf(pixels);
    }

    /** The embedding, (E), of a decoded image. */
    public static Request<float[]> embedding(RgbImage image) {
        return embeddingOf(image);
    }

    /** The embedding, (E), of the bytes of an image file. */
    public static Request<float[]> embedding(byte[] file) {
        return embeddingOf(file);
    }

    /** The embedding, (E), of an image file. */
    public static Request<float[]> embedding(Path file) {
        return embeddingOf(file);
    }

    /**
     * The same request with this time from the call to the answer, instead of {@link ServiceOptions#deadline}.
     *
     * @throws IllegalArgumentException if the time is not positive
     */
    public Request<T> within(Duration time) {
        ServiceOptions.nanos("within", time, 1);
        return new Request<>(image, output, answer, time, urgent);
    }

    /** The same request, to be computed before all waiting requests that are not urgent. */
    public Request<T> urgent() {
        return new Request<>(image, output, answer, deadline, true);
    }

    Object image() {
        return image;
    }

    Ticket.Output output() {
        return output;
    }

    Answer<T> answer() {
        return answer;
    }

    boolean isUrgent() {
        return urgent;
    }

    /** Nanoseconds from the call to the answer. */
    long deadlineNanos(ServiceOptions options) {
        return ServiceOptions.nanos("deadline", deadline == null ? options.deadline() : deadline, 1);
    }
}
