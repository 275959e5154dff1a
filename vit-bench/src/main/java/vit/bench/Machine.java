package vit.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import vit.kernels.simd.Simd;

/** The machine and JVM on which figures were measured, without which they mean nothing. */
public final class Machine {

    private static final Path CPU_INFO = Path.of("/proc/cpuinfo");
    private static final Path MEMORY_INFO = Path.of("/proc/meminfo");
    private static final List<String> VECTOR_FLAGS = List.of("avx2", "fma", "avx512f", "avx512vl", "asimd", "sve");

    private Machine() {}

    /** CPU, memory, system, JDK, its flags, vector width, date. */
    public static Map<String, Object> describe() {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("cpu", cpu());
        facts.put("processors", Runtime.getRuntime().availableProcessors());
        facts.put("memory", field(MEMORY_INFO, "MemTotal"));
        facts.put("system", System.getProperty("os.name") + " " + System.getProperty("os.version") + " " + System.getProperty("os.arch"));
        facts.put("jdk", System.getProperty("java.vm.vendor") + " " + Runtime.version());
        facts.put("jvm_flags", String.join(" ", ManagementFactory.getRuntimeMXBean().getInputArguments()));
        facts.put("vector_bits", Simd.BITS);
        facts.put("date", LocalDate.now().toString());
        return facts;
    }

    private static String cpu() {
        String model = field(CPU_INFO, "model name");
        String family = field(CPU_INFO, "cpu family");
        String number = field(CPU_INFO, "model\t");
        String flags = " " + field(CPU_INFO, "flags") + " ";
        String vectors = VECTOR_FLAGS.stream().filter(flag -> flags.contains(" " + flag + " ")).collect(Collectors.joining(" "));
        return model + " (family " + family + " model " + number + "; " + vectors + ")";
    }

    /** The first value of a field in a file of lines {@code name : value}; {@code unknown} on other systems. */
    private static String field(Path file, String name) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.filter(line -> line.startsWith(name)).map(line -> line.substring(line.indexOf(':') + 1).strip()).findFirst()
                    .orElse("unknown");
        } catch (IOException e) {
            return "unknown";
        }
    }
}
