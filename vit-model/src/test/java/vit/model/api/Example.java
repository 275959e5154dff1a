package vit.model.api;

import java.io.File;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/**
 * A piece of Java that the documentation shows: statements, whole types or a module descriptor, with its imports in front.
 *
 * @param file where it stands
 * @param line the line of {@code file}, from 1, above the first line of the example
 * @param given what the program around the example has: imports, each with a semicolon, then the variables that the example uses,
 *         declared as parameters of a method are; or an empty text
 * @param lines the example itself
 */
record Example(Path file, int line, String given, List<String> lines) {

    private static final Pattern TYPE = Pattern.compile("^\\s*(public |final |sealed |abstract )*(class|record|interface|enum) ");
    private static final Pattern MODULE = Pattern.compile("^\\s*(open )?module ");

    /** The file, relative to the project's root, and the line. */
    String name() {
        return ProjectModules.root().relativize(file) + ":" + line;
    }

    /**
     * Compiles the example on the module path, in a module that requires {@code vit.model} alone.
     *
     * @param output a folder for the classes
     * @return the errors that the compiler reports, or an empty text
     */
    String problems(ProjectModules modules, Path output) {
        boolean descriptor = lines.stream().anyMatch(line -> MODULE.matcher(line).find());
        List<JavaFileObject> sources = new ArrayList<>(List.of(descriptor ? source("module-info", String.join("\n", lines))
                : source("module-info", "module example { requires vit.model; }")));
        if (!descriptor) {
            sources.add(source("example/Example", unit()));
        }
        DiagnosticCollector<JavaFileObject> problems = new DiagnosticCollector<>();
        List<String> options = List.of("-p", modules.path().stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator)), "-proc:none", "-d", output.toString());
        ToolProvider.getSystemJavaCompiler().getTask(null, null, problems, options, null, sources).call();
        return problems.getDiagnostics().stream().filter(problem -> problem.getKind() == Diagnostic.Kind.ERROR)
                .map(problem -> problem.getMessage(null)).collect(Collectors.joining("\n"));
    }

    private String unit() {
        List<String> imports = lines.stream().filter(line -> line.startsWith("import ")).toList();
        String rest = lines.stream().filter(line -> !line.startsWith("import ")).collect(Collectors.joining("\n"));
        boolean types = lines.stream().filter(line -> !line.isBlank() && !line.startsWith("import ")).findFirst().filter(line -> TYPE.matcher(line).find()).isPresent();
        int variables = given.lastIndexOf(';') + 1;
        return "package example;\n" + String.join("\n", imports) + "\n" + given.substring(0, variables)
                + (types ? rest : "class Example { void run(" + given.substring(variables) + ") throws Exception {\n" + rest + "\n}}\n");
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
