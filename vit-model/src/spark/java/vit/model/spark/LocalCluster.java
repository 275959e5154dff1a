package vit.model.spark;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;

/**
 * Configures Spark for one machine without a Spark distribution: in this JVM, or with executors in JVMs of their own, which is how a job is tried before it runs
 * on a real cluster. Spark starts such executors with the jars in the folder {@code jars} of {@code SPARK_HOME}; this class fills that folder with links to the jars
 * of this JVM's class path.
 */
public final class LocalCluster {

    private static final String HOME = "SPARK_HOME";
    private static final String VECTOR_MODULE = "--add-modules=jdk.incubator.vector";

    private LocalCluster() {}

    /** A configuration without a web page, whose ports are open to this machine only. */
    private static SparkConf quiet(String application, String master) {
        return new SparkConf().setAppName(application).setMaster(master).set("spark.ui.enabled", "false").set("spark.driver.host", "127.0.0.1")
                .set("spark.driver.bindAddress", "127.0.0.1");
    }

    /** A configuration whose tasks run in this JVM, {@code tasks} at a time. */
    public static SparkConf inThisJvm(String application, int tasks) {
        return quiet(application, "local[" + tasks + "]");
    }

    /**
     * A configuration with executors in JVMs of their own. The environment variables {@code SPARK_HOME}, a folder of this user, and
     * {@code SPARK_SCALA_VERSION=2.13} must be set; {@link #environment} has them for a child process.
     *
     * @param executors    JVMs
     * @param tasks        tasks at a time in each
     * @param executorMiB  heap of each
     * @throws IllegalStateException if {@code SPARK_HOME} is not set
     * @throws IOException           if its folder cannot be filled
     */
    public static SparkConf ofExecutors(String application, int executors, int tasks, int executorMiB) throws IOException {
        String home = System.getenv(HOME);
        if (home == null || System.getenv("SPARK_SCALA_VERSION") == null) {
            throw new IllegalStateException("executors in JVMs of their own need the environment variables SPARK_HOME=FOLDER and SPARK_SCALA_VERSION=2.13");
        }
        Path folder = Path.of(home).toAbsolutePath();
        List<String> classes = link(folder);
        SparkConf conf = quiet(application, "local-cluster[" + executors + "," + tasks + "," + executorMiB + "]")
                .set("spark.executorEnv.JAVA_HOME", System.getProperty("java.home"))
                .set("spark.executorEnv.SPARK_SCALA_VERSION", "2.13")
                .set("spark.executorEnv.SPARK_LOCAL_IP", "127.0.0.1")
                .set("spark.executor.memory", executorMiB + "m")
                .set("spark.executor.extraJavaOptions", VECTOR_MODULE);
        return classes.isEmpty() ? conf : conf.set("spark.executor.extraClassPath", String.join(File.pathSeparator, classes));
    }

    /** The environment variables that {@link #ofExecutors} needs, as {@code NAME=value}. */
    public static List<String> environment(Path home) {
        return List.of(HOME + "=" + home.toAbsolutePath(), "SPARK_SCALA_VERSION=2.13", "SPARK_LOCAL_IP=127.0.0.1");
    }

    /** Links the jars of the class path into the folder, and returns the folders of the class path. */
    private static List<String> link(Path home) throws IOException {
        Path jars = Files.createDirectories(home.resolve("jars"));
        try (Stream<Path> old = Files.list(jars)) {
            for (Path link : old.filter(Files::isSymbolicLink).toList()) {
                Files.delete(link);
            }
        }
        List<String> folders = new ArrayList<>();
        int number = 0;
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            Path path = Path.of(entry).toAbsolutePath();
            if (Files.isDirectory(path)) {
                folders.add(path.toString());
            } else if (Files.isRegularFile(path)) {
                Files.createSymbolicLink(jars.resolve("%03d-%s".formatted(number++, path.getFileName())), path);
            }
        }
        return folders;
    }
}
