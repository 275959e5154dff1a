package vit.model.hardening;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import vit.kernels.verify.ChildProcess;

/** Runs a main class of the tests in a JVM of its own, with flags. */
final class ChildJvm {

    private ChildJvm() {}

    /** Everything that the JVM prints, with a last line {@code exit N}. */
    static String run(Duration deadline, List<String> flags, Class<?> main, Object... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElseThrow());
        command.add("--add-modules=jdk.incubator.vector");
        command.addAll(flags);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        for (Object argument : arguments) {
            command.add(String.valueOf(argument));
        }
        ChildProcess.Ended ended = ChildProcess.run(new ProcessBuilder(command).redirectErrorStream(true), deadline);
        return ended.output() + "exit " + ended.code();
    }
}
