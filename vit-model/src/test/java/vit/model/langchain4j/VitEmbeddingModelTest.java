package vit.model.langchain4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.NonRetriableException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.exception.TimeoutException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.listener.EmbeddingModelErrorContext;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import dev.langchain4j.model.embedding.listener.EmbeddingModelRequestContext;
import dev.langchain4j.model.embedding.listener.EmbeddingModelResponseContext;
import dev.langchain4j.model.embedding.request.EmbeddingInput;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.embedding.response.EmbeddingResponse;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.logging.Level;
import java.util.logging.Logger;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import vit.kernels.parallel.CallInterruptedException;
import vit.model.VitModel;
import vit.model.config.VitConfig;
import vit.model.parameters.GeneratedWeights;
import vit.model.service.Request;
import vit.model.service.RequestRefusedException;
import vit.model.service.RequestRefusedException.Reason;
import vit.model.service.ServiceOptions;
import vit.model.service.VitService;

/** Through LangChain4j's interface, as its users call it. */
@Timeout(60)
class VitEmbeddingModelTest {

    private static final VitConfig CONFIG = VitConfig.builder().family("timm").image(8, 8).patch(4).width(16).depth(2).heads(2).mlp(20).classes(5).build();
    private static final ServiceOptions OPTIONS = ServiceOptions.defaults().withSessions(2, 1).withDeadline(Duration.ofMinutes(1));

    private static final Logger LOG = Logger.getLogger("vit.service");

    @TempDir
    private static Path folder;

    private static VitService service;
    private static EmbeddingModel model;

    @BeforeAll
    static void start() throws IOException {
        service = VitService.start(VitModel.of(new GeneratedWeights(CONFIG, 1)), OPTIONS);
        service.ready().join();
        model = VitEmbeddingModel.of(service);
    }

    @AfterAll
    static void close() {
        LOG.setLevel(null);
        service.close();
    }

    private static byte[] png(int seed) throws IOException {
        BufferedImage image = new BufferedImage(13, 11, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 13 * 11; i++) {
            image.setRGB(i % 13, i / 13, (i + 1) * 0x9E3779 * (seed + 1));
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(image, "png", bytes);
        return bytes.toByteArray();
    }

    private static String base64(int seed) throws IOException {
        return Base64.getEncoder().encodeToString(png(seed));
    }

    private static ImageContent image(int seed) throws IOException {
        return ImageContent.from(base64(seed), "image/png");
    }

    private static EmbeddingRequest request(ImageContent... images) {
        EmbeddingRequest.Builder builder = EmbeddingRequest.builder();
        for (ImageContent image : images) {
            builder.input(image);
        }
        return builder.build();
    }

    private static float[] unit(float[] vector) {
        Embedding embedding = Embedding.from(vector.clone());
        embedding.normalize();
        return embedding.vector();
    }

    private static float[] expected(int seed) throws IOException, RequestRefusedException {
        return service.call(Request.embedding(png(seed)));
    }

    @Test
    void everyImageOfARequestHasTheServicesEmbeddingAtUnitLength() throws Exception {
        ImageContent[] images = new ImageContent[7];
        for (int i = 0; i < images.length; i++) {
            images[i] = image(i);
        }
        EmbeddingResponse response = model.embed(request(images));
        assertEquals(images.length, response.embeddings().size());
        assertEquals("vit", response.modelName());
        for (int i = 0; i < images.length; i++) {
            float[] vector = response.embeddings().get(i).vector();
            assertArrayEquals(unit(expected(i)), vector, "image " + i);
            double square = 0;
            for (float v : vector) {
                square += (double) v * v;
            }
            assertEquals(1, square, 1e-5);
        }
        assertFalse(Arrays.equals(response.embeddings().get(0).vector(), response.embeddings().get(1).vector()));
    }

    @Test
    void lengthAndNameAreOptions() throws Exception {
        VitEmbeddingModel plain = VitEmbeddingModel.of(service).withUnitLength(false).withModelName("micro");
        EmbeddingResponse response = plain.embed(request(image(3)));
        assertArrayEquals(expected(3), response.embeddings().getFirst().vector());
        assertEquals("micro", response.modelName());
        assertEquals("micro", plain.modelName());
        assertEquals("vit", model.modelName());
        assertEquals(16, model.dimension());
        assertEquals(16, response.embeddings().getFirst().dimension());
    }

    @Test
    void dataAndFileUrlsAreRead() throws Exception {
        float[] expected = unit(expected(2));
        Path file = Files.write(folder.resolve("a photo.png"), png(2));
        for (String url : List.of(file.toUri().toString(), "data:image/png;base64," + base64(2), "DATA:;BASE64," + base64(2).replace("=", "%3D").replace("+", "%2b"))) {
            assertArrayEquals(expected, model.embed(request(ImageContent.from(URI.create(url)))).embeddings().getFirst().vector(), url);
        }
    }

    @Test
    void noImageIsFetchedFromAnotherHost() {
        for (String url : List.of("http://127.0.0.1:1/a.png", "https://example.org/a.png", "ftp://example.org/a.png", "jar:file:/a.jar!/a.png")) {
            UnsupportedFeatureException refused = assertThrows(UnsupportedFeatureException.class, () -> model.embed(request(ImageContent.from(url))), url);
            assertTrue(refused.getMessage().contains("not fetched from " + url.substring(0, url.indexOf(':'))), refused::getMessage);
        }
    }

    @Test
    void textsAreRefused() throws IOException {
        ImageContent image = image(0);
        assertThrows(UnsupportedFeatureException.class, () -> model.embed("a text"));
        assertThrows(UnsupportedFeatureException.class, () -> model.embedAll(List.of(TextSegment.from("a text"))));
        EmbeddingRequest mixed = EmbeddingRequest.builder().input(image).input("a text").build();
        assertThrows(UnsupportedFeatureException.class, () -> model.embed(mixed));
        assertThrows(UnsupportedFeatureException.class, () -> model.doEmbed(mixed));
        assertThrows(UnsupportedFeatureException.class, () -> model.embed(EmbeddingRequest.builder().input(image).dimensions(8).build()));
        EmbeddingRequest two = EmbeddingRequest.builder().input(EmbeddingInput.from(image, image)).build();
        assertTrue(assertThrows(UnsupportedFeatureException.class, () -> model.embed(two)).getMessage().contains("expected one image"));
        EmbeddingRequest both = EmbeddingRequest.builder().input(TextContent.from("a text"), image).build();
        assertThrows(UnsupportedFeatureException.class, () -> model.embed(both));
    }

    @Test
    void aBadImageIsNamed() throws IOException {
        String noImage = Base64.getEncoder().encodeToString(new byte[] {1, 2, 3});
        for (ImageContent bad : List.of(ImageContent.from(noImage, "image/png"), ImageContent.from("not base64!", "image/png"),
                ImageContent.from(folder.resolve("missing.png").toUri()), ImageContent.from("data:image/png,abc"), ImageContent.from("data:"
                        + "image/png;base64,%00"), ImageContent.from("file://host/a.png"), ImageContent.from("a.png"))) {
            long answered = service.statistics().answered();
            InvalidRequestException refused = assertThrows(InvalidRequestException.class, () -> model.embed(request(image(0), image(1), bad, image(2))));
            assertTrue(refused.getMessage().startsWith("input 2: "), refused::getMessage);
            assertTrue(service.statistics().answered() <= answered + 3, "an image after the bad one was embedded");
        }
        assertEquals(1, model.embed(request(image(0))).embeddings().size(), "others are not touched");
    }

    @Test
    void listenersAreToldOfImages() throws Exception {
        List<String> told = new ArrayList<>();
        List<EmbeddingModelRequestContext> begun = new ArrayList<>();
        EmbeddingModelListener listener = new EmbeddingModelListener() {
            @Override
            public void onRequest(EmbeddingModelRequestContext context) {
                begun.add(context);
                context.attributes().put("key", "value");
                told.add("request of " + context.embeddingRequest().inputs().size());
                throw new IllegalStateException("a listener that fails");
            }

            @Override
            public void onResponse(EmbeddingModelResponseContext context) {
                told.add("response of " + context.response().content().size() + " " + context.attributes().get("key"));
            }

            @Override
            public void onError(EmbeddingModelErrorContext context) {
                told.add(context.error().getClass().getSimpleName() + " " + context.attributes().get("key"));
            }
        };
        LOG.setLevel(Level.OFF); // the listener fails on purpose
        EmbeddingModel heard = model.addListener(listener);
        assertEquals(2, heard.embed(request(image(0), image(1))).embeddings().size());
        assertThrows(InvalidRequestException.class, () -> heard.embed(request(ImageContent.from("AAAA", "image/png"))));
        assertThrows(UnsupportedFeatureException.class, () -> heard.embed("a text"));
        assertEquals(List.of("request of 2", "response of 2 value", "request of 1", "InvalidRequestException value", "request of 1",
                "UnsupportedFeatureException value"), told);
        assertSame(heard, begun.getFirst().embeddingModel());
        assertEquals("vit", heard.modelName());
        EmbeddingModel twice = heard.addListeners(List.of(listener));
        twice.embed(request(image(0)));
        assertEquals(10, told.size());
    }

    @Test
    void aLargeRequestNeitherFillsTheQueueNorIsRefused() throws Exception {
        try (VitService small = VitService.start(VitModel.of(new GeneratedWeights(CONFIG, 1)), OPTIONS.withQueue(2, 1 << 20))) {
            small.ready().join();
            ImageContent[] images = new ImageContent[200];
            Arrays.fill(images, image(5));
            assertEquals(images.length, VitEmbeddingModel.of(small).embed(request(images)).embeddings().size());
        }
    }

    @Test
    void aServiceThatRefusesIsALimitOrTheEnd() throws Exception {
        VitService other = VitService.start(VitModel.of(new GeneratedWeights(CONFIG, 1)), OPTIONS);
        other.ready().join();
        other.close();
        NonRetriableException closed = assertThrows(NonRetriableException.class, () -> VitEmbeddingModel.of(other).embed(request(image(0))));
        assertEquals(Reason.CLOSING, assertInstanceOf(RequestRefusedException.class, closed.getCause()).reason());
        for (Reason reason : Reason.values()) {
            RuntimeException later = VitEmbeddingModel.translated(refusal(reason, 5_000_000), 4);
            assertEquals(reason == Reason.EXPIRED ? TimeoutException.class : RateLimitException.class, later.getClass());
            assertTrue(later.getMessage().startsWith("input 4: "), later::getMessage);
            RuntimeException never = VitEmbeddingModel.translated(refusal(reason, -1), 4);
            assertEquals(reason == Reason.EXPIRED ? TimeoutException.class : NonRetriableException.class, never.getClass());
        }
    }

    private static RequestRefusedException refusal(Reason reason, long retryNanos) throws ReflectiveOperationException {
        Constructor<RequestRefusedException> constructor = RequestRefusedException.class.getDeclaredConstructor(Reason.class, long.class);
        constructor.setAccessible(true);
        return constructor.newInstance(reason, retryNanos);
    }

    /** A pass takes much longer than decoding, so most callers wait for one when they are interrupted. */
    @Test
    void anInterruptEndsTheWaitingAndIsKept() throws Exception {
        VitConfig slow = VitConfig.builder().family("timm").image(64, 64).patch(4).width(128).depth(6).heads(2).mlp(256).classes(5).build();
        ImageContent[] images = new ImageContent[10_000];
        Arrays.fill(images, image(0));
        try (VitService one = VitService.start(VitModel.of(new GeneratedWeights(slow, 1)), OPTIONS.withSessions(1, 1))) {
            one.ready().join();
            for (int i = 0; i < 5; i++) {
                FutureTask<Boolean> caller = new FutureTask<>(() -> {
                    assertThrows(CallInterruptedException.class, () -> VitEmbeddingModel.of(one).embed(request(images)));
                    return Thread.currentThread().isInterrupted();
                });
                long answered = one.statistics().answered();
                Thread thread = Thread.ofVirtual().start(caller);
                while (one.statistics().answered() == answered) {
                    Thread.sleep(1);
                }
                thread.interrupt();
                assertTrue(caller.get(), "the interrupt status is kept");
            }
        }
    }
}
