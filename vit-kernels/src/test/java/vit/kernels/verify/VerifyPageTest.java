package vit.kernels.verify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The page for users shows what the project outside compiles, and names every check and every fault. */
class VerifyPageTest {

    private static final Path OUTSIDE = Path.of("src/it/outside");

    private static String page() throws IOException {
        return Files.readString(Path.of("docs/verify.md"));
    }

    @Test
    void theExampleIsTheFileThatTheProjectOutsideCompiles() throws IOException {
        String example = Files.readString(OUTSIDE.resolve("src/test/java/outside/ChannelScaleTest.java"));
        assertTrue(page().contains("\n```\n" + example + "```\n"), "docs/verify.md does not have the text of ChannelScaleTest");
        long body = example.lines().dropWhile(line -> !line.startsWith("class")).count();
        assertTrue(body <= 20, body + " lines");
        String pom = Files.readString(OUTSIDE.resolve("pom.xml"));
        String dependencies = pom.substring(pom.indexOf("    <dependency>"), pom.indexOf("  </dependencies>"));
        assertTrue(page().contains("```xml\n" + dependencies + "```\n"), "docs/verify.md does not have the dependencies of the project outside");
    }

    @Test
    void everyCheckAndEveryFaultHasARow() throws IOException {
        assertEquals(names(Check.values()), rows("What the battery checks"));
        assertEquals(names(Fault.values()), rows("Faults that show that a test can fail"));
        assertEquals(names(Memory.values()), rows("What a description says").stream().filter(name -> name.matches("[A-Z_]+")).collect(Collectors.toCollection(TreeSet::new)));
    }

    private static TreeSet<String> names(Enum<?>[] values) {
        return Stream.of(values).map(Enum::name).collect(Collectors.toCollection(TreeSet::new));
    }

    /** The names in the first column of the tables of a section. */
    private static TreeSet<String> rows(String section) throws IOException {
        String text = page().split("\n## " + section + "\n")[1].split("\n## ")[0];
        return text.lines().filter(line -> line.startsWith("| `")).map(line -> line.substring(0, line.indexOf('|', 1)))
                .flatMap(cell -> Pattern.compile("`(\\w+)`").matcher(cell).results()).map((MatchResult name) -> name.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
