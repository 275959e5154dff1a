package vit.model.serve;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.zip.GZIPInputStream;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields;
import vit.model.json.Json;
import vit.model.service.RequestRefusedException;

/** One request and its answer. Belongs to the thread that handles it. */
final class Exchange {

    /** Room for the first bytes of a body; it doubles as they arrive. */
    private static final int FIRST_BYTES = 64 << 10;

    private static final int SCRATCH_BYTES = 16 << 10;

    private final Request request;
    private final Response response;
    private final Callback callback;
    private final ServerState state;
    private final BodyBudget budget;
    private final ConnectionGuard guard;
    private final long maxBodyBytes;
    private long taken; // of the budget
    private BodyState bodyState = BodyState.UNREAD;

    private enum BodyState { UNREAD, BEGUN, READ }

    /** Looks at the first bytes of a body and decides whether the rest is worth reading. */
    @FunctionalInterface
    interface Head {

        /** @param body which begins with the bytes that were asked for; further bytes are undefined */
        void check(byte[] body) throws RequestFault, RequestRefusedException;
    }

    Exchange(Request request, Response response, Callback callback, ServerState state, ConnectionGuard guard) {
        this.request = request;
        this.response = response;
        this.callback = callback;
        this.state = state;
        this.budget = state.bodies;
        this.guard = guard;
        this.maxBodyBytes = state.options.maxBodyBytes();
    }

    String path() {
        return Request.getPathInContext(request);
    }

    String method() {
        return request.getMethod();
    }

    /** A header's value, or null. */
    String header(String name) {
        return request.getHeaders().get(name);
    }

    /** The media type of the body in lower case, without parameters; empty if none is stated. */
    String mediaType() {
        String type = header("Content-Type");
        return type == null ? "" : type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    }

    /** A whole number of the query, or {@code otherwise}. */
    int number(String name, int otherwise, int least, int most) throws RequestFault {
        Fields fields;
        try {
            fields = Request.extractQueryParameters(request);
        } catch (RuntimeException e) { // whatever Jetty makes of a bad escape
            throw RequestFault.bad("the query of the URL cannot be read");
        }
        String text = fields.getValue(name);
        if (text == null) {
            return otherwise;
        }
        try {
            int value = Integer.parseInt(text);
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException e) {
            // reported below
        }
        throw RequestFault.bad("'" + name + "' in the query: expected a whole number, " + least + " to " + most);
    }

    /**
     * The whole body. A body that states a length above the limit is refused before it is read.
     *
     * @param times how often its bytes count for the budget of all bodies: once for itself, and for what is made of it
     * @param first how many bytes {@code head} looks at; 0: it is asked before anything is read, and a client that expects 100 Continue has sent nothing then
     * @throws RequestFault also if the client goes away, or sends too slowly; the answer does not reach it then
     */
    byte[] body(int times, long first, Head head) throws RequestFault, RequestRefusedException {
        long length = request.getLength();
        if (length > maxBodyBytes) {
            throw tooLarge();
        }
        boolean compressed = isCompressed();
        if (first == 0) {
            head.check(new byte[0]);
        }
        awaitBody(length);
        InputStream in = Content.Source.asInputStream(request); // not closed: what is left of a body belongs to the connection
        byte[] body;
        try {
            body = compressed ? inflated(in, times, first, head) : read(in, length >= 0 ? length : maxBodyBytes + 1, times, first, head);
        } catch (IOException | RuntimeException e) { // Jetty's exceptions for a body that is not encoded well are unchecked
            throw unreadable(e);
        }
        bodyRead();
        return body;
    }

    /** @param length as stated; negative if it is not */
    private void awaitBody(long length) {
        bodyState = BodyState.BEGUN;
        guard.bodyBegins(request, length < 0 ? maxBodyBytes : length);
    }

    private void bodyRead() {
        bodyState = BodyState.READ;
        guard.bodyEnds(request);
    }

    private boolean isCompressed() throws RequestFault {
        String encoding = header("Content-Encoding");
        if (encoding == null || encoding.equalsIgnoreCase("identity")) {
            return false;
        }
        if (encoding.equalsIgnoreCase("gzip")) {
            return true;
        }
        throw RequestFault.of(415, "UNSUPPORTED_MEDIA_TYPE", "expected a body without Content-Encoding, or with gzip");
    }

    /** The limit is for what comes out, so that a small body cannot grow without bound. */
    private byte[] inflated(InputStream in, int times, long first, Head head) throws IOException, RequestFault, RequestRefusedException {
        try (InputStream plain = new GZIPInputStream(in)) {
            return read(plain, maxBodyBytes + 1, times, first, head);
        }
    }

    /** @param most bytes that come; more than the limit are refused */
    private byte[] read(InputStream in, long most, int times, long first, Head head) throws IOException, RequestFault, RequestRefusedException {
        byte[] bytes = new byte[0];
        int count = 0;
        boolean asked = first <= 0;
        while (true) {
            if (count == bytes.length) {
                int room = (int) Math.min(most, Math.max(FIRST_BYTES, 2L * count));
                if (room == count) {
                    break; // all that was announced
                }
                long charge = (long) times * (room - count);
                budget.take(charge);
                taken += charge;
                bytes = Arrays.copyOf(bytes, room);
            }
            int read = in.read(bytes, count, bytes.length - count);
            if (read < 0) {
                break;
            }
            count += read;
            if (count > maxBodyBytes) {
                throw tooLarge();
            }
            if (!asked && count >= first) {
                asked = true;
                head.check(bytes);
            }
        }
        return count == bytes.length ? bytes : Arrays.copyOf(bytes, count);
    }

    private static RequestFault unreadable(Exception fault) {
        for (Throwable cause = fault; cause != null; cause = cause.getCause()) {
            if (cause instanceof TimeoutException) {
                return RequestFault.of(408, "BODY_TOO_SLOW", "the body came too slowly");
            }
        }
        return RequestFault.bad("the body cannot be read: it ends early, or is not encoded as its headers say");
    }

    private RequestFault tooLarge() {
        return RequestFault.of(413, "BODY_TOO_LARGE", "the body is too large: this server takes at most " + maxBodyBytes + " bytes");
    }

    /**
     * Reads what is left of the body of a request that may be sent again, and keeps nothing of it. If it stayed unread, the connection would have to be closed, and a
     * client that is still sending would most often see that instead of the answer.
     */
    private void discardBody() {
        long length = request.getLength();
        boolean notSent = bodyState == BodyState.UNREAD && request.getHeaders().contains(HttpHeader.EXPECT);
        if (bodyState == BodyState.READ || notSent || length == 0 || length > maxBodyBytes) {
            return;
        }
        if (bodyState == BodyState.UNREAD) { // the time of a body that has begun runs already
            awaitBody(length);
        }
        InputStream in = Content.Source.asInputStream(request);
        byte[] scratch = new byte[SCRATCH_BYTES];
        try {
            long left = maxBodyBytes;
            for (int read = 0; read >= 0 && left > 0; left -= read) {
                read = in.read(scratch);
            }
        } catch (IOException | RuntimeException e) {
            return; // the client has gone
        }
        bodyRead();
    }

    /** Of the body, and of what was made of it, only so many bytes are needed until the answer: gives the others back. */
    void keepOnly(long bytes) {
        if (bytes < taken) {
            budget.giveBack(taken - bytes);
            taken = bytes;
        }
    }

    /** Gives all bytes of the body back. */
    void end() {
        keepOnly(0);
    }

    /** Sets a header of the answer. */
    Exchange with(String name, String value) {
        response.getHeaders().put(name, value);
        return this;
    }

    void replyJson(int status, Object value) {
        reply(status, "application/json", Json.write(value).getBytes(StandardCharsets.UTF_8));
    }

    void reply(int status, String contentType, byte[] body) {
        response.setStatus(status);
        describe(response, contentType, body.length);
        if (state.isDraining()) {
            response.getHeaders().put(HttpHeader.CONNECTION, "close"); // so that no request is on its way when the connection is closed
        }
        guard.answerBegins(request, body.length);
        response.write(true, ByteBuffer.wrap(body), callback);
    }

    /** Sets the headers that every answer has. */
    static void describe(Response response, String contentType, int length) {
        HttpFields.Mutable headers = response.getHeaders();
        headers.put(HttpHeader.CONTENT_TYPE, contentType);
        headers.put(HttpHeader.CONTENT_LENGTH, length);
        headers.put("X-Content-Type-Options", "nosniff");
        if (!headers.contains(HttpHeader.CACHE_CONTROL)) {
            headers.put(HttpHeader.CACHE_CONTROL, "no-store");
        }
    }

    /** Answers with an error; if the answer has begun already, ends the connection. */
    void fail(Throwable thrown) {
        if (response.isCommitted()) {
            callback.failed(thrown);
            return;
        }
        RequestFault fault = Faults.of(thrown);
        if (fault.status() == Faults.UNAVAILABLE) {
            discardBody();
        }
        fault.retrySeconds().ifPresent(seconds -> with("Retry-After", Long.toString(seconds)));
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("error", fault.getMessage());
        body.put("reason", fault.reason());
        replyJson(fault.status(), body);
    }

    int status() {
        return response.getStatus();
    }
}
