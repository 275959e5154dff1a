package vit.bench.load;

import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import vit.bench.Program;
import vit.model.json.Json;
import vit.model.service.ServiceOptions;

/** Puts an open-loop load on a service and reports what its callers would see. */
@Command(name = VitLoad.NAME, mixinStandardHelpOptions = true, usageHelpAutoWidth = true, sortOptions = false,
        description = "Send requests when they are due, and report latency from that moment, refusals and goodput.")
public final class VitLoad implements Callable<Integer> {

    static final String NAME = "vit-load";
    private static final int MOST_SESSIONS = 1024;
    private static final int MOST_QUEUED = 1 << 20;
    private static final double MOST_SECONDS = 86_400;
    private static final double MOST_RATE = 1e6;
    private static final double DEFAULT_LOAD = 0.7;
    private static final double WARM_UP_DEADLINES = 3;
    private static final double CAPACITY_SHARE = 0.2; // of --seconds, but a second if that is there

    @Mixin
    private ModelChoice model;

    @Option(names = "--engine", paramLabel = "NAME", description = "What computes in this process: vit, or onnxruntime in a build with the peers;"
            + " default: vit.")
    private Engine engine = Engine.VIT;

    @Option(names = "--url", paramLabel = "URL", description = "Send to this server of the Open Inference Protocol v2 instead, for example"
            + " http://127.0.0.1:8080.")
    private URI url;

    @Option(names = "--model-name", paramLabel = "NAME", description = "The model's name on the server; default: vit.")
    private String modelName = "vit";

    @Option(names = "--body", paramLabel = "KIND", description = "How images are sent to a server: tensor (binary), json, or image (the file of --image to"
            + " /classify); default: tensor.")
    private HttpBody.Kind body = HttpBody.Kind.TENSOR;

    @Option(names = "--image", paramLabel = "F", description = "The image file for --body image.")
    private Path image;

    @Option(names = "--sessions", paramLabel = "N", description = "Passes that are computed at once; default: the number of processors.")
    private int sessions = Runtime.getRuntime().availableProcessors();

    @Option(names = "--threads", paramLabel = "N", description = "Threads of each session; with onnxruntime, which has one pool for all passes, on average;"
            + " default: 1.")
    private int threads = 1;

    @Option(names = "--deadline", paramLabel = "MS", description = "Milliseconds from the moment when a request is due to its answer; default: 1000.")
    private double deadline = 1000;

    @Option(names = "--queue", paramLabel = "N", description = "Most requests that wait; default: 256.")
    private int queue = ServiceOptions.defaults().queueLength();

    @Option(names = "--batch-limit", paramLabel = "N", description = "Most images in a pass, 1 for no batches; default: 4.")
    private int batchLimit = ServiceOptions.defaults().batchLimit();

    @Option(names = "--rate", paramLabel = "R", description = "Requests per second.")
    private Double rate;

    @Option(names = "--load", paramLabel = "X", description = "Requests per second as a share of the capacity, which is measured first; default: 0.7.")
    private Double load;

    @Option(names = "--capacity", description = "Measure the capacity even if --rate is given.")
    private boolean capacity;

    @Option(names = "--arrivals", paramLabel = "KIND", description = "constant or poisson; default: poisson.")
    private Arrivals arrivals = Arrivals.POISSON;

    @Option(names = "--seed", paramLabel = "N", description = "Of Poisson arrivals; default: 1.")
    private long seed = 1;

    @Option(names = "--seconds", paramLabel = "S", description = "How long the load lasts, in a suite that of each row; default: 15.")
    private double seconds = 15;

    @Option(names = "--warm-up-seconds", paramLabel = "S", description = "Load before that, which is not counted; default: three"
            + " deadlines, so that the queue is as full as it gets, but at least 1.")
    private Double warmUpSeconds;

    @Option(names = "--suite", description = "Run the loads from 0.1 to 10 by which the service's promises are judged.")
    private boolean suite;

    @Option(names = "--results", paramLabel = "DIR", description = "With --suite: write load.md, load.json and load.png to this folder.")
    private Path results;

    @Option(names = "--save", paramLabel = "F", description = "Only write the weights of --model to this file (safetensors), for a server to serve.")
    private Path save;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    private final String command;

    private VitLoad(String command) {
        this.command = command;
    }

    /** Runs the command line and ends the JVM with its exit code. */
    public static void main(String[] args) {
        Program.main(NAME, VitLoad::new, args);
    }

    /** Runs the command line and returns its exit code. */
    static int run(PrintWriter out, PrintWriter err, String... args) {
        return Program.run(NAME, VitLoad::new, out, err, args);
    }

    @Override
    public Integer call() throws Exception {
        check();
        PrintWriter out = spec.commandLine().getOut();
        if (save != null) {
            model.save(save);
        } else if (suite) {
            SuiteResult found = new LoadSuite(model, setting("", model.name()), capacitySeconds(), spec.commandLine().getErr()).run(command);
            out.print(json ? Json.write(found.toJson()) + "\n" : found.text());
            if (results != null) {
                LoadResults.write(results, found).ifPresent(spec.commandLine().getErr()::println);
            }
        } else {
            LoadResult result = single();
            out.print(json ? Json.write(result.toJson()) + "\n" : LoadReport.of(result));
        }
        out.flush();
        return 0;
    }

    private LoadResult single() throws Exception {
        try (Target target = open()) {
            LoadSetting setting = setting(target.name(), url == null ? model.name() : modelName);
            LoadRun run = new LoadRun(target);
            double most = rate == null || capacity ? run.capacity(setting, capacitySeconds()) : Double.NaN;
            return run.run(setting, most, rate != null ? rate : most * (load == null ? DEFAULT_LOAD : load));
        }
    }

    private double warmUpSeconds() {
        return warmUpSeconds != null ? warmUpSeconds : Math.max(1, WARM_UP_DEADLINES * deadline / 1e3);
    }

    private double capacitySeconds() {
        return Math.max(CAPACITY_SHARE * seconds, Math.min(1, seconds));
    }

    private Target open() throws Exception {
        return url != null ? HttpTarget.open(url, modelName, body, ModelChoice::pixels, image)
                : engine.start(model.load(), sessions, threads, batchLimit, queue, deadline);
    }

    private LoadSetting setting(String target, String name) {
        return new LoadSetting(target, name, url == null ? "array" : body.name().toLowerCase(Locale.ROOT), sessions, threads,
                url == null && engine == Engine.ONNXRUNTIME ? 1 : batchLimit, queue, deadline, arrivals, seed, warmUpSeconds(), seconds);
    }

    private void check() {
        range("--sessions", sessions, 1, MOST_SESSIONS);
        range("--threads", threads, 1, MOST_SESSIONS);
        range("--queue", queue, 1, MOST_QUEUED);
        range("--batch-limit", batchLimit, suite ? 2 : 1, MOST_SESSIONS);
        range("--deadline", deadline, 0.001, MOST_SECONDS * 1e3);
        range("--seconds", seconds, 0.1, MOST_SECONDS);
        range("--warm-up-seconds", warmUpSeconds == null ? 0 : warmUpSeconds, 0, MOST_SECONDS);
        range("--rate", rate == null ? 1 : rate, 1e-3, MOST_RATE);
        range("--load", load == null ? 1 : load, 1e-3, 1000);
        refuseIf(rate != null && load != null, "--rate and --load exclude one another");
        refuseIf(suite && (rate != null || load != null || url != null || engine != Engine.VIT), "--suite chooses its loads and engines itself");
        refuseIf(save != null && (suite || url != null), "--save excludes --suite and --url");
        refuseIf(results != null && !suite, "--results needs --suite");
        refuseIf(url != null && (model.isGiven() || engine != Engine.VIT), "--url excludes --weights, --model and --engine");
        refuseIf(url != null && (url.getHost() == null || url.getScheme() == null || !url.getScheme().matches("https?")),
                "Invalid value for option '--url': expected http://HOST:PORT, found " + url);
        refuseIf(url == null && (body != HttpBody.Kind.TENSOR || image != null), "--body and --image need --url");
        refuseIf((body == HttpBody.Kind.IMAGE) != (image != null), "--body image and --image F need one another");
        refuseIf(!engine.isPresent(), "this build has no peers; build them: mvn -Ppeers -DskipTests package");
        model.check();
    }

    private void range(String option, double value, double least, double most) {
        refuseIf(!(value >= least && value <= most), "Invalid value for option '" + option + "': expected " + number(least) + " to " + number(most)
                + ", found " + number(value));
    }

    private static String number(double value) {
        return value == Math.rint(value) ? String.valueOf((long) value) : String.valueOf(value);
    }

    private void refuseIf(boolean wrong, String message) {
        if (wrong) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }
}
