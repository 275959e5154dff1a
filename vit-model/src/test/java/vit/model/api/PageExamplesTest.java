package vit.model.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the pages say a user can write compiles against what a user gets: on the module path, in a module that requires {@code vit.model} alone.
 *
 * <p>An example is a fenced block of Java: statements, or whole types, or a module descriptor, with its imports in front. Variables that an
 * example takes from the program around it are declared in a comment of the page, which readers do not see, with the imports that
 * the program around it has: {@code <!-- given: import java.nio.file.Path; Path file -->}.
 */
class PageExamplesTest {

    private static final Pattern FENCE = Pattern.compile("^ *(```+|~~~+) *\\{?\\.?(\\w*).*$");
    private static final Pattern GIVEN = Pattern.compile("^<!-- given: (.*) -->$");
    private static final Pattern STATEMENT = Pattern.compile("^ {4,}[^|]*[;{](\\s*//.*)?$");
    private static final Pattern PACKAGE = Pattern.compile("(?<![-\\w./]|-D)vit\\.(?:model|kernels)(?:\\.[a-z]\\w*)*");
    private static final Pattern TYPE = Pattern.compile("^\\s*(public |final |sealed |abstract )*(class|record|interface|enum) ");
    private static final Pattern MODULE = Pattern.compile("^\\s*(open )?module ");

    private static ProjectModules modules;

    @TempDir
    private Path output;

    @BeforeAll
    static void find(@TempDir Path scratch) throws IOException {
        modules = ProjectModules.find(scratch);
    }

    /** @param given imports, each with a semicolon, and declarations of variables that it uses; or an empty text */
    private record Example(Path page, int line, String given, List<String> lines) {

        String name() {
            return ProjectModules.root().relativize(page) + ":" + line;
        }
    }

    @TestFactory
    Stream<DynamicTest> examplesCompile() throws IOException {
        List<Example> examples = new ArrayList<>();
        for (Path page : pages()) {
            examples.addAll(examples(page));
        }
        assertTrue(examples.stream().anyMatch(example -> example.page().endsWith(Path.of("README.md"))), "the README has no Java example");
        return examples.stream().map(example -> dynamicTest(example.name(), () -> assertEquals("", problems(example))));
    }

    /** An example that stands in no fence of Java would not be compiled. */
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

    /** A page that names a package in full speaks to users; internal ones are named by their folders. */
    @Test
    void packagesThatPagesNameAreExported() throws IOException {
        for (Path page : pages()) {
            Matcher names = PACKAGE.matcher(Files.readString(page));
            while (names.find()) {
                assertTrue(modules.exported().contains(names.group()) || modules.own().containsKey(names.group()), page + ": " + names.group() + " is not exported");
            }
        }
    }

    @Test
    void plantedFaultsAreFound() {
        Example hidden = new Example(Path.of("x"), 1, "", List.of("import vit.model.cli.Vit;", "System.out.println(new Vit());"));
        assertTrue(problems(hidden).contains("vit.model.cli"), problems(hidden));
        Example optional = new Example(Path.of("x"), 1, "", List.of("import picocli.CommandLine;", "CommandLine line = null;"));
        assertFalse(problems(optional).isEmpty());
        Example undeclared = new Example(Path.of("x"), 1, "", List.of("System.out.println(image);"));
        assertFalse(problems(undeclared).isEmpty());
        assertEquals("", problems(new Example(Path.of("x"), 1, "String image", undeclared.lines())));
    }

    private static List<Path> pages() throws IOException {
        List<Path> pages = new ArrayList<>();
        try (Stream<Path> files = Files.walk(ProjectModules.root(), 3)) {
            files.filter(file -> file.toString().endsWith(".md") && !ProjectModules.root().relativize(file).toString().contains("target")).sorted().forEach(pages::add);
        }
        assertTrue(pages.size() > 20, pages::toString);
        return pages;
    }

    private static List<Example> examples(Path page) throws IOException {
        List<Example> examples = new ArrayList<>();
        List<String> lines = Files.readAllLines(page);
        for (int i = 0; i < lines.size(); i++) {
            Matcher fence = FENCE.matcher(lines.get(i));
            if (fence.matches()) {
                int start = i + 1;
                do {
                    i++;
                } while (!lines.get(i).strip().equals(fence.group(1)));
                if (fence.group(2).equalsIgnoreCase("java")) {
                    Matcher given = GIVEN.matcher(start < 2 ? "" : lines.get(start - 2));
                    examples.add(new Example(page, start, given.matches() ? given.group(1) : "", lines.subList(start, i)));
                }
            }
        }
        return examples;
    }

    /** What the compiler has against it, or an empty text. */
    private String problems(Example example) {
        boolean descriptor = example.lines().stream().anyMatch(line -> MODULE.matcher(line).find());
        List<JavaFileObject> sources = new ArrayList<>(List.of(descriptor ? source("module-info", String.join("\n", example.lines()))
                : source("module-info", "module example { requires vit.model; }")));
        if (!descriptor) {
            sources.add(source("example/Example", unit(example)));
        }
        DiagnosticCollector<JavaFileObject> problems = new DiagnosticCollector<>();
        List<String> options = List.of("-p", modules.path().stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator)), "-proc:none", "-d", output.toString());
        ToolProvider.getSystemJavaCompiler().getTask(null, null, problems, options, null, sources).call();
        return problems.getDiagnostics().stream().filter(problem -> problem.getKind() == Diagnostic.Kind.ERROR)
                .map(problem -> problem.getMessage(null)).collect(Collectors.joining("\n"));
    }

    private static String unit(Example example) {
        List<String> imports = example.lines().stream().filter(line -> line.startsWith("import ")).toList();
        String rest = example.lines().stream().filter(line -> !line.startsWith("import ")).collect(Collectors.joining("\n"));
        boolean types = example.lines().stream().filter(line -> !line.isBlank() && !line.startsWith("import ")).findFirst().filter(line -> TYPE.matcher(line).find()).isPresent();
        int variables = example.given().lastIndexOf(';') + 1;
        return "package example;\n" + String.join("\n", imports) + "\n" + example.given().substring(0, variables)
                + (types ? rest : "class Example { void run(" + example.given().substring(variables) + ") throws Exception {\n" + rest + "\n}}\n");
    }

    private static JavaFileObject source(String name, String text) {
        return new SimpleJavaFileObject(URI.create("string:///" + name + ".java"), JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                return text;
            }
        };
    }
}
