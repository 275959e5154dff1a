package vit.model.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.model.InputException;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameters;
import vit.model.weights.format.BrokenFiles;
import vit.model.weights.format.BrokenFiles.Broken;

/** Malformed weights and configurations give one checked exception that says what is wrong and where, and they cost little memory. */
class HostileInputTest {

    /** The memory that a file may cost beyond its size: buffers of parsers, tables of the zip reader. */
    private static final long BASE_BYTES = 4 << 20;

    private static final int BYTES_PER_FILE_BYTE = 16;

    /** Opens weights and reads every parameter, as loading a model does. */
    private static void load(Path weights, Path config) throws IOException {
        try (Weights open = Weights.open(weights, config)) {
            for (Parameter parameter : Parameters.of(open.config()).list()) {
                open.read(parameter, new float[Math.toIntExact(parameter.shape().size())]);
            }
        }
    }

    @Test
    void theSoundModelLoads(@TempDir Path folder) throws IOException {
        Path config = Files.writeString(folder.resolve("config.json"), BrokenFiles.CONFIG);
        for (byte[] bytes : List.of(BrokenFiles.safetensors(BrokenFiles.tensors()), BrokenFiles.npz(BrokenFiles.tensors(), true),
                BrokenFiles.npz(BrokenFiles.tensors(), false))) {
            Path file = Files.write(folder.resolve("w"), bytes);
            load(file, config);
            try (Weights weights = Weights.open(file, config)) {
                assertEquals(BrokenFiles.MODEL, weights.config());
            }
        }
    }

    @Test
    void everyFaultIsNamedWithFilePlaceRuleExpectedAndFound(@TempDir Path folder) throws IOException {
        List<Broken> cases = BrokenFiles.write(folder);
        assertEquals(cases.size(), cases.stream().map(Broken::name).distinct().count());
        double worst = 0;
        List<String> wrong = new ArrayList<>();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (Broken broken : cases) { // once before, as the first file of a kind reads tables that are kept
            assertThrows(InputException.class, () -> load(broken.weights(), broken.config()), broken.name());
        }
        for (Broken broken : cases) {
            long before = threads.getCurrentThreadAllocatedBytes();
            InputException e = assertThrows(InputException.class, () -> load(broken.weights(), broken.config()), broken.name());
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;
            if (!isComplete(e.getMessage(), broken)) {
                wrong.add(broken + ": " + e.getMessage());
            }
            long allowed = allowedBytes(broken);
            if (allocated > allowed) {
                wrong.add(broken + ": allocated " + allocated + " bytes, allowed are " + allowed);
            }
            worst = Math.max(worst, (double) allocated / allowed);
        }
        assertEquals(List.of(), wrong);
        System.out.printf("hostile input: %d kinds of broken files, at most %.0f %% of the memory allowed%n", cases.size(), 100 * worst);
        assertTrue(cases.size() >= 30);
    }

    private static boolean isComplete(String message, Broken broken) {
        return message.startsWith(broken.blames().toString()) && message.contains(broken.place()) && message.contains(broken.rule())
                && message.contains("; expected ") && message.contains("; found ") && message.lines().count() == 1 && message.length() < 1500;
    }

    private static long allowedBytes(Broken broken) throws IOException {
        long size = Files.isRegularFile(broken.weights()) ? Files.size(broken.weights()) + Files.size(broken.config()) : 0;
        return BASE_BYTES + BYTES_PER_FILE_BYTE * size;
    }

    @Test
    void aFileCutAnywhereIsRefused(@TempDir Path folder) throws IOException {
        Path config = Files.writeString(folder.resolve("config.json"), BrokenFiles.CONFIG);
        for (byte[] bytes : List.of(BrokenFiles.safetensors(BrokenFiles.tensors()), BrokenFiles.npz(BrokenFiles.tensors(), true))) {
            for (int length = 0; length < bytes.length; length += 1 + length / 40) {
                Path file = Files.write(folder.resolve("w"), Arrays.copyOf(bytes, length));
                assertThrows(InputException.class, () -> load(file, config), "cut to " + length);
            }
        }
    }

    @Property(tries = 1500, edgeCases = EdgeCasesMode.NONE)
    void changedBytesGiveAModelOrAnInputException(@ForAll long seed) throws IOException {
        Random random = new Random(seed);
        int kind = random.nextInt(4);
        byte[] weights = switch (kind) {
            case 0, 3 -> BrokenFiles.safetensors(BrokenFiles.tensors());
            case 1 -> BrokenFiles.npz(BrokenFiles.tensors(), true);
            default -> BrokenFiles.npz(BrokenFiles.tensors(), false);
        };
        byte[] config = BrokenFiles.CONFIG.getBytes(StandardCharsets.UTF_8);
        byte[] victim = kind == 3 ? config : weights;
        for (int i = random.nextInt(6); i >= 0; i--) {
            // Half of the changes go to the header of safetensors or to the directory of npz.
            int at = random.nextBoolean() ? random.nextInt(victim.length)
                    : kind == 0 ? random.nextInt(1500) : victim.length - 1 - random.nextInt(Math.min(1500, victim.length));
            victim[at] = random.nextBoolean() ? (byte) random.nextInt(256) : (byte) (victim[at] ^ 1 << random.nextInt(8));
        }
        Path folder = Files.createTempDirectory("vit-hostile");
        Path file = Files.write(folder.resolve("w"), weights);
        Path json = Files.write(folder.resolve("config.json"), config);
        try {
            load(file, json);
        } catch (InputException e) {
            assertFalse(e.getMessage().isBlank());
        } finally {
            Files.delete(file);
            Files.delete(json);
            Files.delete(folder);
        }
    }
}
