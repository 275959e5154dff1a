package vit.model.langchain4j;

import dev.langchain4j.data.image.Image;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import java.net.URI;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Locale;
import vit.model.service.Request;

/** From LangChain4j's images to a service's requests. Nothing is read here but what the image itself holds. */
final class ImageRequests {

    private static final String BASE64 = ";base64";

    private ImageRequests() {}

    /** @param place of the image in its request, for messages */
    static Request<float[]> embedding(Image image, int place) {
        if (image.base64Data() != null) {
            return Request.embedding(decoded(image.base64Data(), place));
        }
        URI url = image.url();
        String scheme = url == null || url.getScheme() == null ? "" : url.getScheme().toLowerCase(Locale.ROOT);
        return switch (scheme) {
            case "data" -> Request.embedding(data(url.getSchemeSpecificPart(), place));
            case "file" -> Request.embedding(file(url, place));
            case "" -> throw new InvalidRequestException("input " + place + ": the image has neither data nor an absolute URL");
            default -> throw new UnsupportedFeatureException("input " + place + ": images are not fetched from " + scheme
                    + ": URLs; pass the image's bytes as base64 data, or a file: or data: URL");
        };
    }

    private static Path file(URI url, int place) {
        try {
            return Path.of(url);
        } catch (IllegalArgumentException | FileSystemNotFoundException e) {
            throw new InvalidRequestException("input " + place + ": " + url + " names no file: " + e.getMessage(), e);
        }
    }

    /**
     * The bytes of a {@code data:} URL (RFC 2397).
     *
     * @param rest what follows {@code data:}, with escapes resolved: {@code image/png;base64,…}
     */
    private static byte[] data(String rest, int place) {
        int comma = rest.indexOf(',');
        if (comma < 0 || !rest.substring(0, comma).toLowerCase(Locale.ROOT).endsWith(BASE64)) {
            throw new InvalidRequestException("input " + place + ": a data: URL without base64 data; expected data:image/…;base64,…");
        }
        return decoded(rest.substring(comma + 1), place);
    }

    private static byte[] decoded(String base64, int place) {
        try {
            return Base64.getDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            throw new InvalidRequestException("input " + place + ": the image's data is not base64: " + e.getMessage(), e);
        }
    }
}
