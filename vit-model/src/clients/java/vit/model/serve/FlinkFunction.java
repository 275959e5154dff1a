package vit.model.serve;

import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.table.factories.ModelProviderFactory;
import org.apache.flink.table.functions.AsyncPredictFunction;

/**
 * Flink's model function for Triton. Two things keep a test from using it as a dependency: the parent POM of its artifact is not published, and its constructor refuses
 * every schema, because the check of the column's type is negated (2.3.0). So the build copies the jar, and this class compiles a subclass
 * without that check. What goes over the wire is Flink's code alone.
 */
final class FlinkFunction {

    private static final String NAME = "FunctionWithoutTypeCheck";

    private static final String SOURCE = """
            import org.apache.flink.configuration.ReadableConfig;
            import org.apache.flink.table.catalog.ResolvedSchema;
            import org.apache.flink.table.factories.ModelProviderFactory;
            import org.apache.flink.table.types.logical.LogicalType;

            public class FunctionWithoutTypeCheck extends org.apache.flink.model.triton.TritonInferenceModelFunction {
                public FunctionWithoutTypeCheck(ModelProviderFactory.Context context, ReadableConfig config) {
                    super(context, config);
                }

                @Override
                protected void validateSingleColumnSchema(ResolvedSchema schema, LogicalType type, String name) {}
            }
            """;

    private FlinkFunction() {}

    /**
     * @param jar    of {@code flink-model-triton}
     * @param folder for the class
     */
    static AsyncPredictFunction open(Path jar, Path folder, ModelProviderFactory.Context context, ReadableConfig config) throws Exception {
        if (!Files.isRegularFile(jar)) {
            throw new IllegalStateException("there is no " + jar + "; the profile 'clients' copies it");
        }
        JavaFileObject source = new SimpleJavaFileObject(URI.create("string:///" + NAME + ".java"), JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                return SOURCE;
            }
        };
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        List<String> options = List.of("-d", folder.toString(), "-proc:none", "-classpath", jar + System.getProperty("path.separator") + System.getProperty("java.class.path"));
        if (!compiler.getTask(null, null, null, options, null, List.of(source)).call()) {
            throw new IllegalStateException("the subclass could not be compiled");
        }
        URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL(), jar.toUri().toURL()}, FlinkFunction.class.getClassLoader());
        return (AsyncPredictFunction) loader.loadClass(NAME).getConstructor(ModelProviderFactory.Context.class, ReadableConfig.class).newInstance(context, config);
    }
}
