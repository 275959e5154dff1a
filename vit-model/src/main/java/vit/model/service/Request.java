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
        T of(VitModel model, Ticket computed);
    }

    private final Object image; // float[], RgbImage, byte[] or Path
    private final Ticket.Output output;
    private final boolean asksForClasses;
    private final Answer<T> answer;
    private final Duration deadline; // or null: the service's
    private final boolean urgent;

    private Request(Object image, Ticket.Output output, boolean asksForClasses, Answer<T> answer, Duration deadline, boolean urgent) {
        this.image = Objects.requireNonNull(image, "image");
        this.output = output;
        this.asksForClasses = asksForClasses;
        this.answer = answer;
        this.deadline = deadline;
        this.urgent = urgent;
    }

    private static Request<float[]> logitsOf(Object image) {
        return new Request<>(image, Ticket.Output.LOGITS, false, (model, computed) -> computed.logits, null, false);
    }

    private static Request<float[]> embeddingOf(Object image) {
        return new Request<>(image, Ticket.Output.EMBEDDING, false, (model, computed) -> computed.embedding, null, false);
    }

    private static Request<Outputs> outputsOf(Object image) {
        return new Request<>(image, Ticket.Output.BOTH, true,
                (model, computed) -> new Outputs(computed.logits, model.scores().of(computed.logits, 0, computed.logits.length), computed.embedding), null, false);
    }

    private static Request<Explanation> explanationOf(Object image, int top) {
        checkTop(top);
        return new Request<>(image, Ticket.Output.ATTENTION, false, (model, computed) -> Explanation.of(model, computed, top), null, false);
    }

    private static Request<double[]> probabilitiesOf(Object image) {
        return new Request<>(image, Ticket.Output.LOGITS, true, (model, computed) -> model.scores().of(computed.logits, 0, computed.logits.length), null, false);
    }

    private static Request<Prediction> predictionOf(Object image, int top) {
        checkTop(top);
        return new Request<>(image, Ticket.Output.LOGITS, true,
                (model, computed) -> Prediction.of(computed.logits, 0, computed.logits.length, model.labels(), top, model.scores()), null, false);
    }

    private static void checkTop(int top) {
        if (top < 1) {
            throw new IllegalArgumentException("the " + top + " most probable classes; expected 1 or more");
        }
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

    /** Logits, probabilities and the embedding, in one pass, of normalised pixels. */
    public static Request<Outputs> outputs(float[] pixels) {
        return outputsOf(pixels);
    }

    /** Logits, probabilities and the embedding, in one pass, of a decoded image. */
    public static Request<Outputs> outputs(RgbImage image) {
        return outputsOf(image);
    }

    /** Logits, probabilities and the embedding, in one pass, of the bytes of an image file. */
    public static Request<Outputs> outputs(byte[] file) {
        return outputsOf(file);
    }

    /** Logits, probabilities and the embedding, in one pass, of an image file. */
    public static Request<Outputs> outputs(Path file) {
        return outputsOf(file);
    }

    /**
     * The {@code top} most probable classes of a decoded image and where the model looks. It takes as long as several passes, and allocates 4 bytes ×
     * blocks × heads × tokens².
     *
     * @throws IllegalArgumentException if {@code top} is below 1
     */
    public static Request<Explanation> explanation(RgbImage image, int top) {
        return explanationOf(image, top);
    }

    /**
     * As {@link #explanation(RgbImage, int)}, for the bytes of an image file.
     *
     * @throws IllegalArgumentException if {@code top} is below 1
     */
    public static Request<Explanation> explanation(byte[] file, int top) {
        return explanationOf(file, top);
    }

    /**
     * As {@link #explanation(RgbImage, int)}, for an image file.
     *
     * @throws IllegalArgumentException if {@code top} is below 1
     */
    public static Request<Explanation> explanation(Path file, int top) {
        return explanationOf(file, top);
    }

    /**
     * The same request with this time from the call to the answer, instead of {@link ServiceOptions#deadline}.
     *
     * @throws IllegalArgumentException if the time is not positive
     */
    public Request<T> within(Duration time) {
        ServiceOptions.nanos("within", time, 1);
        return new Request<>(image, output, asksForClasses, answer, time, urgent);
    }

    /** The same request, to be computed before all waiting requests that are not urgent. */
    public Request<T> urgent() {
        return new Request<>(image, output, asksForClasses, answer, deadline, true);
    }

    Object image() {
        return image;
    }

    Ticket.Output output() {
        return output;
    }

    /** Whether the answer has no meaning for a head that projects. */
    boolean asksForClasses() {
        return asksForClasses;
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
