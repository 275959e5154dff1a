package vit.model.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two builds of the same sources, in folders of different names, give the same bytes in every file that a user gets. */
class ReproducibleBuildIT {

    private static final Set<String> NOT_SOURCES = Set.of("target", ".git", ".idea");
    private static final int MINUTES = 20;

    @Test
    @Tag("heavy")
    void twoBuildsGiveTheSameBytes(@TempDir Path folder) throws IOException, InterruptedException {
        Path maven = Path.of(System.getProperty("maven.home", "")).resolve("bin/mvn");
        Assumptions.assumeTrue(Files.isExecutable(maven), "no Maven in " + maven + ": the build is not repeated");
        Map<String, String> first = build(maven, folder.resolve("a"));
        Map<String, String> second = build(maven, folder.resolve("another-name"));
        for (String module : List.of("vit-kernels", "vit-model", "vit-bench")) {
            assertTrue(first.containsKey(module + "/target/bom.json"), first::toString);
            assertTrue(first.keySet().stream().anyMatch(name -> name.startsWith(module) && name.endsWith(".jar")), first::toString);
        }
        System.out.println(first.size() + " files of two builds compared");
        assertEquals(first, second);
    }

    /** Builds the project and returns the hashes of all jars, bills of materials and files of the launchers' folders, by their paths. */
    private static Map<String, String> build(Path maven, Path project) throws IOException, InterruptedException {
        copySources(ProjectModules.root(), project);
        Path log = project.resolveSibling(project.getFileName() + ".log");
        Process build = new ProcessBuilder(maven.toString(), "-q", "-B", "-DskipTests", "-Dmaven.repo.local=" + System.getProperty("maven.repository"), "package")
                .directory(project.toFile()).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        if (!build.waitFor(MINUTES, TimeUnit.MINUTES)) {
            build.destroyForcibly();
        }
        assertEquals(0, build.waitFor(), () -> read(log));
        Map<String, String> hashes = new TreeMap<>();
        try (Stream<Path> files = Files.walk(project)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String name = project.relativize(file).toString().replace('\\', '/');
                if (name.matches("[^/]+/target/([^/]+\\.jar|bom\\.json|(vit|bench)/.*)")) {
                    hashes.put(name, hash(file));
                }
            }
        }
        return hashes;
    }

    private static void copySources(Path from, Path to) throws IOException {
        Files.walkFileTree(from, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) throws IOException {
                if (NOT_SOURCES.contains(folder.getFileName().toString())) {
                    return FileVisitResult.SKIP_SUBTREE;
                }
                Files.createDirectories(to.resolve(from.relativize(folder).toString()));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                if (!NOT_SOURCES.contains(file.getFileName().toString())) {
                    Files.copy(file, to.resolve(from.relativize(file).toString()));
                }
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private static String hash(Path file) throws IOException {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String read(Path log) {
        try {
            return Files.readString(log, StandardCharsets.UTF_8);
        } catch (IOException e) {
            return log + " cannot be read: " + e;
        }
    }
}
