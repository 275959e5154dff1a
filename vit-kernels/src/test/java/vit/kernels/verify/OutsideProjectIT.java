package vit.kernels.verify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A project outside this build, with a POM and a local repository of its own, verifies a kernel on arrays and one on segments with the packaged kit. A
 * fault planted into its sources makes its build fail with a message that names it.
 */
class OutsideProjectIT {

    private static final Path SOURCES = Path.of("src/it/outside");
    private static final Path TARGET = Path.of("target").toAbsolutePath();
    private static final String VERSION = "0.1.0-SNAPSHOT";

    @Test
    @Tag("heavy")
    void itsKernelsPassAndAPlantedFaultIsCaught(@TempDir Path folder) throws IOException, InterruptedException {
        Path maven = Path.of(System.getProperty("maven.home", "")).resolve("bin/mvn");
        Assumptions.assumeTrue(Files.isExecutable(maven), "no Maven in " + maven + ": the project outside is not built");
        Path repository = repository(folder.resolve("repository"));
        Path settings = Files.writeString(folder.resolve("settings.xml"), "<settings><mirrors><mirror><id>local</id><mirrorOf>*</mirrorOf><url>"
                + Path.of(System.getProperty("maven.repository")).toUri() + "</url></mirror></mirrors></settings>");
        Path project = folder.resolve("outside");
        copy(SOURCES, project);
        List<String> command = List.of(maven.toString(), "-B", "-s", settings.toString(), "-Dmaven.repo.local=" + repository, "test");

        ChildProcess.Ended sound = run(command, project);
        print("sound", sound.output());
        assertEquals(0, sound.code(), sound.output());
        for (String kernel : List.of("channel scale", "channel scale backward", "root mean square", "root mean square backward")) {
            assertTrue(sound.output().contains(kernel + " matches the reference: 200 cases"), sound.output());
        }
        for (Fault fault : List.of(Fault.LAST_LANE, Fault.MISSING_FMA, Fault.GUARD_READ, Fault.GRADIENT_SIGN)) {
            assertTrue(sound.output().lines().anyMatch(line -> line.startsWith(fault + " (") && line.contains("caught by")), sound.output());
        }

        Path kernel = project.resolve("src/main/java/outside/ChannelScale.java");
        String right = Files.readString(kernel);
        String wrong = right.replace("for (; column < columns; column++)", "for (; column < columns - columns % SPECIES.length() / 3; column++)");
        assertTrue(!wrong.equals(right), "the line in which the fault is planted is gone");
        Files.writeString(kernel, wrong);
        List<String> again = new ArrayList<>(command);
        again.add("-Dtest=ChannelScaleTest");
        ChildProcess.Ended faulty = run(again, project);
        print("with a last lane that is not written", faulty.output());
        assertEquals(1, faulty.code(), faulty.output());
        Pattern message = Pattern.compile("channel scale fails the check \"matches the reference\"\\s+y row 0 column 2 of 1 x 3: expected \\S+, found NaN, "
                + "this NaN lay there before the call: the kernel has not written the element, or has read it.*"
                + "again: mvn test -Dtest=ChannelScaleTest \"-Dvit\\.verify\\.case=(channel scale: rows=1 columns=3 offset=0 gap=0 values=ORDINARY seed=\\d+)\"", Pattern.DOTALL);
        Matcher found = message.matcher(faulty.output());
        assertTrue(found.find(), faulty.output());

        again.add("-Dvit.verify.case=" + found.group(1));
        ChildProcess.Ended single = run(again, project);
        print("that case alone", single.output());
        assertEquals(1, single.code(), single.output());
        Files.writeString(kernel, right);
        assertEquals(0, run(again, project).code());
    }

    private static ChildProcess.Ended run(List<String> command, Path project) throws IOException, InterruptedException {
        return ChildProcess.run(new ProcessBuilder(command).directory(project.toFile()).redirectErrorStream(true), Duration.ofMinutes(10));
    }

    private static void print(String what, String output) {
        System.out.println("the project outside, " + what + ":");
        output.lines().filter(line -> line.matches(".*(Tests run|BUILD|fails the check|paste:|again:| row \\d+ column).*")).distinct().limit(20)
                .forEach(line -> System.out.println("    " + line));
    }

    /** A local repository that holds what this build has packaged, as an installation would put it there. Everything else comes from the mirror. */
    private static Path repository(Path repository) throws IOException {
        Path parent = Files.createDirectories(repository.resolve("vit/vit-parent/" + VERSION));
        Files.copy(Path.of("../pom.xml"), parent.resolve("vit-parent-" + VERSION + ".pom"));
        Path kernels = Files.createDirectories(repository.resolve("vit/vit-kernels/" + VERSION));
        Files.copy(Path.of("pom.xml"), kernels.resolve("vit-kernels-" + VERSION + ".pom"));
        for (String classifier : List.of("", "-verify-jqwik")) {
            String jar = "vit-kernels-" + VERSION + classifier + ".jar";
            Files.copy(TARGET.resolve(jar), kernels.resolve(jar));
        }
        return repository;
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path copy = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(copy);
                } else {
                    Files.writeString(copy, Files.readString(file, StandardCharsets.UTF_8), StandardCharsets.UTF_8);
                }
            }
        }
    }
}
