package vit.bench.peers;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import vit.bench.Program;
import vit.bench.scaling.Scaling;
import vit.bench.scaling.ScalingReport;
import vit.kernels.gelu.GeluKind;
import vit.model.TokenMerging;
import vit.model.VitModel;
import vit.model.config.ForwardCost;
import vit.model.config.VitConfig;
import vit.model.config.VitVariants;
import vit.model.json.Json;

/** Runs ours and every peer in turn, in one process. */
@Command(name = VitPeers.NAME, sortOptions = false, mixinStandardHelpOptions = true, usageHelpAutoWidth = true,
        description = "Run ours and every peer in turn and report paired ratios with quartiles (peer / ours: above 1 is faster than the peer).")
public final class VitPeers implements Callable<Integer> {

    static final String NAME = "vit-peers";

    private static final double TOLERANCE = 1e-4;
    private static final double EMBEDDING_TOLERANCE = 1e-5;
    private static final double KERNEL_TOLERANCE = 1e-5;
    private static final int ACCURACY_IMAGES = 32;
    private static final String DEFAULT_MODEL = "vit_base_patch16_224";
    private static final int TRAINING_BATCH = 8;
    private static final int DIGITS_BATCH = 64;
    private static final int SEARCHED_VECTORS = 1000;

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

    @Option(names = "--merge", paramLabel = "R", defaultValue = "0", description = "Merge R similar tokens in every block of our forward pass, which changes its"
            + " results; the peers merge none. The forms are those of vit classify. Default: 0.")
    private String merge;

    @Option(names = "--train", description = "Measure training steps instead of the forward pass: one image forward and backward, batches with"
            + " AdamW, and the digit model.")
    private boolean train;

    @Option(names = "--gemm", description = "Measure the matrix products of ViT-B/16's layers instead of the forward pass.")
    private boolean gemm;

    @Option(names = "--kernels", description = "Measure LayerNorm, softmax and GELU at ViT-B/16's shapes, and dot products of one vector with many.")
    private boolean kernels;

    @Option(names = "--peers", paramLabel = "NAME", split = ",",
            description = "Compare only the peers whose names start so; --list-peers shows the names; default: all that can do the work.")
    private List<String> names = List.of();

    @Option(names = "--list-peers", description = "Print the names of the peers and the kinds of work that each can do.")
    private boolean list;

    @Option(names = "--class-path", paramLabel = "PATH", description = "Jars and folders with further peers (classes that implement"
            + " vit.bench.peers.Contender), separated as in Java's class path; default: the environment variable " + Contenders.CLASS_PATH_VARIABLE + ".")
    private String classPath;

    @Option(names = "--json", description = "Print one JSON object per line.")
    private boolean json;

    @Option(names = "--start", description = "Measure the time from the start of a JVM to the first correct logits, and peak resident memory, of ours and"
            + " of ONNX Runtime, in JVMs of their own.")
    private boolean start;

    @Option(names = "--scaling", description = "Predict the forward pass for 1 to 64 cores from costs measured here, and measure it for 1, 2, 4 and so on"
            + " up to --threads; needs no peers.")
    private boolean scaling;

    @Option(names = "--results", paramLabel = "DIR", description = "Also write tables (Markdown and JSON) and pictures (PNG) to this folder.")
    private Path results;

    @Option(names = "--redraw", paramLabel = "DIR", description = "Make the tables and pictures in this folder again from its JSON, without measuring.")
    private Path redraw;

    @Spec
    private CommandSpec spec;

    private final ComparisonReport report = new ComparisonReport();
    private final String command;
    private Contenders contenders;
    private boolean failed;

    private VitPeers(String command) {
        this.command = command;
    }

    /** Runs the command line and ends the JVM with its exit code. */
    public static void main(String[] args) {
        Program.main(NAME, VitPeers::new, args);
    }

    /** Runs the command line and returns its exit code. */
    static int run(PrintWriter out, PrintWriter err, String... args) {
        return Program.run(NAME, VitPeers::new, out, err, args);
    }

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        if (redraw != null) {
            out.println("drawn again in " + redraw + ": " + String.join(", ", Results.redraw(redraw)));
            return 0;
        }
        threads.forEach(count -> check("--threads", count, 1, 1024));
        batches.forEach(batch -> check("--batch", batch, 1, 1024));
        check("--seconds", seconds, 0.1, 86_400);
        if (Stream.of(embed, gemm, kernels, train, start, scaling).filter(work -> work).count() > 1) {
            throw new ParameterException(spec.commandLine(), "--embed, --gemm, --kernels, --train, --start and --scaling exclude one another");
        }
        if (!merging().isNone() && (gemm || kernels || train || start || scaling)) {
            throw new ParameterException(spec.commandLine(), "--merge is for the forward pass and --embed");
        }
        if (scaling) {
            scale(out);
            return 0;
        }
        contenders = Contenders.find(classPath());
        for (String fault : contenders.faults()) {
            spec.commandLine().getErr().println("error: a peer could not be loaded: " + fault);
            failed = true;
        }
        if (list) {
            contenders.lines().forEach(out::println);
            return failed ? Program.FAILED : 0;
        }
        for (String name : names) {
            if (!contenders.has(name)) {
                throw new ParameterException(spec.commandLine(), "Invalid value for option '--peers': there is no peer " + name + "; there are: "
                        + contenders.describe());
            }
        }
        if (embed) {
            embeddings();
        } else if (start) {
            starts();
        } else {
            measure();
        }
        return failed ? Program.FAILED : 0;
    }

    private String classPath() {
        return classPath != null ? classPath : Objects.requireNonNullElse(System.getenv(Contenders.CLASS_PATH_VARIABLE), "");
    }

    private void measure() throws Exception {
        List<String> wanted = models.isEmpty() ? List.of(DEFAULT_MODEL) : models;
        List<VitConfig> configs = wanted.stream().map(this::config).toList();
        List<Integer> several = batches.isEmpty() ? List.of(1, TRAINING_BATCH) : batches;
        if (kernels) {
            kernelsThatPeersHave(several);
            return;
        }
        for (int count : threads) {
            if (gemm) {
                for (int batch : several) {
                    for (GemmShape shape : GemmShape.ofVitBase(batch)) {
                        kernel(Work.Gemm.of(shape.m(), shape.n(), shape.k(), count));
                    }
                }
            } else if (train) {
                for (int i = 0; i < configs.size(); i++) {
                    for (int batch : several) {
                        train(Work.Training.of(wanted.get(i), configs.get(i), batch, batch > 1, count));
                    }
                }
                train(Work.Training.of("digits 16x16", DIGITS, DIGITS_BATCH, true, count));
            } else {
                for (int i = 0; i < configs.size(); i++) {
                    for (int batch : batches.isEmpty() ? List.of(1) : batches) {
                        forward(Work.Forward.of(Work.Kind.FORWARD, wanted.get(i), configs.get(i), batch, count), TOLERANCE);
                    }
                }
            }
        }
    }

    /** Measures every kernel that a wanted peer has, and says which no peer has. */
    private void kernelsThatPeersHave(List<Integer> several) throws Exception {
        Set<Work.Kind> kinds = EnumSet.range(Work.Kind.LAYERNORM, Work.Kind.DOT);
        Set<Work.Kind> without = EnumSet.copyOf(kinds);
        without.removeIf(kind -> contenders.of(kind).stream().anyMatch(this::isWanted));
        if (without.equals(kinds)) {
            peers(Work.Kind.LAYERNORM); // says why there is none
        }
        for (Work.Kind kind : without) {
            spec.commandLine().getErr().println("none of the peers can do " + kind + ", so it is not measured");
        }
        for (int count : threads) {
            for (int batch : several) {
                for (Work work : kernels(batch, count)) {
                    if (!without.contains(work.kind())) {
                        kernel(work);
                    }
                }
            }
            if (!without.contains(Work.Kind.DOT)) {
                kernel(Work.DotProducts.of(SEARCHED_VECTORS, GemmShape.WIDTH, count));
            }
        }
    }

    private void embeddings() throws Exception {
        List<String> ids = models.isEmpty() ? EmbeddingModel.ids() : models;
        List<EmbeddingModel> wanted = ids.stream().map(this::embeddingModel).toList();
        for (int count : threads) {
            for (int i = 0; i < wanted.size(); i++) {
                for (int batch : batches.isEmpty() ? List.of(1) : batches) {
                    forward(Work.Forward.of(Work.Kind.EMBED, ids.get(i), wanted.get(i).config(), batch, count), EMBEDDING_TOLERANCE);
                }
            }
        }
    }

    private void starts() throws Exception {
        List<Object> lines = new ArrayList<>();
        List<ModelFileContender> peers = contenders.ofModelFiles().stream().filter(this::isWanted).toList();
        for (String model : models.isEmpty() ? List.of(DEFAULT_MODEL) : models) {
            config(model);
            for (int count : threads) {
                for (Map<String, Object> line : new ColdStart(model, count, peers, classPath()).run(seconds)) {
                    lines.add(line);
                    spec.commandLine().getOut().println(Json.write(line));
                }
            }
        }
        if (results != null) {
            Results.write(results, "start", List.of(command), "starts", lines);
        }
    }

    private void scale(PrintWriter out) throws IOException {
        Map<String, VitConfig> wanted = new LinkedHashMap<>();
        (models.isEmpty() ? List.of(DEFAULT_MODEL) : models).forEach(model -> wanted.put(model, config(model)));
        ScalingReport predicted = Scaling.run(wanted, batches.isEmpty() ? List.of(1) : batches, Collections.max(threads), seconds);
        out.print(json ? predicted.json() : predicted.text());
        out.flush();
        if (results != null) {
            predicted.write(results, command);
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

    private boolean isWanted(Contender contender) {
        return names.isEmpty() || names.stream().anyMatch(contender.name()::startsWith);
    }

    private TokenMerging merging() {
        try {
            return TokenMerging.parse(merge);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--merge " + merge + ": " + e.getMessage());
        }
    }

    /** The wanted peers that can do this work. */
    private List<Contender> peers(Work.Kind kind) {
        List<Contender> able = contenders.of(kind);
        List<Contender> wanted = able.stream().filter(this::isWanted).toList();
        if (wanted.isEmpty()) {
            throw new ParameterException(spec.commandLine(), able.isEmpty()
                    ? "this build has no peers that can do " + kind + "; build them: mvn -Ppeers -DskipTests package, or name a jar with --class-path"
                    : "none of these peers can do " + kind + ": " + String.join(", ", names) + "; those that can: "
                    + able.stream().map(Contender::name).collect(Collectors.joining(", ")));
        }
        return wanted;
    }

    private void forward(Work.Forward work, double tolerance) throws Exception {
        List<Contender> peers = peers(work.kind());
        VitConfig config = work.weights().config();
        TokenMerging merging = merging();
        boolean merges = !merging.isNone();
        try {
            merging.requireServes(config);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--merge " + merge + ": " + e.getMessage());
        }
        boolean skipsTokens = !ForwardCost.ofPooledTokens(config).equals(ForwardCost.of(config));
        try (VitModel model = VitModel.of(work.weights()); OurForward full = skipsTokens || merges ? new OurForward(model, work, true, TokenMerging.NONE) : null;
                OurForward ours = new OurForward(model, work, false, merging)) {
            Piece piece = merges ? Piece.of(work).merging(merging.toString()) : Piece.of(work);
            report(new Duel(work, piece, seconds, tolerance).run(new Duel.Ours(ours, ours.flops(), full, !merges), peers,
                    contender -> accuracy(model, work, contender)));
        }
    }

    /** How far a peer with other numbers is off, on more images than the batch has. */
    private static Accuracy accuracy(VitModel model, Work.Forward work, Contender contender) throws Exception {
        Work.Forward many = work.withBatch(ACCURACY_IMAGES);
        try (OurForward ours = new OurForward(model, many, false, TokenMerging.NONE); PreparedWork theirs = contender.prepare(many)) {
            return Accuracy.of(Duel.compute(ours), Duel.compute(theirs), ACCURACY_IMAGES);
        }
    }

    private void train(Work.Training work) throws Exception {
        List<Contender> peers = peers(work.kind());
        try (PreparedWork ours = new OurTraining(work)) {
            report(new Duel(work, Piece.of(work), seconds, TOLERANCE).run(Duel.Ours.of(ours, work.amount()), peers, null));
        }
    }

    /** The kernels of a ViT-B/16's block: LayerNorm of every token, softmax of every query of every head, GELU of every hidden unit in both usual forms. */
    private static List<Work> kernels(int batch, int threads) {
        int tokens = GemmShape.TOKENS * batch;
        return List.of(Work.LayerNorm.of(tokens, GemmShape.WIDTH, threads),
                Work.Softmax.of(GemmShape.HEADS * tokens, GemmShape.TOKENS, threads),
                Work.Gelu.of(GeluKind.ERF, tokens, GemmShape.MLP, threads),
                Work.Gelu.of(GeluKind.TANH, tokens, GemmShape.MLP, threads));
    }

    private void kernel(Work work) throws Exception {
        List<Contender> peers = peers(work.kind());
        try (PreparedWork ours = work instanceof Work.Gemm product ? new OurGemm(product) : OurKernel.of(work)) {
            report(new Duel(work, Piece.of(work), seconds, gemm ? TOLERANCE : KERNEL_TOLERANCE).run(Duel.Ours.of(ours, work.amount()), peers, null));
        }
    }

    private void report(List<Row> rows) throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        if (json) {
            rows.forEach(row -> out.println(Json.write(row.toJson())));
        } else {
            out.print(report.of(rows));
        }
        out.flush();
        for (Row row : rows) {
            if (row instanceof NotMeasured missing && missing.failed()) {
                err.println("error: " + missing.piece().work() + ", " + missing.peer() + ": " + missing.reason());
                failed = true;
            }
        }
        if (results != null) { // written at once, so that an interrupted run leaves what it has measured
            String name = !merging().isNone() ? "merging" : embed ? "embed" : gemm ? "gemm" : kernels ? "kernels" : train ? "train" : "forward";
            new Results(results, name, command).write(rows).ifPresent(err::println);
        }
    }
}
