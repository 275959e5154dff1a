package vit.bench.peers;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import vit.bench.DisagreementException;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.config.VitConfig;
import vit.model.config.VitVariants;
import vit.model.parameters.GeneratedWeights;
import vit.model.weights.WeightsWriter;

/**
 * Measures the time from the start of a JVM to the first correct logits of a model in a file, and the peak resident memory after a few more calls.
 * The JVMs are children of this one, ours and the peers' in turn, with the same flags. The files are in the page cache, since they have just been
 * written.
 */
final class ColdStart {

    private static final int MORE_CALLS = 3;
    private static final int LEAST_ROUNDS = 3;
    private static final int CHILD_MINUTES = 5;
    private static final int ARGUMENTS = 6;
    private static final double TOLERANCE = 1e-4;
    private static final String LOGITS = "logits ";
    private static final String PEAK = "peak ";

    /** Ours: loads, computes. */
    private static final String VIT = "vit";

    /** Ours: loads, warms up, computes; it runs at full speed from then on. */
    private static final String VIT_WARMED_UP = "vit_warmed_up";

    /** A child's figures: milliseconds to the first logits, peak resident megabytes. */
    private record Start(double millis, double megabytes, float[] logits) {}

    private final String model;
    private final int threads;
    private final List<ModelFileContender> peers;
    private final String classPath;

    /** @param classPath of the contenders that are not on the program's own class path; may be empty */
    ColdStart(String model, int threads, List<ModelFileContender> peers, String classPath) {
        this.model = model;
        this.threads = threads;
        this.peers = peers;
        this.classPath = classPath;
    }

    /** Measures for {@code seconds}, at least {@value #LEAST_ROUNDS} rounds; one map per side, to be written as JSON. */
    List<Map<String, Object>> run(double seconds) throws Exception {
        VitConfig config = VitVariants.find(model).orElseThrow();
        Path folder = Files.createTempDirectory("vit-start");
        try {
            GeneratedWeights weights = new GeneratedWeights(config, 0);
            Path safetensors = folder.resolve("model.safetensors");
            WeightsWriter.write(safetensors, weights, Map.of());
            Map<String, Path> files = new LinkedHashMap<>();
            files.put(VIT, safetensors);
            files.put(VIT_WARMED_UP, safetensors);
            for (ModelFileContender peer : peers) {
                Path file = folder.resolve(peer.name() + ".model");
                peer.write(weights, file);
                files.put(peer.name(), file);
            }
            Map<String, List<Start>> starts = new LinkedHashMap<>();
            long begin = System.nanoTime();
            for (int round = 0; round < LEAST_ROUNDS || System.nanoTime() - begin < seconds * 1e9; round++) {
                for (Map.Entry<String, Path> file : files.entrySet()) {
                    Start start = start(file.getKey(), file.getValue());
                    starts.computeIfAbsent(file.getKey(), _ -> new ArrayList<>()).add(start);
                    check(file.getKey(), starts.get(VIT).getFirst().logits, start.logits);
                }
            }
            return starts.entrySet().stream().map(entry -> describe(entry.getKey(), entry.getValue(), starts)).toList();
        } finally {
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
        }
    }

    private Map<String, Object> describe(String side, List<Start> starts, Map<String, List<Start>> all) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("work", "start");
        object.put("model", model);
        object.put("threads", threads);
        object.put("side", side);
        object.put("rounds", starts.size());
        Quartiles millis = Quartiles.of(starts.stream().mapToDouble(Start::millis).toArray());
        object.put("first_logits_ms", millis.toJson());
        object.put("peak_resident_mb", Quartiles.of(starts.stream().mapToDouble(Start::megabytes).toArray()).toJson());
        for (ModelFileContender peer : peers) {
            double[] ratios = new double[starts.size()];
            for (int i = 0; i < ratios.length; i++) {
                ratios[i] = all.get(peer.name()).get(i).millis / starts.get(i).millis;
            }
            object.put(peer.name() + "_over_this", Quartiles.of(ratios).toJson());
        }
        object.put("date", LocalDate.now().toString());
        return object;
    }

    private static void check(String side, float[] truth, float[] logits) throws DisagreementException {
        double scale = 0;
        double worst = 0;
        for (int i = 0; i < truth.length; i++) {
            scale = Math.max(scale, Math.abs(truth[i]));
            worst = Math.max(worst, Math.abs((double) truth[i] - logits[i]));
        }
        if (!(worst <= TOLERANCE * scale)) {
            throw new DisagreementException("start: " + side + " differs from ours by " + worst / scale + " of the largest logit");
        }
    }

    private Start start(String side, Path file) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), ColdStart.class.getName(), side, model,
                String.valueOf(threads), file.toString(), className(side), classPath));
        long begin = System.nanoTime();
        Process child = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        double millis = Double.NaN;
        double megabytes = Double.NaN;
        float[] logits = {};
        try (BufferedReader lines = child.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith(LOGITS)) {
                    millis = (System.nanoTime() - begin) / 1e6;
                    logits = parse(line.substring(LOGITS.length()));
                } else if (line.startsWith(PEAK)) {
                    megabytes = Double.parseDouble(line.substring(PEAK.length()));
                }
            }
        }
        if (!child.waitFor(CHILD_MINUTES, TimeUnit.MINUTES) || child.exitValue() != 0 || logits.length == 0) {
            child.destroyForcibly();
            throw new IOException("the child for " + side + " failed: " + String.join(" ", command));
        }
        return new Start(millis, megabytes, logits);
    }

    /** The class of a peer, so that the child makes no other; ours has none. */
    private String className(String side) {
        return peers.stream().filter(peer -> peer.name().equals(side)).map(peer -> peer.getClass().getName()).findFirst().orElse("");
    }

    private static float[] parse(String text) {
        String[] numbers = text.split(" ");
        float[] values = new float[numbers.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.parseFloat(numbers[i]);
        }
        return values;
    }

    /** The main method of a child; the arguments are side, model, threads, file, class of the contender and class path. */
    public static void main(String[] args) throws Exception {
        if (args.length != ARGUMENTS) {
            System.out.println("A child of vit-peers --start, which is what to run.");
            return;
        }
        VitConfig config = VitVariants.find(args[1]).orElseThrow();
        int threads = Integer.parseInt(args[2]);
        Path file = Path.of(args[3]);
        Work.Forward work = Work.Forward.of(Work.Kind.FORWARD, args[1], config, 1, threads);
        if (!args[4].isEmpty()) {
            try (PreparedWork peer = Contenders.ofClass(args[4], args[5]).load(file, work)) {
                peer.run();
                report(peer.result());
                for (int i = 0; i < MORE_CALLS; i++) {
                    peer.run();
                }
                reportPeak();
            }
            return;
        }
        float[] logits = new float[config.classes()];
        try (VitModel model = VitModel.load(file); VitSession session = model.newSession(SessionOptions.threads(threads))) {
            if (args[0].equals(VIT_WARMED_UP)) {
                session.warmUp();
            }
            session.logits(work.images(), 1, logits);
            report(logits);
            for (int i = 0; i < MORE_CALLS; i++) {
                session.logits(work.images(), 1, logits);
            }
            reportPeak();
        }
    }

    private static void report(float[] logits) {
        StringBuilder line = new StringBuilder(LOGITS);
        for (int i = 0; i < logits.length; i++) {
            line.append(i == 0 ? "" : " ").append(logits[i]);
        }
        System.out.println(line);
        System.out.flush();
    }

    /** Prints the most memory that this process has held, as Linux counts it. */
    private static void reportPeak() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            String field = lines.filter(line -> line.startsWith("VmHWM:")).findFirst().orElseThrow();
            System.out.println(PEAK + Double.parseDouble(field.replaceAll("[^0-9]", "")) / 1024);
        }
    }
}
