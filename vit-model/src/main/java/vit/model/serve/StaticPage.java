package vit.model.serve;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;

/** The files of the page. They lie in the jar, and are read once. */
final class StaticPage {

    private static final String POLICY = "default-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private StaticPage() {}

    /** An endpoint for every file, by path. */
    static Map<String, Endpoint> files() {
        Map<String, Endpoint> files = new HashMap<>();
        files.put("/", file("index.html", "text/html; charset=utf-8"));
        files.put("/page.css", file("page.css", "text/css; charset=utf-8"));
        files.put("/page.js", file("page.js", "text/javascript; charset=utf-8"));
        files.put("/favicon.svg", file("favicon.svg", "image/svg+xml"));
        for (int i = 1; StaticPage.class.getResource("sample-" + i + ".png") != null; i++) {
            files.put("/sample-" + i + ".png", file("sample-" + i + ".png", "image/png"));
        }
        return files;
    }

    private static Endpoint file(String name, String contentType) {
        byte[] bytes;
        try (InputStream in = StaticPage.class.getResourceAsStream(name)) {
            bytes = in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return exchange -> exchange.with("Content-Security-Policy", POLICY).with("Referrer-Policy", "no-referrer").with("Cache-Control", "no-cache")
                .reply(200, contentType, bytes);
    }
}
