package vit.model.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import vit.kernels.parallel.Workers;
import vit.kernels.peak.FmaPeak;
import vit.model.LoadOptions;
import vit.model.SessionOptions;
import vit.model.TokenMerging;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.WarmUpReport;
import vit.model.WeightRounding;
import vit.model.config.ForwardCost;
import vit.model.config.VitConfig;
import vit.model.config.VitVariants;
import vit.model.json.Json;
import vit.model.parameters.GeneratedWeights;

/** {@code vit bench}: the time of the forward pass on this machine, and how close it comes to the machine's limit. */
@Command(name = "bench", description = "Measure the forward pass: latency, throughput, share of the FMA peak, allocation.")
final class Bench implements Callable<Integer> {

    private static final String DEFAULT_MODEL = "vit_base_patch16_224";
    private static final double DEFAULT_SECONDS = 10;
    private static final int MOST_KEPT = 1 << 20;
    private static final int MAX_BATCH = 1024;

    @Mixin
    private ModelFiles.OrGenerated files;

    @Mixin
    private ThreadsOption threads;

    @Option(names = "--batch", paramLabel = "N", defaultValue = "1", description = "Images per call; default: ${DEFAULT-VALUE}.")
    private int batch;

    @Option(names = "--seconds", paramLabel = "S", description = "How many seconds to measure; default: " + (int) DEFAULT_SECONDS + ".")
    private double seconds = DEFAULT_SECONDS;

    @Option(names = "--all-tokens", description = "Compute every token in the last block, not only those that the head uses.")
    private boolean allTokens;

    @Mixin
    private MergeOption merge;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @ParentCommand
    private Vit vit;

    @Spec
    private CommandSpec spec;

    /** The measurements; times are in milliseconds per call. */
    private record Result(String model, int batch, int threads, long calls, double p50, double p99, double max,
            double imagesPerSecond, double gflops, double peak, long allocatedBytes, boolean allTokens, long weightBytes, WeightRounding rounding, TokenMerging merging) {

        double shareOfPeak() {
            return gflops / peak;
        }
    }

    @Override
    public Integer call() throws Exception {
        check("--batch", batch, 1, MAX_BATCH);
        check("--seconds", seconds, 0.1, 86_400);
        Result result;
        try (Workers team = Workers.of(threads.count());
                VitModel model = open();
                VitSession session = model.newSession(SessionOptions.workers(team).withBatch(batch).withAllTokens(allTokens).withFiniteCheck(true)
                        .withTokenMerging(merge.of(model.config())))) {
            result = measure(model, session, team);
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(Json.write(json(result)));
        } else {
            print(result, out);
        }
        return Vit.DONE;
    }

    private void check(String option, double value, double least, double most) {
        if (!(value >= least && value <= most)) {
            throw new ParameterException(spec.commandLine(), String.format(Locale.ROOT,
                    "Invalid value for option '%s': expected %s to %s, found %s", option, number(least), number(most), number(value)));
        }
    }

    private static String number(double value) {
        return value == Math.rint(value) ? String.valueOf((long) value) : String.valueOf(value);
    }

    private VitModel open() throws Exception {
        if (files.weights() != null || files.config() != null) { // a configuration alone is refused
            return files.load(vit.status());
        }
        VitConfig config = VitVariants.find(DEFAULT_MODEL).orElseThrow();
        LoadOptions options = files.options();
        if (options.hasImage()) {
            config = sized(config, options);
        }
        vit.status().warnOfMachine();
        vit.status().show("making weights for " + DEFAULT_MODEL);
        return VitModel.of(new GeneratedWeights(config, 0), options.weights());
    }

    private VitConfig sized(VitConfig config, LoadOptions options) {
        try {
            return config.toBuilder().image(options.imageHeight(), options.imageWidth()).build();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--image-size': " + e.getMessage());
        }
    }

    private Result measure(VitModel model, VitSession session, Workers team) throws CommandException {
        VitConfig config = model.config();
        ModelFiles.requireHead(config, "the model");
        float[] images = new float[batch * config.channels() * config.imageHeight() * config.imageWidth()];
        new GeneratedWeights(config, 0).fill(images, images.length, "images", 1.7, 0);
        float[] logits = new float[batch * config.classes()];
        vit.status().show("warming up");
        WarmUpReport warm = session.warmUp();
        vit.status().show(warm + "; measuring");
        double peak = FmaPeak.measure(team).gflops();
        AllocationMeter allocation = new AllocationMeter(team);
        Latencies latencies = new Latencies(MOST_KEPT);
        long limit = (long) (seconds * 1e9);
        session.logits(images, batch, logits);
        allocation.start();
        long start = System.nanoTime();
        long last = start;
        while (last - start < limit) {
            session.logits(images, batch, logits);
            long now = System.nanoTime();
            latencies.add(now - last);
            last = now;
        }
        long bytes = allocation.stop();
        peak = Math.max(peak, FmaPeak.measure(team).gflops()); // measured again, because a busy neighbour can only lower it
        vit.status().clear();
        long calls = latencies.count();
        double p50 = latencies.quantile(0.5);
        double gflops = session.cost().flops() * batch / p50 / 1e6;
        return new Result(name(), batch, team.count(), calls, p50, latencies.quantile(0.99), latencies.max(),
                calls * (double) batch / ((last - start) / 1e9), gflops, peak, (bytes + calls - 1) / calls,
                allTokens || session.cost().equals(ForwardCost.of(config, merge.of(config).tokens(config))), model.weightBytes(), model.rounding(), merge.of(config));
    }

    private String name() {
        return files.weights() == null ? DEFAULT_MODEL : files.weights().getFileName().toString();
    }

    private static Map<String, Object> json(Result r) {
        Map<String, Object> latency = new LinkedHashMap<>();
        latency.put("p50", r.p50);
        latency.put("p99", r.p99);
        latency.put("max", r.max);
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("model", r.model);
        object.put("batch", r.batch);
        object.put("threads", r.threads);
        object.put("latency_ms", latency);
        object.put("images_per_second", r.imagesPerSecond);
        object.put("all_tokens", r.allTokens);
        if (!r.merging.isNone()) {
            object.put("merge", r.merging.toString());
        }
        object.put("gflops", r.gflops);
        object.put("share_of_peak", r.shareOfPeak());
        object.put("allocated_bytes_per_call", r.allocatedBytes);
        object.put("weight_bytes", r.weightBytes);
        r.rounding.worst().ifPresent(worst -> {
            Map<String, Object> rounding = new LinkedHashMap<>();
            rounding.put("relative", r.rounding.relative());
            rounding.put("worst", worst.error().relative());
            rounding.put("worst_weight", worst.name());
            object.put("weight_rounding", rounding);
        });
        return object;
    }

    private static void print(Result r, PrintWriter out) {
        new TextTable("ll")
                .row("model", r.model)
                .row("batch, threads", r.batch + ", " + r.threads)
                .row("calls", r.calls)
                .row("latency", format("p50 %.2f ms, p99 %.2f ms, max %.2f ms", r.p50, r.p99, r.max))
                .row("throughput", format("%.2f images/s", r.imagesPerSecond))
                .row("last block", r.allTokens ? "every token" : "only the tokens that the head uses")
                .row("merged tokens", r.merging.describe())
                .row("arithmetic", format("%.1f GFLOP/s, %.1f %% of the measured peak of %.1f", r.gflops, 100 * r.shareOfPeak(), r.peak))
                .row("weights", format("%.1f MB in memory", r.weightBytes / 1e6) + (r.rounding.isEmpty() ? "" : ", rounded by " + r.rounding))
                .row("allocated", r.allocatedBytes + " bytes a call")
                .print(out, "");
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
