package vit.model.serve;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import vit.model.Prediction;
import vit.model.service.Explanation;
import vit.model.service.Request;
import vit.model.service.RequestRefusedException;
import vit.model.service.TimedAnswer;

/** An image as the body, for people with curl, and for the page. */
final class ImageEndpoints {

    /** {@code /attention} takes as long as several passes, so its default deadline is longer than the service's. */
    private static final int ATTENTION_MILLIS = 30_000;

    private static final int DEFAULT_TOP = 5;
    private static final int MOST_CLASSES = 100_000;
    private static final int LONGEST_MILLIS = 3_600_000;
    private static final double NANOS_A_MILLISECOND = 1e6;

    private final ServerState state;

    ImageEndpoints(ServerState state) {
        this.state = state;
    }

    void classify(Exchange exchange) throws IOException, RequestFault, RequestRefusedException {
        int top = top(exchange);
        TimedAnswer<Prediction> timed = compute(exchange, 0, image -> Request.prediction(image, top));
        Map<String, Object> answer = newAnswer();
        answer.put("top", AttentionAnswer.classes(timed.answer()));
        reply(exchange, answer, timed);
    }

    void embed(Exchange exchange) throws IOException, RequestFault, RequestRefusedException {
        TimedAnswer<float[]> timed = compute(exchange, 0, Request::embedding);
        Map<String, Object> answer = newAnswer();
        answer.put("embedding", timed.answer());
        reply(exchange, answer, timed);
    }

    void attention(Exchange exchange) throws IOException, RequestFault, RequestRefusedException {
        int top = top(exchange);
        TimedAnswer<Explanation> timed = compute(exchange, ATTENTION_MILLIS, image -> Request.explanation(image, top));
        Map<String, Object> answer = newAnswer();
        AttentionAnswer.write(timed.answer(), answer);
        reply(exchange, answer, timed);
    }

    private static int top(Exchange exchange) throws RequestFault {
        return exchange.number("top", DEFAULT_TOP, 1, MOST_CLASSES);
    }

    /** @param otherwise milliseconds, if the request states none; 0 for the service's deadline */
    private <T> TimedAnswer<T> compute(Exchange exchange, int otherwise, Function<byte[], Request<T>> question) throws IOException, RequestFault, RequestRefusedException {
        int millis = exchange.number("timeout_ms", otherwise, 1, LONGEST_MILLIS);
        Duration deadline = millis == 0 ? state.service.options().deadline() : Duration.ofMillis(millis);
        byte[] image = ImageBody.of(exchange, _ -> state.service.requireAdmission(deadline, false));
        long begin = System.nanoTime();
        TimedAnswer<T> timed = timed(question.apply(image).within(deadline));
        state.meters.served(System.nanoTime() - begin, 1);
        return timed;
    }

    private <T> TimedAnswer<T> timed(Request<T> request) throws IOException, RequestFault, RequestRefusedException {
        try {
            return state.service.timed(request);
        } catch (IllegalArgumentException e) {
            throw RequestFault.bad(e.getMessage()); // the model has no classes, or takes no images
        }
    }

    private Map<String, Object> newAnswer() {
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("model", state.options.modelName());
        return answer;
    }

    private static void reply(Exchange exchange, Map<String, Object> answer, TimedAnswer<?> timed) {
        Map<String, Object> time = new LinkedHashMap<>();
        time.put("decode_ms", millis(timed.decoding()));
        time.put("queue_ms", millis(timed.waiting()));
        time.put("compute_ms", millis(timed.computing()));
        answer.put("time", time);
        exchange.with("Server-Timing", "decode;dur=" + millis(timed.decoding()) + ", queue;dur=" + millis(timed.waiting()) + ", compute;dur=" + millis(timed.computing()))
                .replyJson(200, answer);
    }

    /** Milliseconds with three digits after the point. */
    private static double millis(Duration time) {
        return Math.round(time.toNanos() / NANOS_A_MILLISECOND * 1e3) / 1e3;
    }
}
