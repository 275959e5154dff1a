package vit.model.fuzz;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import vit.model.InputException;

/** Replays the files that the fuzzer has found, without the fuzzer. */
class FindingsTest {

    /** Holds one folder per target. */
    private static final Path KEPT = Path.of("src/fuzz/resources/vit/model/fuzz");

    @ParameterizedTest
    @EnumSource
    void everyFindingAndEverySeedKeepsTheRule(FuzzTarget target) throws IOException {
        List<Executable> replays = new ArrayList<>();
        target.seeds().forEach(seed -> replays.add(() -> assertTrue(target.check(seed), () -> new String(seed, StandardCharsets.ISO_8859_1))));
        assertFalse(replays.isEmpty());
        Path folder = KEPT.resolve(target.folder());
        if (Files.isDirectory(folder)) {
            try (Stream<Path> files = Files.list(folder)) {
                files.forEach(file -> replays.add(() -> replay(target, file)));
            }
        }
        assertAll(replays);
    }

    private static void replay(FuzzTarget target, Path file) throws IOException {
        try {
            target.check(Files.readAllBytes(file));
        } catch (AssertionError e) {
            throw new AssertionError(file + ": " + e.getMessage(), e);
        }
    }

    /** The judgement must notice planted faults. */
    @Test
    void plantedFaultsAreSeen() {
        InputException refusal = InputException.in("a file").because("it is broken");
        assertFalse(FuzzTarget.check("refusing", file -> { throw refusal; }, new byte[0]));
        for (Throwable fault : List.of(new IllegalStateException(), new IOException(), new StackOverflowError(), new AssertionError())) {
            assertThrows(AssertionError.class, () -> FuzzTarget.check("failing", file -> raise(fault), new byte[0]));
        }
        assertThrows(AssertionError.class, () -> FuzzTarget.check("wasteful", file -> {
            for (int i = 0; i < 10; i++) {
                Arrays.fill(new byte[64 << 20], (byte) i);
            }
        }, new byte[0]));
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void raise(Throwable fault) throws T {
        throw (T) fault;
    }

    @Test
    void everyFolderOfFindingsHasItsTarget() throws IOException {
        try (Stream<Path> folders = Files.list(KEPT)) {
            folders.filter(Files::isDirectory).forEach(folder -> FuzzTarget.valueOf(folder.getFileName().toString().toUpperCase(Locale.ROOT)));
        }
    }
}
