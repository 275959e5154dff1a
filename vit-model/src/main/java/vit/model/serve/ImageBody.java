package vit.model.serve;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.eclipse.jetty.http.MultiPart;
import org.eclipse.jetty.http.MultiPartFormData;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.util.Promise;
import vit.model.service.RequestRefusedException;

/** The bytes of an image file in a request's body: the body itself, or the first part of a form that has content. */
final class ImageBody {

    /** curl's --data-binary sends the type of a form, though the body is the file. */
    private static final Set<String> RAW_TYPES = Set.of("", "application/octet-stream", "application/x-www-form-urlencoded");

    private static final String FORM = "multipart/form-data";
    private static final int MOST_PARTS = 16;

    /** The body, and the part of a form, or what a body was copied from as it grew. */
    private static final int TIMES_ITS_BYTES = 2;

    private ImageBody() {}

    /** @param admission is asked before the body is read */
    static byte[] of(Exchange exchange, Exchange.Head admission) throws IOException, RequestFault, RequestRefusedException {
        String type = exchange.mediaType();
        if (!type.startsWith("image/") && !RAW_TYPES.contains(type) && !type.equals(FORM)) {
            throw RequestFault.of(415, "UNSUPPORTED_MEDIA_TYPE", "expected an image as the body, with Content-Type image/*, application/octet-stream or multipart/form-data");
        }
        byte[] body = exchange.body(TIMES_ITS_BYTES, 0, admission);
        byte[] image = type.equals(FORM) ? part(exchange.header("Content-Type"), body) : body;
        if (image.length == 0) {
            throw RequestFault.of(400, "BAD_IMAGE", "the body is empty; expected the bytes of an image file");
        }
        exchange.keepOnly(image.length);
        return image;
    }

    private static CompletableFuture<MultiPartFormData.Parts> parsed(MultiPartFormData.Parser parser, byte[] body) {
        CompletableFuture<MultiPartFormData.Parts> parts = new CompletableFuture<>();
        parser.parse(Content.Source.from(ByteBuffer.wrap(body)), Promise.Invocable.toPromise(parts));
        return parts;
    }

    private static String boundary(String contentType) throws RequestFault {
        try {
            return MultiPart.extractBoundary(contentType);
        } catch (IllegalArgumentException e) { // a quote that does not end
            throw RequestFault.bad("the form's Content-Type cannot be read");
        }
    }

    private static byte[] part(String contentType, byte[] body) throws IOException, RequestFault {
        String boundary = boundary(contentType);
        if (boundary == null) {
            throw RequestFault.bad("the form's Content-Type has no boundary");
        }
        MultiPartFormData.Parser parser = new MultiPartFormData.Parser(boundary);
        parser.setMaxParts(MOST_PARTS);
        parser.setMaxLength(body.length);
        parser.setMaxMemoryFileSize(body.length); // nothing is written to a file
        try (MultiPartFormData.Parts parts = parsed(parser, body).join()) {
            for (MultiPart.Part part : parts) {
                if (part.getLength() > 0) {
                    return Content.Source.asInputStream(part.getContentSource()).readAllBytes();
                }
            }
        } catch (CompletionException e) {
            throw RequestFault.bad("the form cannot be read");
        }
        throw RequestFault.of(400, "BAD_IMAGE", "no part of the form has content; expected the bytes of an image file");
    }
}
