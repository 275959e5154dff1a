package vit.kernels.verify.catalogue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The bits that every kernel of the catalogue must give on every machine, as hashes in a resource. The published draw of a kernel decides its inputs,
 * and the same-bits contract the rest: they do not depend on the vector width, the number of threads, or on how the JVM executes.
 *
 * <p>The resource is renewed when a kernel joins, or when the definition of one changes and with it its bits. A test writes it: {@code mvn -pl
 * vit-kernels test -Dtest=PublishedBitsTest -Dvit.publish=true}. It refuses to publish a kernel that its reference does not confirm, and lists what
 * has changed. A line that changed without intent is a broken contract.
 */
public final class PublishedBits {

    /** The name of the resource, beside this class. */
    public static final String RESOURCE = "kernel-bits.txt";

    private static final String HEADER = """
            # The bits of every kernel's outputs for the published draw (see PublishedBits), the same on every machine: SHA-256, first 64 bits.
            # Written by: mvn -pl vit-kernels test -Dtest=PublishedBitsTest -Dvit.publish=true
            """;

    private PublishedBits() {}

    /**
     * The hashes by kernel.
     *
     * @throws IllegalStateException if the resource is missing or a line is none of a hash and a name
     */
    public static Map<String, String> read() {
        InputStream resource = PublishedBits.class.getResourceAsStream(RESOURCE);
        if (resource == null) {
            throw new IllegalStateException("the resource " + RESOURCE + " is missing beside " + PublishedBits.class.getName());
        }
        Map<String, String> hashes = new LinkedHashMap<>();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(resource, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("#") || line.isBlank()) {
                    continue;
                }
                int gap = line.indexOf("  ");
                if (gap < 0) {
                    throw new IllegalStateException(RESOURCE + ": expected a hash, two blanks and the name of a kernel, found '" + line + "'");
                }
                hashes.put(line.substring(gap + 2), line.substring(0, gap));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the resource " + RESOURCE + " cannot be read", e);
        }
        return hashes;
    }

    /** The text of the resource with these hashes. */
    public static String text(Map<String, String> hashes) {
        StringBuilder text = new StringBuilder(HEADER);
        hashes.forEach((kernel, hash) -> text.append(hash).append("  ").append(kernel).append('\n'));
        return text.toString();
    }
}
