package vit.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the README says a user can write compiles against what a user gets. */
class ReadmeTest {

    private static final String START = "```java\n";

    @Test
    void embeddingExampleCompiles(@TempDir Path output) throws IOException {
        String readme = Files.readString(root().resolve("README.md"));
        int start = readme.indexOf(START) + START.length();
        assertTrue(start >= START.length(), "the README has no Java example");
        String example = readme.substring(start, readme.indexOf("```", start));
        String source = "import java.nio.file.Path;\nimport vit.model.*;\nclass Example { void run() throws Exception {\n" + example + "}}\n";
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> problems = new DiagnosticCollector<>();
        JavaFileObject file = new SimpleJavaFileObject(URI.create("string:///Example.java"), JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                return source;
            }
        };
        compiler.getTask(null, null, problems,
                List.of("-classpath", System.getProperty("java.class.path"), "-proc:none", "-d", output.toString()), null,
                List.of(file)).call();
        assertEquals(List.of(), problems.getDiagnostics());
    }

    private static Path root() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(folder.resolve("vit-kernels"))) {
            folder = folder.getParent();
        }
        return folder;
    }
}
