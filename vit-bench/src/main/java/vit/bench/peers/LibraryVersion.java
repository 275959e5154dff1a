package vit.bench.peers;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;

/** Versions of libraries, for {@link PreparedWork#label}. */
public final class LibraryVersion {

    private LibraryVersion() {}

    /**
     * The version that a jar built by Maven has in {@code pom.properties}.
     *
     * @param type     any class of the jar
     * @param group    the library's group id
     * @param artifact the library's artifact id
     * @return the version, or an empty text if the jar does not have it
     */
    public static String of(Class<?> type, String group, String artifact) {
        try (InputStream in = type.getResourceAsStream("/META-INF/maven/" + group + "/" + artifact + "/pom.properties")) {
            if (in == null) {
                return "";
            }
            Properties properties = new Properties();
            properties.load(in);
            return properties.getProperty("version", "");
        } catch (IOException e) {
            return "";
        }
    }
}
