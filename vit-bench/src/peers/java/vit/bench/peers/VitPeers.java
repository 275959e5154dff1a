package vit.bench.peers;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import vit.model.VitModel;
import vit.model.config.ForwardCost;
import vit.model.config.VitConfig;
import vit.model.config.VitVariants;
import vit.model.json.Json;
import vit.model.parameters.GeneratedWeights;

/** Runs ours and every peer in turn, in one process. */
@Command(name = "vit-peers", mixinStandardHelpOptions = true, usageHelpAutoWidth = true,
        description = "Run ours and every peer in turn and report paired ratios with quartiles (peer / ours: above 1 is faster than the peer).")
public final class VitPeers implements Callable<Integer> {

    private static final double TOLERANCE = 1e-4;
    private static final double EMBEDDING_TOLERANCE = 1e-5;
    private static final String DEFAULT_MODEL = "vit_base_patch16_224";
    private static final int TRAINING_BATCH = 8;
    private static final int DIGITS_BATCH = 64;

    /** The model of the handwritten digits: 16 × 16 grey, patches of 4. */
    private static final VitConfig DIGITS =
            VitConfig.builder().image(16, 16).channels(1).patch(4).width(64).depth(4).heads(4).mlp(128).classes(10).build();

    @Option(names = "--threads", paramLabel = "N", split = ",", description = "Number of threads on every side; default: the number of processors.")
    private List<Integer> threads = List.of(Runtime.getRuntime().availableProcessors());

    @Option(names = "--batch", paramLabel = "N", split = ",",
            description = "Images per call; default: 1, or 1,8 with --train and with --gemm (M = 197 and 1576).")
    private List<Integer> batches = List.of();

    @Option(names = "--seconds", paramLabel = "S", defaultValue = "20",
            description = "How many seconds to measure each piece of work, all peers together; default: ${DEFAULT-VALUE}.")
    private double seconds;

    @Option(names = "--model", paramLabel = "NAME", split = ",",
            description = "Models of published sizes; default: vit_base_patch16_224. With --embed: clip-b16, dinov2-s14 or siglip-b16; default: all three.")
    private List<String> models = List.of();

    @Option(names = "--embed", description = "Measure the embeddings of CLIP, DINOv2 and SigLIP instead of ViT's logits.")
    private boolean embed;

    @Option(names = "--train", description = "Measure training steps instead of the forward pass: one image forward and backward, batches with"
            + " AdamW, and the digit model.")
    private boolean train;

    @Option(names = "--gemm", description = "Measure the matrix products of ViT-B/16's layers against MKL and OpenBLAS instead of the forward pass.")
    private boolean gemm;

    @Option(names = "--peers", paramLabel = "NAME", split = ",",
            description = "Compare only these peers: onnxruntime, pytorch, or with --gemm mkl, openblas; default: all.")
    private List<String> names = List.of();

    @Option(names = "--json", description = "Print one JSON object per line.")
    private boolean json;

    @Option(names = "--start", description = "Measure the time from the start of a JVM to the first correct logits, and peak resident memory, of ours and"
            + " of ONNX Runtime, in JVMs of their own.")
    private boolean start;

    @Option(names = "--results", paramLabel = "DIR", description = "Also write tables (Markdown and JSON) and pictures (PNG) to this folder.")
    private Path results;

    @Option(names = "--redraw", paramLabel = "DIR", description = "Make the tables and pictures in this folder again from its JSON, without measuring.")
    private Path redraw;

    @Spec
    private CommandSpec spec;

    private final List<Comparison> comparisons = new ArrayList<>();

    private final String command;

    private VitPeers(String command) {
        this.command = command;
    }

    /** Runs the command line and ends the JVM with its exit code. */
    public static void main(String[] args) {
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        System.exit(run(out, err, args));
    }

    /** Runs the command line and returns its exit code. */
    static int run(PrintWriter out, PrintWriter err, String... args) {
        VitPeers peers = new VitPeers("vit-bench/target/bench/bin/vit-peers " + String.join(" ", args));
        return new CommandLine(peers).setOut(out).setErr(err)
                .setExecutionExceptionHandler((fault, line, parsed) -> {
                    if (fault instanceof DisagreementException) {
                        err.println("error: " + fault.getMessage());
                        return 1;
                    }
                    throw fault;
                })
                .execute(args);
    }

    @Override
    public Integer call() throws Exception {
        if (redraw != null) {
            spec.commandLine().getOut().println("drawn again in " + redraw + ": " + String.join(", ", Results.redraw(redraw)));
            return 0;
        }
        threads.forEach(count -> check("--threads", count, 1, 1024));
        batches.forEach(batch -> check("--batch", batch, 1, 1024));
        check("--seconds", seconds, 0.1, 86_400);
        if (Stream.of(embed, gemm, train, start).filter(work -> work).count() > 1) {
            throw new ParameterException(spec.commandLine(), "--embed, --gemm, --train and --start exclude one another");
        }
        if (embed) {
            embeddings();
            return 0;
        }
        if (models.isEmpty()) {
            models = List.of(DEFAULT_MODEL);
        }
        List<VitConfig> configs = models.stream().map(this::config).toList();
        if (start) {
            starts();
            return 0;
        }
        for (int count : threads) {
            if (gemm) {
                for (int batch : batches.isEmpty() ? List.of(1, TRAINING_BATCH) : batches) {
                    for (GemmShape shape : GemmShape.ofVitBase(batch)) {
                        gemm(shape, count);
                    }
                }
            } else if (train) {
                for (int i = 0; i < configs.size(); i++) {
                    for (int batch : batches.isEmpty() ? List.of(1, TRAINING_BATCH) : batches) {
                        train(models.get(i), TrainingWork.of(configs.get(i), batch, batch > 1), count);
                    }
                }
                train("digits 16x16", TrainingWork.of(DIGITS, DIGITS_BATCH, true), count);
            } else {
                for (int i = 0; i < configs.size(); i++) {
                    for (int batch : batches.isEmpty() ? List.of(1) : batches) {
                        forward("forward", models.get(i), configs.get(i), batch, count, TOLERANCE);
                    }
                }
            }
        }
        return 0;
    }

    private void embeddings() throws Exception {
        List<String> ids = models.isEmpty() ? EmbeddingModel.ids() : models;
        List<EmbeddingModel> wanted = ids.stream().map(this::embeddingModel).toList();
        for (int count : threads) {
            for (int i = 0; i < wanted.size(); i++) {
                for (int batch : batches.isEmpty() ? List.of(1) : batches) {
                    forward("embed", ids.get(i), wanted.get(i).config(), batch, count, EMBEDDING_TOLERANCE);
                }
            }
        }
    }

    private void starts() throws Exception {
        List<Object> lines = new ArrayList<>();
        for (String model : models) {
            for (int count : threads) {
                for (Map<String, Object> line : new ColdStart(model, count).run(seconds)) {
                    lines.add(line);
                    spec.commandLine().getOut().println(Json.write(line));
                }
            }
        }
        if (results != null) {
            Results.write(results, "start", List.of(command), "starts", lines);
        }
    }

    private void check(String option, double value, double least, double most) {
        if (!(value >= least && value <= most)) {
            throw new ParameterException(spec.commandLine(),
                    "Invalid value for option '" + option + "': expected " + least + " to " + most + ", found " + value);
        }
    }

    private VitConfig config(String model) {
        return VitVariants.find(model).orElseThrow(() -> unknown(model, VitVariants.names()));
    }

    private EmbeddingModel embeddingModel(String model) {
        return EmbeddingModel.find(model).orElseThrow(() -> unknown(model, EmbeddingModel.ids()));
    }

    private ParameterException unknown(String model, Collection<String> names) {
        return new ParameterException(spec.commandLine(),
                "Invalid value for option '--model': expected one of " + String.join(", ", names) + ", found " + model);
    }

    /** Whether this peer is wanted: {@code --peers} gives its name or the beginning of it. */
    private boolean wanted(String peer) {
        return names.isEmpty() || names.stream().anyMatch(peer::startsWith);
    }

    private void forward(String work, String model, VitConfig config, int batch, int threads, double tolerance) throws Exception {
        GeneratedWeights weights = new GeneratedWeights(config, 0);
        float[] images = new float[batch * config.channels() * config.imageHeight() * config.imageWidth()];
        weights.fill(images, images.length, "images", 1.7, 0);
        boolean skipsTokens = !ForwardCost.ofPooledTokens(config).equals(ForwardCost.of(config));
        try (VitModel ourModel = VitModel.of(weights);
                OurForward full = skipsTokens ? new OurForward(ourModel, images, batch, threads, true) : null;
                Contenders sides = new Contenders()) {
            OurForward ours = new OurForward(ourModel, images, batch, threads, false);
            sides.add(ours);
            if (wanted("onnxruntime")) {
                sides.add(OnnxRuntimeForward.faster(weights, images, batch, threads));
            }
            if (wanted("pytorch")) {
                sides.add(new PyTorchForward(weights, images, batch, threads));
            }
            report(new Duel(work, "", model, batch, threads, ForwardCost.of(config).flops() * batch, seconds)
                    .run(ours, ours.flops(), full, sides.peers(), tolerance));
        }
    }

    private void train(String model, TrainingWork work, int threads) throws Exception {
        try (Contenders sides = new Contenders()) {
            Contender ours = sides.add(new OurTraining(work, threads));
            if (wanted("pytorch")) {
                sides.add(new PyTorchTraining(work, threads));
            }
            report(new Duel("train", work.step(), model, work.batch(), threads, work.flops(), seconds)
                    .run(ours, sides.peers(), TOLERANCE));
        }
    }

    private void gemm(GemmShape shape, int threads) throws Exception {
        GeneratedWeights random = new GeneratedWeights(VitConfig.builder().build(), 0);
        float[] a = new float[shape.m() * shape.k()];
        float[] b = new float[shape.n() * shape.k()];
        random.fill(a, a.length, "a", 1.7, 0);
        random.fill(b, b.length, "b", Math.sqrt(3.0 / shape.k()), 0);
        try (Contenders sides = new Contenders()) {
            Contender ours = sides.add(new OurGemm(shape, a, b, threads));
            for (Blas.Library library : Blas.Library.values()) {
                if (wanted(library.label())) {
                    sides.add(new Blas(library, shape, a, b, threads));
                }
            }
            report(new Duel("gemm " + shape, "", DEFAULT_MODEL, shape.m() / 197, threads, shape.flops(), seconds)
                    .run(ours, sides.peers(), TOLERANCE));
        }
    }

    private void report(List<Comparison> found) throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        if (!json && comparisons.isEmpty()) {
            out.printf("%-20s %-22s %5s %7s  %-34s %9s %9s  %-24s %9s %6s  %-24s  %s%n", "work", "model", "batch", "threads", "peer", "ours ms", "peer ms",
                    "peer/ours [quartiles]", "limit ms", "share", "paired [quartiles]", "with every token");
        }
        for (Comparison c : found) {
            comparisons.add(c);
            if (json) {
                out.println(Json.write(c.toJson()));
            } else {
                out.printf(Locale.ROOT, "%-20s %-22s %5d %7d  %-34s %9.2f %9.2f  %-24s %9.2f %6.3f  %-24s  %s%n", c.work(), c.model(), c.batch(),
                        c.threads(), c.peer(), c.oursMillis(), c.peerMillis(), text(c.ratio()), c.limitMillis(), c.share(),
                        text(c.pairedShare()), c.full() == null ? "" : String.format(Locale.ROOT, "%.2f ms, %s", c.full().millis(), text(c.full().ratio())));
            }
        }
        out.flush();
        if (results != null) { // written at once, so that an interrupted run leaves what it has measured
            new Results(results, embed ? "embed" : gemm ? "gemm" : train ? "train" : "forward", command).write(found)
                    .ifPresent(spec.commandLine().getErr()::println);
        }
    }

    private static String text(Quartiles q) {
        return String.format(Locale.ROOT, "%.3f [%.3f, %.3f]", q.median(), q.q1(), q.q3());
    }
}
