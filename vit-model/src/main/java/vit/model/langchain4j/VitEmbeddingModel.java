package vit.model.langchain4j;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.ContentType;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.exception.NonRetriableException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.exception.TimeoutException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import dev.langchain4j.model.embedding.request.EmbeddingInput;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.embedding.response.EmbeddingResponse;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import vit.kernels.parallel.CallInterruptedException;
import vit.model.NonFiniteException;
import vit.model.service.Request;
import vit.model.service.RequestRefusedException;
import vit.model.service.RequestRefusedException.Reason;
import vit.model.service.VitService;

/**
 * Embeds images for LangChain4j, in this process, with the model of a {@link VitService}.
 *
 * <!-- given: requires langchain4j.core; import module langchain4j.core; VitService service, Path photo -->
 * <pre>{@code
 * EmbeddingModel model = VitEmbeddingModel.of(service);
 * EmbeddingRequest request = EmbeddingRequest.builder().input(ImageContent.from(photo.toUri())).build();
 * Embedding embedding = model.embed(request).embeddings().getFirst();
 * }</pre>
 *
 * <h2>Inputs</h2>
 * Every input is one image: base64 data, a {@code data:} URL with base64 data, or a {@code file:} URL. The model only sees; a text, or any other kind of
 * content or of URL, is an {@link UnsupportedFeatureException}. In particular images at {@code http:} and {@code https:} URLs are never fetched. A
 * program that passes URLs on from its users decides itself which files they may name.
 *
 * <h2>Vectors</h2>
 * LangChain4j's stores compare by the cosine, and so do their remote peers, some of which expect vectors of length 1 for that. So every vector is divided by
 * its Euclidean length, unless {@link #withUnitLength} says otherwise. The direction is that of {@link VitService#embed}.
 *
 * <h2>Errors</h2>
 * A request of several images fails as a whole with its first bad image, whose place in the request, from 0, the message names; the
 * images that wait are withdrawn.
 * <ul>
 * <li>{@link InvalidRequestException}: an image cannot be read or decoded
 * <li>{@link RateLimitException}: the service has too much to do, or is not ready yet. The cause is the {@link RequestRefusedException}, which says when to
 *     come again
 * <li>{@link TimeoutException}: the deadline passed while an image waited
 * <li>{@link NonRetriableException}: the service is closed, its deadline is shorter than a pass, or an embedding is not finite
 * <li>{@link CallInterruptedException}: the thread was interrupted; its interrupt status is set
 * </ul>
 *
 * <h2>Threads</h2>
 * Immutable; any number of threads may use it. Images are decoded on the calling thread. A request of many images has only as many under way as the service
 * has sessions, so that it neither fills the queue nor runs into the deadline by itself. The service is not owned: whoever started it closes it.
 */
@SuppressWarnings("exports") // the library is optional: users of this package require it, and no others
public final class VitEmbeddingModel implements EmbeddingModel {

    private final VitService service;
    private final String name;
    private final boolean unitLength;
    private final Listeners listeners;

    private VitEmbeddingModel(VitService service, String name, boolean unitLength, Listeners listeners) {
        this.service = Objects.requireNonNull(service, "service");
        this.name = Objects.requireNonNull(name, "name");
        this.unitLength = unitLength;
        this.listeners = listeners;
    }

    /** The model that {@code service} serves, under the name {@code vit}, with vectors of length 1. */
    public static VitEmbeddingModel of(VitService service) {
        return new VitEmbeddingModel(service, "vit", true, new Listeners(List.of()));
    }

    /** The same model under another name, which responses and listeners are told. */
    public VitEmbeddingModel withModelName(String value) {
        return new VitEmbeddingModel(service, value, unitLength, listeners);
    }

    /** The same model, whose vectors have length 1, or the length that the model gave them. */
    public VitEmbeddingModel withUnitLength(boolean value) {
        return new VitEmbeddingModel(service, name, value, listeners);
    }

    /** The same model with listeners. LangChain4j's own wrapper for listeners fails if an input has no text. */
    @Override
    public VitEmbeddingModel addListeners(List<EmbeddingModelListener> added) {
        return new VitEmbeddingModel(service, name, unitLength, listeners.with(added));
    }

    /** As {@link #addListeners}. */
    @Override
    public VitEmbeddingModel addListener(EmbeddingModelListener added) {
        return addListeners(List.of(added));
    }

    /** E, the width of the embedding. */
    @Override
    public int dimension() {
        return service.model().config().embeddingWidth();
    }

    @Override
    public String modelName() {
        return name;
    }

    /** Images alone. */
    @Override
    public Set<ContentType> supportedContentTypes() {
        return Set.of(ContentType.IMAGE);
    }

    /** Embeds the images of a request, and tells the listeners. */
    @Override
    public EmbeddingResponse embed(EmbeddingRequest request) {
        return listeners.around(this, request, () -> EmbeddingModel.super.embed(request));
    }

    /** Embeds the images of a request; listeners are not told. */
    @Override
    public EmbeddingResponse doEmbed(EmbeddingRequest request) {
        List<EmbeddingInput> inputs = request.inputs();
        List<Embedding> embeddings = new ArrayList<>(inputs.size());
        Queue<CompletableFuture<float[]>> open = new ArrayDeque<>();
        try {
            for (int i = 0; i < inputs.size(); i++) {
                if (open.size() == service.options().sessions()) {
                    embeddings.add(awaited(open.remove(), embeddings.size()));
                }
                open.add(submitted(inputs.get(i), i));
            }
            while (!open.isEmpty()) {
                embeddings.add(awaited(open.remove(), embeddings.size()));
            }
        } finally {
            open.forEach(future -> future.cancel(false));
        }
        return EmbeddingResponse.builder().embeddings(embeddings).modelName(name).build();
    }

    private CompletableFuture<float[]> submitted(EmbeddingInput input, int place) {
        List<Content> contents = input.contents();
        if (contents.size() != 1 || !(contents.getFirst() instanceof ImageContent content)) {
            throw new UnsupportedFeatureException("input " + place + " has contents " + contents.stream().map(Content::type).toList() + "; expected one image");
        }
        Request<float[]> request = ImageRequests.embedding(content.image(), place);
        try {
            return service.submit(request);
        } catch (IllegalArgumentException e) {
            throw new InvalidRequestException("input " + place + ": " + e.getMessage(), e);
        } catch (RequestRefusedException e) {
            throw translated(e, place);
        }
    }

    private Embedding awaited(CompletableFuture<float[]> future, int place) {
        try {
            Embedding embedding = Embedding.from(future.get());
            if (unitLength) {
                embedding.normalize();
            }
            return embedding;
        } catch (InterruptedException e) {
            future.cancel(false);
            throw CallInterruptedException.restoring("interrupted while input " + place + " waited");
        } catch (ExecutionException e) {
            throw translated(e.getCause(), place);
        }
    }

    /** What LangChain4j calls a failure of input {@code place}. */
    static RuntimeException translated(Throwable failure, int place) {
        String message = "input " + place + ": " + failure.getMessage();
        return switch (failure) {
            case RequestRefusedException refusal -> translated(refusal, message);
            case IOException e -> new InvalidRequestException(message, e);
            case NonFiniteException e -> new NonRetriableException(message, e);
            case CallInterruptedException e -> e;
            default -> new NonRetriableException(message, failure);
        };
    }

    private static LangChain4jException translated(RequestRefusedException refusal, String message) {
        if (refusal.reason() == Reason.EXPIRED) {
            return new TimeoutException(message, refusal);
        }
        return refusal.retryAfter().isPresent() ? new RateLimitException(message, refusal) : new NonRetriableException(message, refusal);
    }
}
