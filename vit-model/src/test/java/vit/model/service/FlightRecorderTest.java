package vit.model.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import jdk.jfr.Configuration;
import org.junit.jupiter.api.Test;
import vit.kernels.verify.ChildProcess;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;

class FlightRecorderTest {

    private static final Path SOURCES = Path.of("src/main/java");
    private static final Path SETTINGS = Path.of("docs/vit.jfc");
    private static final Path PAGE = Path.of("docs/production.md");

    private static final Pattern NAME = Pattern.compile("@Name\\(\"(vit\\.\\w+)\"\\)");

    private static Set<String> events() throws IOException {
        Set<String> names = new TreeSet<>();
        try (Stream<Path> files = Files.walk(SOURCES)) {
            for (Path file : files.filter(path -> path.toString().endsWith("Event.java")).toList()) {
                NAME.matcher(Files.readString(file)).results().forEach(result -> names.add(result.group(1)));
            }
        }
        return names;
    }

    @Test
    void settingsAndPageNameEveryEvent() throws IOException, ParseException {
        Set<String> events = events();
        assertTrue(events.size() >= 8, events::toString);
        Set<String> set = Configuration.create(SETTINGS).getSettings().keySet().stream().map(setting -> setting.substring(0, setting.indexOf('#')))
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(events, set);
        for (String event : events) {
            assertTrue(Files.readString(PAGE).contains("| `" + event + "` |"), event);
        }
    }

    /** A model that is loaded and used in a JVM without a recording loads no event class, which would take longer than reading a small model. */
    @Test
    void noEventIsLoadedBeforeARecordingBegins() throws IOException, InterruptedException {
        assertFalse(run().contains("jdk.jfr.Event "));
        String recorded = run("-XX:StartFlightRecording:settings=" + SETTINGS.toAbsolutePath());
        assertTrue(recorded.contains("vit.model.LoadEvent "));
        assertTrue(recorded.contains("vit.model.forward.LayerEvent "));
    }

    private static String run(String... options) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElseThrow(),
                "--add-modules=jdk.incubator.vector", "-Xlog:class+load"));
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Loading.class.getName()));
        String output = ChildProcess.output(new ProcessBuilder(command).redirectErrorStream(true));
        assertTrue(output.contains("vit.model.VitModel "));
        return output;
    }

    /** The program of the test's JVMs. */
    static final class Loading {

        private Loading() {}

        public static void main(String[] arguments) throws IOException {
            try (VitModel model = VitModel.shipped(); VitSession session = model.newSession(SessionOptions.threads(1))) {
                session.logits(new float[model.config().channels() * model.config().imageHeight() * model.config().imageWidth()], 1,
                        new float[model.config().classes()]);
            }
        }
    }
}
