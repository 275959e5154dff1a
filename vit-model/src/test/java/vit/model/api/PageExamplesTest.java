package vit.model.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every Java example of every Markdown page compiles against what a user gets: on the module path, in a module that requires
 * {@code vit.model} alone, or with the optional modules that the example says it needs.
 *
 * <p>An example is a fenced block of Java: statements, whole types or a module descriptor, with its imports in front. An HTML comment on
 * the line above the fence, which readers of the page do not see, gives the imports and the variables that the example takes from the
 * program around it: {@code <!-- given: import java.nio.file.Path; Path file -->}. The optional modules stand in front:
 * {@code <!-- given: requires info.picocli; Path file -->}.
 */
class PageExamplesTest {

    private static final Pattern FENCE = Pattern.compile("^ *(```+|~~~+) *\\{?\\.?(\\w*).*$");
    private static final Pattern GIVEN = Pattern.compile("^<!-- given: (.*) -->$");
    private static final Pattern STATEMENT = Pattern.compile("^ {4,}[^|]*[;{](\\s*//.*)?$");
    private static final Pattern PACKAGE = Pattern.compile("(?<![-\\w./]|-D)vit\\.(?:model|kernels)(?:\\.[a-z]\\w*)*");

    /** Packages that users get in an artifact of its own. */
    private static final Set<String> OWN_ARTIFACT = Set.of("vit.kernels.verify.jqwik", "vit.model.spark");

    private static ProjectModules modules;

    @TempDir
    private Path output;

    @BeforeAll
    static void find(@TempDir Path scratch) throws IOException {
        modules = ProjectModules.find(scratch);
    }

    @TestFactory
    Stream<DynamicTest> examplesCompile() throws IOException {
        List<Example> examples = new ArrayList<>();
        for (Path page : pages()) {
            examples.addAll(examples(page));
        }
        assertTrue(examples.stream().anyMatch(example -> example.file().endsWith(Path.of("README.md"))), "the README has no Java example");
        return examples.stream().map(example -> dynamicTest(example.name(), () -> assertEquals("", example.problems(modules, output))));
    }

    /** Java outside a fence is found, since no test would compile it. */
    @Test
    void javaStandsInFences() throws IOException {
        for (Path page : pages()) {
            boolean fenced = false;
            for (String line : Files.readAllLines(page)) {
                fenced ^= FENCE.matcher(line).matches();
                assertFalse(!fenced && STATEMENT.matcher(line).matches(), () -> page + ": Java without a fence of ```java: " + line);
            }
            assertFalse(fenced, page + ": a fence is not closed");
        }
    }

    /** A page names a package in full only if users can import it; it names an internal package by its folder. */
    @Test
    void packagesThatPagesNameAreExported() throws IOException {
        for (Path page : pages()) {
            Matcher names = PACKAGE.matcher(Files.readString(page));
            while (names.find()) {
                assertTrue(modules.exported().contains(names.group()) || modules.own().containsKey(names.group()) || OWN_ARTIFACT.contains(names.group()),
                        page + ": " + names.group() + " is not exported");
            }
        }
    }

    @Test
    void plantedFaultsAreFound() {
        Example hidden = new Example(Path.of("x"), 1, "", List.of("import vit.model.cli.Vit;", "System.out.println(new Vit());"));
        assertTrue(hidden.problems(modules, output).contains("vit.model.cli"), hidden.problems(modules, output));
        Example optional = new Example(Path.of("x"), 1, "", List.of("import picocli.CommandLine;", "CommandLine line = null;"));
        assertFalse(optional.problems(modules, output).isEmpty());
        assertEquals("", new Example(Path.of("x"), 1, "requires info.picocli; ", optional.lines()).problems(modules, output));
        Example undeclared = new Example(Path.of("x"), 1, "", List.of("System.out.println(image);"));
        assertFalse(undeclared.problems(modules, output).isEmpty());
        assertEquals("", new Example(Path.of("x"), 1, "String image", undeclared.lines()).problems(modules, output));
    }

    private static List<Path> pages() throws IOException {
        List<Path> pages = new ArrayList<>();
        try (Stream<Path> files = Files.walk(ProjectModules.root(), 3)) {
            files.filter(file -> file.toString().endsWith(".md") && !ProjectModules.root().relativize(file).toString().contains("target")).sorted().forEach(pages::add);
        }
        assertTrue(pages.size() > 20, pages::toString);
        return pages;
    }

    static List<Example> examples(Path page) throws IOException {
        List<Example> examples = new ArrayList<>();
        List<String> lines = Files.readAllLines(page);
        for (int i = 0; i < lines.size(); i++) {
            Matcher fence = FENCE.matcher(lines.get(i));
            if (fence.matches()) {
                int start = i + 1;
                do {
                    i++;
                } while (!lines.get(i).strip().equals(fence.group(1)));
                boolean wholeFile = lines.get(start).startsWith("package "); // of a project outside, which the test of its page compiles
                if (fence.group(2).equalsIgnoreCase("java") && !wholeFile) {
                    Matcher given = GIVEN.matcher(start < 2 ? "" : lines.get(start - 2));
                    examples.add(new Example(page, start, given.matches() ? given.group(1) : "", lines.subList(start, i)));
                }
            }
        }
        return examples;
    }
}
