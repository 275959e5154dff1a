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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every example in the Javadoc of an exported package compiles against what a user gets: on the module path, in a module that requires
 * {@code vit.model} alone.
 *
 * <p>An example is a block of {@code <pre>} and <code>{&#64;code …}</code>. It can name the types of its own package, of this project's
 * modules and of {@code java.base} without an import. An HTML comment on the line above it, which the generated pages do not show, gives
 * the variables that the example takes from the program around it: {@code <!-- given: VitModel model, Path file -->}. Formulas stand in a
 * {@code <pre>} without <code>{&#64;code …}</code> and are not compiled.
 */
class JavadocExamplesTest {

    private static final Pattern BEGIN = Pattern.compile("^\\s*\\* <pre>\\{@code$");
    private static final Pattern END = Pattern.compile("^\\s*\\* }</pre>$");
    private static final Pattern GIVEN = Pattern.compile("^\\s*\\* <!-- given: (.*) -->$");
    private static final Pattern OTHER_FORM = Pattern.compile("\\{@snippet|<pre>\\{@code.");

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
        for (Path source : exportedSources()) {
            examples.addAll(examples(source, Files.readAllLines(source)));
        }
        assertTrue(examples.size() > 20, () -> "only " + examples.size() + " examples were found");
        return examples.stream().map(example -> dynamicTest(example.name(), () -> assertEquals("", example.problems(modules, output))));
    }

    /** No example has a form that {@link #examplesCompile} does not recognise and so would not compile. */
    @Test
    void examplesHaveTheFormThatIsCompiled() throws IOException {
        for (Path source : exportedSources()) {
            for (String line : Files.readAllLines(source)) {
                assertFalse(OTHER_FORM.matcher(line).find(), () -> source + ": an example begins with a line that holds <pre>{@code alone: " + line);
            }
        }
    }

    @Test
    void plantedFaultsAreFound() {
        List<String> comment = List.of(" * <!-- given: VitModel model -->", " * <pre>{@code", " * int depth = model.config().depth();", " * }</pre>");
        assertEquals("", planted(comment).problems(modules, output));
        assertFalse(planted(comment.subList(1, 4)).problems(modules, output).isEmpty(), "model is not declared");
        List<String> renamed = comment.stream().map(line -> line.replace("depth()", "layers()")).toList();
        assertTrue(planted(renamed).problems(modules, output).contains("layers"), planted(renamed).problems(modules, output));
    }

    private static Example planted(List<String> comment) {
        return examples(ProjectModules.root().resolve("vit-model/src/main/java/vit/model/Planted.java"), comment).getFirst();
    }

    private static List<Path> exportedSources() throws IOException {
        List<Path> sources = new ArrayList<>();
        for (Path folder : ProjectModules.sources()) {
            try (Stream<Path> files = Files.walk(folder)) {
                files.filter(file -> file.toString().endsWith(".java") && modules.exported().contains(packageOf(file))).sorted().forEach(sources::add);
            }
        }
        return sources;
    }

    private static String packageOf(Path source) {
        String folder = source.getParent().toString().replace('\\', '/');
        return folder.substring(folder.indexOf("/src/main/java/") + "/src/main/java/".length()).replace('/', '.');
    }

    private static List<Example> examples(Path source, List<String> lines) {
        String imports = "import module java.base; import module vit.model; import " + packageOf(source) + ".*; ";
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            if (BEGIN.matcher(lines.get(i)).matches()) {
                Matcher given = GIVEN.matcher(i == 0 ? "" : lines.get(i - 1));
                int start = i + 1;
                List<String> code = new ArrayList<>();
                while (!END.matcher(lines.get(++i)).matches()) {
                    code.add(lines.get(i).strip().substring(1));
                }
                examples.add(new Example(source, start, imports + (given.matches() ? given.group(1) : ""), code));
            }
        }
        return examples;
    }
}
