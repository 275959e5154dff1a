package vit.model.api;

import java.io.File;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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
 * @param given what the program around the example has: optional modules that it requires, as {@code requires lucene.core}, and imports, each with a
 *         semicolon, then the variables that the example uses, declared as parameters of a method are; or an empty text
 * @param lines the example itself
 */
record Example(Path file, int line, String given, List<String> lines) {

    private static final Pattern TYPE = Pattern.compile("^\\s*(public |final |sealed |abstract )*(class|record|interface|enum) ");
    private static final Pattern MODULE = Pattern.compile("^\\s*(open )?module ");
    private static final Pattern REQUIRES = Pattern.compile("requires ([\\w.]+); *");

    /** The file, relative to the project's root, and the line. */
    String name() {
        return ProjectModules.root().relativize(file) + ":" + line;
    }

    /**
     * Compiles the example on the module path, in a module that requires {@code vit.model} and the optional modules that {@link #given} names.
     *
     * @param output a folder for the classes
     * @return the errors that the compiler reports, or an empty text
     */
    String problems(ProjectModules modules, Path output) {
        boolean descriptor = lines.stream().anyMatch(line -> MODULE.matcher(line).find());
        List<JavaFileObject> sources = new ArrayList<>(List.of(descriptor ? source("module-info", String.join("\n", lines))
                : source("module-info", "module example { requires vit.model; " + required().map(name -> "requires " + name + "; ")
                        .collect(Collectors.joining()) + "}")));
        if (!descriptor) {
            sources.add(source("example/Example", unit()));
        }
        DiagnosticCollector<JavaFileObject> problems = new DiagnosticCollector<>();
        String path = modules.path(required().toList()).stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
        List<String> options = List.of("-p", path, "-proc:none", "-d", output.toString());
        ToolProvider.getSystemJavaCompiler().getTask(null, null, problems, options, null, sources).call();
        return problems.getDiagnostics().stream().filter(problem -> problem.getKind() == Diagnostic.Kind.ERROR)
                .map(problem -> problem.getMessage(null)).collect(Collectors.joining("\n"));
    }

    /**
     * Runs an example of statements that compiles, on the class path of this JVM.
     *
     * @param output    the folder of its classes
     * @param arguments the variables that {@link #given} names, in that order
     */
    void run(Path output, Object... arguments) throws Exception {
        try (URLClassLoader loader = new URLClassLoader(new URL[] {output.toUri().toURL()}, Example.class.getClassLoader())) {
            Class<?> type = loader.loadClass("example.Example");
            Constructor<?> constructor = type.getDeclaredConstructor();
            constructor.setAccessible(true);
            Method run = Stream.of(type.getDeclaredMethods()).filter(method -> method.getName().equals("run")).findFirst().orElseThrow();
            run.setAccessible(true);
            run.invoke(constructor.newInstance(), arguments);
        }
    }

    private Stream<String> required() {
        return REQUIRES.matcher(given).results().map(result -> result.group(1));
    }

    private String unit() {
        String around = REQUIRES.matcher(given).replaceAll("");
        List<String> imports = lines.stream().filter(line -> line.startsWith("import ")).toList();
        String rest = lines.stream().filter(line -> !line.startsWith("import ")).collect(Collectors.joining("\n"));
        boolean types = lines.stream().filter(line -> !line.isBlank() && !line.startsWith("import ")).findFirst().filter(line -> TYPE.matcher(line).find()).isPresent();
        int variables = around.lastIndexOf(';') + 1;
        return "package example;\n" + String.join("\n", imports) + "\n" + around.substring(0, variables)
                + (types ? rest : "class Example { void run(" + around.substring(variables) + ") throws Exception {\n" + rest + "\n}}\n");
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
