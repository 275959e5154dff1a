package vit.kernels.verify;

import java.io.File;
import java.io.IOException;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import jdk.incubator.vector.FloatVector;

/**
 * Runs a kernel in JVMs of other compilers and vector widths and compares the bits of its results. Each JVM runs {@link BitsProbe}. The log of its
 * compiler must show that it compiled code of the kernel, except in the interpreter.
 */
final class OtherJvms {

    private static final Pattern RESULT = Pattern.compile("bits (.+): ([0-9a-f]{8}|differs .*)");

    /** A compiled method of neither the JDK nor this package and what it is called through. */
    private static final Pattern COMPILED = Pattern.compile("\\s((?!java\\.|javax\\.|jdk\\.|sun\\.|com\\.sun\\.|vit\\.kernels\\.(?:verify|tensor|parallel)\\.)[\\w.$]+)::\\S+");

    /** A method is compiled after a twentieth of the usual number of calls, and the caller waits for the compiler. */
    private static final List<String> EAGER = List.of("-XX:CompileThresholdScaling=0.05", "-Xbatch", "-XX:+PrintCompilation");

    private OtherJvms() {}

    /** How a JVM executes. */
    enum Compiler {
        INTERPRETER("-Xint"),
        C1("-XX:TieredStopAtLevel=1"),
        C2("-XX:-TieredCompilation");

        private final String option;

        Compiler(String option) {
            this.option = option;
        }
    }

    /** A kind of JVM. */
    record Kind(Compiler compiler, int bits) {
        @Override
        public String toString() {
            return compiler + " at " + bits + " bits";
        }
    }

    /** The interpreter, C1 and C2 at 128, 256 and 512 bits. */
    static List<Kind> all() {
        List<Kind> kinds = new ArrayList<>();
        for (Compiler compiler : Compiler.values()) {
            for (int bits : new int[] {128, 256, 512}) {
                kinds.add(new Kind(compiler, bits));
            }
        }
        return kinds;
    }

    static Class<? extends KernelSource> loadable(Class<? extends KernelSource> source) {
        boolean constructor = false;
        for (var candidate : source.getDeclaredConstructors()) {
            constructor |= candidate.getParameterCount() == 0;
        }
        if (source.isHidden() || source.isAnonymousClass() || source.isLocalClass() || !constructor || Modifier.isAbstract(source.getModifiers())) {
            throw new IllegalArgumentException(source.getName() + ": other JVMs load the class by its name, so it needs a name and a constructor without arguments");
        }
        return source;
    }

    /**
     * Requires the same bits of all kinds of JVM, and returns how many were compared.
     *
     * @param fault the fault to plant in the kernel, or null
     */
    static String sameBits(KernelSpec spec, Class<? extends KernelSource> source, Fault fault, List<Kind> kinds) {
        Map<String, Map<Kind, String>> byResult = new LinkedHashMap<>();
        for (Kind kind : kinds) {
            probe(source, fault, kind).forEach((result, hash) -> byResult.computeIfAbsent(result, r -> new LinkedHashMap<>()).put(kind, hash));
        }
        if (byResult.isEmpty()) {
            throw new AssertionError(spec.name() + ": the other JVMs have printed no result");
        }
        byResult.forEach((result, hashes) -> {
            for (Map.Entry<Kind, String> hash : hashes.entrySet()) {
                if (hash.getValue().startsWith("differs")) {
                    throw new AssertionError(result + ": in the " + hash.getKey() + " " + hash.getValue());
                }
            }
            if (hashes.size() != kinds.size() || new TreeSet<>(hashes.values()).size() != 1) {
                throw new AssertionError(result + ": the bits differ between JVMs; their hashes: " + groups(hashes));
            }
        });
        return byResult.size() + " results in " + kinds.size() + " JVMs: " + kinds;
    }

    private static Map<String, List<Kind>> groups(Map<Kind, String> hashes) {
        Map<String, List<Kind>> groups = new TreeMap<>();
        hashes.forEach((kind, hash) -> groups.computeIfAbsent(hash, h -> new ArrayList<>()).add(kind));
        return groups;
    }

    private static Map<String, String> probe(Class<? extends KernelSource> source, Fault fault, Kind kind) {
        try {
            Path log = Files.createTempFile("vit-verify-", ".log");
            try {
                String output = ChildProcess.output(new ProcessBuilder(command(source, fault, kind)).redirectOutput(log.toFile()));
                TreeSet<String> compiled = new TreeSet<>();
                for (String line : Files.readAllLines(log, StandardCharsets.ISO_8859_1)) {
                    COMPILED.matcher(line).results().forEach(method -> compiled.add(method.group(1)));
                }
                if (compiled.isEmpty() != (kind.compiler == Compiler.INTERPRETER)) {
                    throw new AssertionError("in the " + kind + " the compiler has compiled these classes: " + compiled);
                }
                return results(output);
            } finally {
                Files.delete(log);
            }
        } catch (IOException e) {
            throw new AssertionError("the JVM for " + kind + " does not run: " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while the JVM for " + kind + " ran", e);
        }
    }

    private static Map<String, String> results(String output) {
        Map<String, String> results = new LinkedHashMap<>();
        output.lines().map(RESULT::matcher).filter(Matcher::matches).forEach(line -> results.put(line.group(1), line.group(2)));
        return results;
    }

    private static List<String> command(Class<? extends KernelSource> source, Fault fault, Kind kind) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--add-modules=jdk.incubator.vector");
        command.add("-Dvit.simd.bits=" + kind.bits);
        if (kind.bits <= FloatVector.SPECIES_PREFERRED.vectorBitSize()) {
            command.add("-XX:MaxVectorSize=" + kind.bits / Byte.SIZE); // so that SPECIES_PREFERRED of a kernel has this width too
        }
        command.add(kind.compiler.option);
        if (kind.compiler != Compiler.INTERPRETER) {
            command.addAll(EAGER);
        }
        String modules = System.getProperty("jdk.module.path");
        command.add("-cp");
        command.add(System.getProperty("java.class.path") + (modules == null ? "" : File.pathSeparator + modules));
        command.add(BitsProbe.class.getName());
        command.add(source.getName());
        command.add(fault == null ? "" : fault.name());
        command.add(String.valueOf(kind.compiler == Compiler.INTERPRETER ? 2 : 400));
        return command;
    }
}
