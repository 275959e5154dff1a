package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.kernels.verify.ChildProcess;

/** Commands in a JVM whose temporary folder does not exist, as in a container with a read-only file system. */
class TemporaryFolderTest {

    @TempDir
    private Path folder;

    /** The program in the child: runs every command that writes or reads pictures, one after the other. */
    static final class Commands {
        public static void main(String[] args) throws Exception {
            Path folder = Path.of(args[0]);
            run("draw", "--output", folder.resolve("data"), "--images", "24", "--side", "16");
            run("train", "--data", folder.resolve("data"), "--output", folder.resolve("trained"), "--epochs", "1", "--validation", "0.5", "--threads", "1");
            Path image = folder.resolve("data/circle/00.png");
            run("visualise", "--weights", folder.resolve("trained/best.safetensors"), "--output", folder.resolve("pictures"), image);
            run("classify", "--weights", folder.resolve("trained/best.safetensors"), image);
            System.out.println("all done");
        }

        private static void run(Object... arguments) {
            String[] args = java.util.Arrays.stream(arguments).map(String::valueOf).toArray(String[]::new);
            PrintWriter out = new PrintWriter(System.out, true);
            if (Vit.run(out, out, args) != Vit.DONE) {
                throw new IllegalStateException(String.join(" ", args));
            }
        }
    }

    @Test
    void noCommandNeedsATemporaryFolder() throws Exception {
        String printed = ChildProcess.output(new ProcessBuilder(List.of(ProcessHandle.current().info().command().orElseThrow(), "--add-modules", "jdk.incubator.vector",
                "-Djava.io.tmpdir=" + folder.resolve("nowhere"), "-Djava.awt.headless=true", "-cp", System.getProperty("java.class.path"),
                Commands.class.getName(), folder.toString())).redirectErrorStream(true));
        assertTrue(printed.contains("all done"), printed);
        for (String picture : List.of("trained/loss.png", "trained/confusion.png", "pictures/rollout.png", "pictures/distance.png")) {
            assertTrue(Files.size(folder.resolve(picture)) > 0, picture);
        }
    }
}
