package vit.bench.peers;

import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/** The contenders that {@link ServiceLoader} finds, on the program's class path and on the user's. */
final class Contenders {

    /** The environment variable with a further class path. */
    static final String CLASS_PATH_VARIABLE = "VIT_PEERS_CLASSPATH";

    private final List<Contender> contenders;
    private final List<String> faults;

    private Contenders(List<Contender> contenders, List<String> faults) {
        this.contenders = contenders;
        this.faults = faults;
    }

    /**
     * Looks for contenders.
     *
     * @param classPath jars, folders of classes, and folders of jars as {@code DIR/*}, separated as in Java's class path; may be empty
     * @throws IOException if a part of the class path does not exist
     */
    static Contenders find(String classPath) throws IOException {
        ClassLoader loader = loader(classPath);
        Map<String, Contender> found = new LinkedHashMap<>();
        List<String> faults = new ArrayList<>();
        Iterator<Contender> providers = ServiceLoader.load(Contender.class, loader).iterator();
        while (true) {
            try {
                if (!providers.hasNext()) {
                    break;
                }
                Contender contender = providers.next();
                Contender before = found.putIfAbsent(contender.name(), contender);
                if (before != null) {
                    faults.add(contender.getClass().getName() + " has the name of " + before.getClass().getName() + ": " + contender.name());
                }
            } catch (ServiceConfigurationError | LinkageError | RuntimeException e) {
                faults.add(e.getMessage() + (e.getCause() == null ? "" : " (" + e.getCause() + ")"));
            }
        }
        return new Contenders(found.values().stream().sorted(Comparator.comparing(Contender::name)).toList(), faults);
    }

    private static ClassLoader loader(String classPath) throws IOException {
        List<URL> parts = parts(classPath);
        ClassLoader own = Contenders.class.getClassLoader();
        if (parts.isEmpty()) {
            return own;
        }
        ClassLoader loader = new URLClassLoader("contenders", parts.toArray(URL[]::new), own); // for as long as the program runs
        Thread.currentThread().setContextClassLoader(loader); // which most libraries ask for their resources
        return loader;
    }

    private static List<URL> parts(String classPath) throws IOException {
        List<URL> parts = new ArrayList<>();
        for (String part : classPath.split(File.pathSeparator)) {
            if (part.endsWith("*")) {
                try (DirectoryStream<Path> jars = Files.newDirectoryStream(Path.of(part.substring(0, part.length() - 1)), "*.jar")) {
                    for (Path jar : jars) {
                        parts.add(jar.toUri().toURL());
                    }
                }
            } else if (!part.isEmpty()) {
                Path path = Path.of(part);
                if (!Files.exists(path)) {
                    throw new IOException("no such file in the class path of the contenders: " + part);
                }
                parts.add(path.toUri().toURL());
            }
        }
        return parts;
    }

    /** Why some could not be loaded, a sentence each. */
    List<String> faults() {
        return faults;
    }

    /** Those that can do work of this kind, in the order of their names. */
    List<Contender> of(Work.Kind kind) {
        return contenders.stream().filter(contender -> contender.kinds().contains(kind)).toList();
    }

    /** The contender of this class alone, for a child process whose start is timed. */
    static ModelFileContender ofClass(String name, String classPath) throws IOException, ReflectiveOperationException {
        return (ModelFileContender) Class.forName(name, true, loader(classPath)).getConstructor().newInstance();
    }

    /** Those that compute a model from a file. */
    List<ModelFileContender> ofModelFiles() {
        return contenders.stream().filter(ModelFileContender.class::isInstance).map(ModelFileContender.class::cast).toList();
    }

    /** Whether there is one whose name starts with {@code prefix}. */
    boolean has(String prefix) {
        return contenders.stream().anyMatch(contender -> contender.name().startsWith(prefix));
    }

    /** All names, or {@code none}. */
    String describe() {
        return contenders.isEmpty() ? "none" : contenders.stream().map(Contender::name).collect(Collectors.joining(", "));
    }

    /** A line for each, with its kinds of work. */
    List<String> lines() {
        return contenders.stream().map(contender -> String.format(Locale.ROOT, "%-18s %s", contender.name(),
                contender.kinds().stream().sorted().map(Work.Kind::toString).collect(Collectors.joining(", ")))).toList();
    }
}
