package vit.model.langchain4j;

import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.listener.EmbeddingModelErrorContext;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import dev.langchain4j.model.embedding.listener.EmbeddingModelRequestContext;
import dev.langchain4j.model.embedding.listener.EmbeddingModelResponseContext;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.embedding.response.EmbeddingResponse;
import dev.langchain4j.model.output.Response;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Listeners of an embedding model, told as LangChain4j does, but with no text segments: it makes a segment of every input's text, and the text of an image
 * is empty, which no segment may be. A listener that fails is logged and costs nobody else anything, as there.
 */
record Listeners(List<EmbeddingModelListener> all) {

    Listeners {
        all = List.copyOf(all);
    }

    Listeners with(List<EmbeddingModelListener> added) {
        List<EmbeddingModelListener> both = new ArrayList<>(all);
        both.addAll(added);
        return new Listeners(both);
    }

    EmbeddingResponse around(EmbeddingModel model, EmbeddingRequest request, Supplier<EmbeddingResponse> call) {
        if (all.isEmpty()) {
            return call.get();
        }
        Map<Object, Object> attributes = new ConcurrentHashMap<>();
        EmbeddingModelRequestContext begun = EmbeddingModelRequestContext.builder().embeddingRequest(request).embeddingModel(model).attributes(attributes)
                .textSegments(List.of()).build();
        tell(listener -> listener.onRequest(begun));
        EmbeddingResponse response;
        try {
            response = call.get();
        } catch (RuntimeException e) {
            EmbeddingModelErrorContext failed = EmbeddingModelErrorContext.builder().error(e).embeddingRequest(request).embeddingModel(model)
                    .attributes(attributes).textSegments(List.of()).build();
            tell(listener -> listener.onError(failed));
            throw e;
        }
        EmbeddingModelResponseContext ended = EmbeddingModelResponseContext.builder().embeddingRequest(request).embeddingResponse(response)
                .embeddingModel(model).attributes(attributes).response(Response.from(response.embeddings())).textSegments(List.of()).build();
        tell(listener -> listener.onResponse(ended));
        return response;
    }

    private void tell(Consumer<EmbeddingModelListener> event) {
        for (EmbeddingModelListener listener : all) {
            try {
                event.accept(listener);
            } catch (RuntimeException e) {
                System.getLogger("vit.service").log(Level.WARNING, "a listener of an embedding model failed: " + e, e);
            }
        }
    }
}
