package vit.model.serve;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import vit.model.json.Json;

/** Jetty's own errors, of requests that it cannot read, in the form of the others. */
final class JsonErrors extends ErrorHandler {

    /** Jetty answers these with 501 and 505. The client caused them, so they become 400 and do not count as faults of the server. */
    private static final Set<Integer> REFUSED = Set.of(HttpStatus.NOT_IMPLEMENTED_501, HttpStatus.HTTP_VERSION_NOT_SUPPORTED_505);

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        if (REFUSED.contains(response.getStatus())) {
            response.setStatus(HttpStatus.BAD_REQUEST_400);
        }
        byte[] body = body(response.getStatus());
        Exchange.describe(response, "application/json", body.length);
        response.write(true, ByteBuffer.wrap(body), callback);
        return true;
    }

    private static byte[] body(int status) {
        Map<String, Object> error = new LinkedHashMap<>();
        error.put("error", HttpStatus.getMessage(status));
        error.put("reason", status < HttpStatus.INTERNAL_SERVER_ERROR_500 ? "BAD_REQUEST" : "INTERNAL");
        return Json.write(error).getBytes(StandardCharsets.UTF_8);
    }
}
