package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher that {@code mvn package} leaves, run as a process. Most tests give it fake JDKs that only print how they were called. */
class LauncherIT {

    private static final Path BUILT = Path.of("target", "vit").toAbsolutePath();
    private static final String SYSTEM_PATH = "/usr/bin:/bin";
    private static final String MODULES = "java.base jdk.incubator.vector jdk.jartool";

    @TempDir
    private Path folder;

    private Path home; // the user's home folder in these tests
    private final Map<String, String> environment = new HashMap<>();

    @BeforeEach
    void setUpAUser() throws IOException {
        home = Files.createDirectory(folder.resolve("home"));
        environment.put("HOME", home.toString());
        environment.put("PATH", SYSTEM_PATH);
    }

    /** What a process printed and how it ended. */
    private record Ended(int code, List<String> out, List<String> err) {

        /** Standard error without the JVM's own warning about the incubator module. */
        List<String> own() {
            return err.stream().filter(line -> !line.startsWith("WARNING: Using incubator modules")).toList();
        }

        void isRefused(String part) {
            assertEquals(2, code, this::toString);
            assertEquals(2, own().size(), this::toString);
            assertTrue(own().get(0).startsWith("error: ") && own().get(0).contains(part), this::toString);
            assertTrue(own().get(1).startsWith("hint: "), this::toString);
        }
    }

    private Ended run(Path directory, Object... command) throws IOException, InterruptedException {
        Path out = folder.resolve("out.txt");
        Path err = folder.resolve("err.txt");
        ProcessBuilder builder = new ProcessBuilder(Stream.of(command).map(String::valueOf).toList())
                .directory(directory.toFile()).redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = builder.start();
        assertTrue(process.waitFor(120, TimeUnit.SECONDS), "the launcher hangs");
        return new Ended(process.exitValue(), Files.readAllLines(out), Files.readAllLines(err));
    }

    private static Path launcher(Path distribution) {
        return distribution.resolve("bin/vit");
    }

    /** Makes a fake JDK that prints its own folder and then its arguments, one per line. */
    private Path jdk(Path at, String version, String modules) throws IOException {
        Path java = Files.createDirectories(at.resolve("bin")).resolve("java");
        Files.writeString(java, "#!/bin/sh\necho \"" + at + "\"\nfor a in \"$@\"; do printf '%s\\n' \"$a\"; done\n");
        assertTrue(java.toFile().setExecutable(true));
        Files.writeString(at.resolve("release"), "IMPLEMENTOR=\"Nobody\"\nJAVA_VERSION=\"" + version + "\"\nMODULES=\"" + modules + "\"");
        return at;
    }

    /** A copy of the distribution. */
    private Path copyTo(Path target) throws IOException {
        try (Stream<Path> files = Files.walk(BUILT)) {
            for (Path file : files.toList()) {
                Path to = target.resolve(BUILT.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(to);
                } else {
                    Files.copy(file, to, StandardCopyOption.COPY_ATTRIBUTES);
                }
            }
        }
        return target;
    }

    /** A copy that looks for installed JDKs in the user's {@code .jdks} alone. */
    private Path searchingHomeOnly() throws IOException {
        Path copy = launcher(copyTo(folder.resolve("copy")));
        String script = Files.readString(copy);
        String changed = script.replaceAll("(?s)for folder in .*?; do", "for folder in \"\\$HOME\"/.jdks/*; do");
        assertTrue(!changed.equals(script));
        Files.writeString(copy, changed);
        return copy;
    }

    @Test
    void runsOnTheRealJdkFromAPathWithBlanksThroughSymbolicLinks() throws Exception {
        environment.put("JAVA25_HOME", System.getProperty("java.home"));
        Path copy = launcher(copyTo(Files.createDirectory(folder.resolve("with blank ü")).resolve("vit copy")));
        Path first = Files.createSymbolicLink(folder.resolve("first link"), copy);
        Path second = Files.createSymbolicLink(Files.createDirectory(folder.resolve("bin")).resolve("vit"), Path.of("../first link"));
        for (Path command : List.of(launcher(BUILT), copy, first, second)) {
            Ended ended = run(home, command, "--version");
            assertEquals(0, ended.code, ended::toString);
            assertTrue(ended.out.getFirst().startsWith("vit "), ended::toString);
            assertEquals(List.of(), ended.own());
        }
        Ended relative = run(folder, "bin/vit", "classify", "photo.jpg");
        relative.isRefused("photo.jpg");
        environment.put("PATH", folder.resolve("bin") + ":" + SYSTEM_PATH);
        assertEquals(0, run(home, "sh", "-c", "vit --version").code);
    }

    @Test
    void findsAJdkWithoutAnyVariable() throws Exception {
        jdk(home.resolve(".jdks/jdk-25"), "25.0.1", MODULES);
        Ended ended = run(home, launcher(BUILT), "--version");
        assertEquals(0, ended.code, ended::toString);
    }

    /** If standard input is closed, the next file that Java opens takes its place: Java would read that file as standard input, and close it. */
    @Test
    void aClosedStandardInputIsAnEmptyOne() throws Exception {
        Path java = jdk(home.resolve("jdk"), "25", MODULES).resolve("bin/java");
        Files.writeString(java, "#!/bin/sh\nexec cat\n");
        environment.put("JAVA25_HOME", home.resolve("jdk").toString());
        Ended closed = run(home, "sh", "-c", "exec '" + launcher(BUILT) + "' <&-");
        assertEquals(0, closed.code, closed::toString);
        assertEquals(List.of(), closed.out);
        Ended given = run(home, "sh", "-c", "echo text | '" + launcher(BUILT) + "'");
        assertEquals(List.of("text"), given.out);
    }

    @Test
    void fileNamesBeyondAsciiSurviveAPlainLocale() throws Exception {
        environment.put("JAVA25_HOME", System.getProperty("java.home"));
        environment.put("LANG", "C");
        Path script = folder.resolve("call.sh");
        Files.writeString(script, "exec '" + launcher(BUILT) + "' inspect 'größe.safetensors'\n", StandardCharsets.UTF_8);
        run(home, "sh", script).isRefused("größe.safetensors");
    }

    @Test
    void namesBeyondAsciiSurviveALocaleThatIsNotInstalledOrOfAnotherCharacterSet() throws Exception {
        environment.put("JAVA25_HOME", System.getProperty("java.home"));
        Path script = folder.resolve("call.sh");
        Files.writeString(script, "exec '" + launcher(BUILT) + "' inspect 'größe 日本.safetensors'\n", StandardCharsets.UTF_8);
        for (String variable : List.of("LANG", "LC_CTYPE", "LC_ALL")) {
            for (String value : List.of("xx_XX.UTF-8", "de_DE", "C", "POSIX", "C.UTF-8", "nonsense", "")) {
                environment.put(variable, value);
                run(home, "sh", script).isRefused("größe 日本.safetensors");
                environment.remove(variable);
            }
        }
    }

    @Test
    void whatIsPrintedDoesNotDependOnTheLocale() throws Exception {
        environment.put("JAVA25_HOME", System.getProperty("java.home"));
        for (List<String> command : List.of(List.of("help", "train"), List.of("help", "bench"), List.of("completion"), List.of("help"))) {
            List<Object> call = new ArrayList<>(List.of(launcher(BUILT)));
            call.addAll(command);
            environment.put("VIT_OPTS", "-Duser.language=en");
            List<String> expected = run(home, call.toArray()).out;
            for (String locale : List.of("-Duser.language=tr -Duser.country=TR", "-Duser.language=ar -Duser.country=EG",
                    "-Duser.language=th -Duser.country=TH -Duser.variant=TH")) {
                environment.put("VIT_OPTS", locale);
                assertEquals(expected, run(home, call.toArray()).out);
            }
        }
    }

    @Test
    void readerThatLeavesEndsTheProgramQuietly() throws Exception {
        environment.put("JAVA25_HOME", System.getProperty("java.home"));
        assertEquals(0, run(home, launcher(BUILT), "draw", "--output", "d", "--images", 12).code);
        Ended ended = run(home, "bash", "-c", "{ '" + launcher(BUILT) + "' classify d d d d none.png; echo $? >rc; } | head -1");
        assertEquals(1, ended.out.size());
        assertEquals(List.of(), ended.own());
        assertEquals("141", Files.readString(home.resolve("rc")).strip());
    }

    @Test
    void widthThatDoesNotExistIsBadUsage() throws Exception {
        environment.put("JAVA25_HOME", System.getProperty("java.home"));
        for (String option : List.of("-Dvit.simd.bits=99", "-Dvit.simd.bits=wide", "-Dvit.simd.bits=", "-Dvit.kernels=fast")) {
            environment.put("VIT_OPTS", option);
            run(home, launcher(BUILT), "doctor").isRefused(option + ": expected");
        }
    }

    @Test
    void theDedicatedVariableComesFirstThenJavaHomeThenThePath() throws Exception {
        Path dedicated = jdk(folder.resolve("dedicated"), "25", MODULES);
        Path javaHome = jdk(folder.resolve("java home"), "25.0.3", MODULES);
        Path onPath = jdk(folder.resolve("on path"), "26-ea", MODULES);
        Path links = Files.createDirectory(folder.resolve("links"));
        Files.createSymbolicLink(links.resolve("java"), onPath.resolve("bin/java"));
        environment.put("PATH", links + ":" + SYSTEM_PATH);
        assertEquals(onPath.toRealPath().toString(), run(home, launcher(BUILT)).out.getFirst());
        environment.put("JAVA_HOME", javaHome.toString());
        assertEquals(javaHome.toString(), run(home, launcher(BUILT)).out.getFirst());
        environment.put("JAVA25_HOME", dedicated.toString());
        assertEquals(dedicated.toString(), run(home, launcher(BUILT)).out.getFirst());
    }

    @Test
    void jdksThatAreTooOldOrLackTheVectorModuleArePassedOver() throws Exception {
        Path good = jdk(folder.resolve("good"), "25.0.3", MODULES);
        environment.put("PATH", good.resolve("bin") + ":" + SYSTEM_PATH);
        for (Path bad : List.of(jdk(folder.resolve("old"), "17.0.15", MODULES), jdk(folder.resolve("older"), "1.8.0_402", MODULES),
                jdk(folder.resolve("no vectors"), "25", "java.base jdk.incubator.vectors"), folder.resolve("nothing"))) {
            environment.put("JAVA_HOME", bad.toString());
            assertEquals(good.toString(), run(home, launcher(BUILT)).out.getFirst());
        }
    }

    @Test
    void dedicatedVariableThatNamesNoJdk25IsRefused() throws Exception {
        environment.put("JAVA25_HOME", jdk(folder.resolve("old"), "21.0.4", MODULES).toString());
        run(home, launcher(BUILT), "--version").isRefused("JAVA25_HOME");
    }

    @Test
    void ofInstalledJdksTheOldestFrom25IsTakenAndNoneIsRefused() throws Exception {
        Path copy = searchingHomeOnly();
        run(home, copy, "--version").isRefused("no JDK 25 or newer found");
        jdk(home.resolve(".jdks/a"), "24.0.1", MODULES);
        run(home, copy, "--version").isRefused("no JDK 25 or newer found");
        jdk(home.resolve(".jdks/b"), "27", MODULES);
        Path newer = jdk(home.resolve(".jdks/c"), "26.0.1", MODULES);
        assertEquals(newer.toString(), run(home, copy).out.getFirst());
        Path exact = jdk(home.resolve(".jdks/d"), "25.0.2", MODULES);
        assertEquals(exact.toString(), run(home, copy).out.getFirst());
    }

    @Test
    void argumentsReachTheJvmUnchangedAndOptionsAreSplit() throws Exception {
        environment.put("JAVA_HOME", jdk(folder.resolve("jdk"), "25", MODULES).toString());
        environment.put("VIT_OPTS", "-Xmx64m -Dx=y");
        List<String> out = run(home, launcher(BUILT), "classify", "a  b", "*", "", "$HOME", "--", "ä").out;
        int jar = out.indexOf("-jar");
        assertEquals(BUILT.toRealPath().resolve("lib/vit-model.jar").toString(), out.get(jar + 1));
        assertEquals(List.of("classify", "a  b", "*", "", "$HOME", "--", "ä"), out.subList(jar + 2, out.size()));
        List<String> options = out.subList(1, jar);
        assertTrue(options.containsAll(List.of("--add-modules", "jdk.incubator.vector", "-Xmx64m", "-Dx=y")), options::toString);
        assertTrue(options.stream().noneMatch(option -> option.contains("native-access")));
    }

    @Test
    void drawnImagesAreNamedByTheShippedModelAndLookedAt() throws Exception {
        environment.put("JAVA25_HOME", System.getProperty("java.home"));
        assertEquals(0, run(home, launcher(BUILT), "draw", "--output", "drawn", "--images", 24, "--seed", 4711, "--difficulty", 0.5).code);
        List<Path> images;
        try (Stream<Path> files = Files.walk(home.resolve("drawn"))) {
            images = files.filter(Files::isRegularFile).toList();
        }
        assertEquals(24, images.size());
        List<Object> command = new ArrayList<>(List.of(launcher(BUILT), "classify", "--top", 1));
        command.addAll(images);
        Ended ended = run(home, command.toArray());
        assertEquals(0, ended.code, ended::toString);
        int right = 0;
        for (int i = 0; i < 24; i++) {
            assertEquals(images.get(i).toString(), ended.out.get(2 * i));
            right += ended.out.get(2 * i + 1).endsWith("  " + images.get(i).getParent().getFileName()) ? 1 : 0;
        }
        assertTrue(right >= 14, right + " of 24 right: " + ended);
        Ended looked = run(home, launcher(BUILT), "visualise", "--output", "look", images.getFirst());
        assertEquals(0, looked.code, looked::toString);
        for (String name : List.of("rollout.png", "attention.png", "distance.png", "positions.png", "filters.png")) {
            assertTrue(Files.size(home.resolve("look").resolve(name)) > 1000, name);
        }
    }

    @Test
    void demoTrainsAndLeavesItsPicturesAndAModel() throws Exception {
        environment.put("JAVA25_HOME", System.getProperty("java.home"));
        Ended ended = run(home, launcher(BUILT), "demo", "--seconds", 0.6, "--threads", 1);
        assertEquals(0, ended.code, ended::toString);
        assertTrue(ended.out.contains("epoch   loss    acc   val loss  val acc   lr        images/s"), ended::toString);
        assertTrue(ended.out.stream().anyMatch(line -> line.matches(" +8 +\\d\\.\\d{3} .*")), "epoch 8: " + ended);
        assertTrue(ended.out.stream().anyMatch(line -> line.matches("Fresh images: \\d+ of 12 right")), ended::toString);
        for (String name : List.of("shapes.png", "loss.png", "confusion.png", "rollout.png", "attention.png", "distance.png", "positions.png",
                "filters.png", "model.safetensors", "config.json")) {
            assertTrue(Files.size(home.resolve("vit-demo").resolve(name)) > 100, name);
        }
    }
}
