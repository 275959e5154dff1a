package vit.model.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import vit.kernels.parallel.Workers;
import vit.model.VitModel;
import vit.model.WarmUpReport;
import vit.model.serve.ServerOptions;
import vit.model.serve.VitServer;
import vit.model.service.ServiceOptions;

/** {@code vit serve}: the model over HTTP, until the process is asked to end. */
@Command(name = "serve", description = "Serve a model over HTTP: Open Inference Protocol v2, images, metrics, and a page for a browser.",
        footer = {"", "SIGTERM and Ctrl-C end the server: it is not ready any more, serves on for the time of --pause, ends what was admitted, and exits with 0."})
final class Serve implements Callable<Integer> {

    private static final int MEBIBYTE = 1 << 20;
    private static final int MOST_BODY = 2047;

    /** Held in fields, because a logger without references is collected and forgets its level. */
    private static final Logger JETTY = Logger.getLogger("org.eclipse.jetty");
    /** They warn of every bad request, in its own words. */
    private static final List<Logger> OF_REQUESTS = List.of(Logger.getLogger("org.eclipse.jetty.http"), Logger.getLogger("org.eclipse.jetty.util.HostPort"));

    @Mixin
    private ModelFiles.OrShipped files;

    @Option(names = "--host", paramLabel = "H", defaultValue = "127.0.0.1",
            description = "Address to listen on; default: ${DEFAULT-VALUE}, which only this machine reaches. 0.0.0.0 is every address.")
    private String host;

    @Option(names = "--port", paramLabel = "P", defaultValue = "8080", description = "Port to listen on; 0 is any free one; default: ${DEFAULT-VALUE}.")
    private int port;

    @Option(names = "--name", paramLabel = "NAME", defaultValue = "vit", description = "Name of the model in the paths of the protocol; default: ${DEFAULT-VALUE}.")
    private String name;

    @Option(names = "--sessions", paramLabel = "N", description = "Images that are computed at once; default: the number of processors over --threads.")
    private Integer sessions;

    @Option(names = "--threads", paramLabel = "N", defaultValue = "1", description = "Threads that compute one image; default: ${DEFAULT-VALUE}.")
    private int threads;

    @Option(names = "--deadline", paramLabel = "MS", defaultValue = "1000",
            description = "Milliseconds from a request to its answer, if it states none. One that cannot be answered in time is refused. Default: ${DEFAULT-VALUE}.")
    private int deadline;

    @Option(names = "--queue", paramLabel = "N", defaultValue = "256", description = "Most requests that wait; default: ${DEFAULT-VALUE}.")
    private int queue;

    @Option(names = "--batch-limit", paramLabel = "N", defaultValue = "4",
            description = "Most images in one pass. Only images that wait already are put together, and only where it pays. Default: ${DEFAULT-VALUE}.")
    private int batchLimit;

    @Option(names = "--max-body", paramLabel = "MiB", defaultValue = "16", description = "Largest body of a request, 1 to 2047; default: ${DEFAULT-VALUE}.")
    private int maxBody;

    @Option(names = "--pause", paramLabel = "MS", defaultValue = "2000",
            description = "At the end: milliseconds of serving while not ready, so that a load balancer learns of it; default: ${DEFAULT-VALUE}.")
    private int pause;

    @Option(names = "--drain", paramLabel = "MS", defaultValue = "10000", description = "At the end: milliseconds for admitted requests; default: ${DEFAULT-VALUE}.")
    private int drain;

    @ParentCommand
    private Vit vit;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        JETTY.setLevel(Level.WARNING);
        OF_REQUESTS.forEach(logger -> logger.setLevel(Level.SEVERE));
        ServerOptions options = options();
        VitModel model = files.load(vit.status());
        PrintWriter out = spec.commandLine().getOut();
        VitServer server = start(model, options);
        Thread end = Thread.ofPlatform().name("vit-serve-end").unstarted(() -> {
            out.println("asked to end: not ready any more, and closed in " + pause + " ms and the time that admitted requests take");
            out.flush();
            server.shutDown();
            out.println("closed");
            out.flush();
            Runtime.getRuntime().halt(Vit.DONE); // without this, the JVM reports the signal, 143, for an end that went well
        });
        Runtime.getRuntime().addShutdownHook(end);
        out.println("listening on " + server.uri());
        out.flush();
        try {
            WarmUpReport report = server.ready().get();
            out.println("ready: " + report);
            out.flush();
            while (true) {
                Thread.sleep(Duration.ofDays(1)); // requests are served by other threads
            }
        } catch (ExecutionException e) {
            if (!withdrawn(end)) {
                end.join(); // asked to end before the model was warm; the JVM ends there
            }
            server.close();
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }

    /** Whether the JVM has not begun to end, and will not run the hook any more. */
    private static boolean withdrawn(Thread hook) {
        try {
            return Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            return false;
        }
    }

    private ServerOptions options() {
        try {
            if (maxBody < 1 || maxBody > MOST_BODY) {
                throw new IllegalArgumentException("--max-body " + maxBody + "; expected 1 to " + MOST_BODY + " MiB");
            }
            int together = sessions == null ? Math.clamp(Runtime.getRuntime().availableProcessors() / Math.max(1, threads), 1, Workers.MAX_COUNT) : sessions;
            ServiceOptions service = ServiceOptions.defaults()
                    .withSessions(together, threads)
                    .withDeadline(Duration.ofMillis(deadline))
                    .withDrainTime(Duration.ofMillis(drain))
                    .withBatchLimit(batchLimit);
            ServerOptions defaults = ServerOptions.defaults();
            return defaults.withAddress(host, port)
                    .withModel(name, files.weights() == null)
                    .withBodies((long) maxBody * MEBIBYTE, defaults.bodyBytes())
                    .withPause(Duration.ofMillis(pause))
                    .withService(service.withQueue(queue, service.queueBytes()));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage());
        }
    }

    private VitServer start(VitModel model, ServerOptions options) throws CommandException {
        try {
            return VitServer.start(model, options);
        } catch (IOException e) {
            throw new CommandException("cannot listen on " + options.host() + ":" + options.port() + ": " + cause(e), "choose another --port or --host");
        }
    }

    private static String cause(Throwable thrown) {
        Throwable root = thrown;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root instanceof UnresolvedAddressException ? "the name of the host is not known" : root.getMessage();
    }
}
