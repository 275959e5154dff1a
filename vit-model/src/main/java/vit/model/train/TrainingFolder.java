package vit.model.train;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import jdk.jfr.FlightRecorder;
import vit.kernels.patchembed.PatchOrder;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.Positions;
import vit.model.config.VitConfigBuilder;
import vit.model.image.Preprocessing;
import vit.model.json.Json;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.positions.SinCosPositions;
import vit.model.weights.ModelConfig;
import vit.model.weights.WeightsWriter;
import vit.model.weights.format.AtomicFile;

/**
 * The files that a training writes to its folder: {@code best.safetensors} and {@code last.safetensors} under timm's names with {@code config.json}
 * and {@code labels.txt} beside them, {@code metrics.csv} and {@code metrics.jsonl}, {@code run.json}, and {@code state.safetensors}, from which training resumes, with the state before it.
 * Every file is replaced atomically, the state last. After a kill at any moment, resuming therefore leads to the same files as a training that was
 * never killed.
 *
 * @param path the folder
 */
public record TrainingFolder(Path path) {

    /** The pictures that {@code vit train} writes. */
    public static final List<String> PICTURES = List.of("loss.png", "confusion.png", "lr.png");

    /** Weights after the best epoch. */
    public Path best() {
        return path.resolve("best.safetensors");
    }

    /** Weights after the last epoch, or after the step at which training was stopped. */
    public Path last() {
        return path.resolve("last.safetensors");
    }

    /** The state that {@link Trainer#resume} takes. */
    public Path state() {
        return path.resolve("state.safetensors");
    }

    /** The model's configuration with labels and preprocessing. */
    public Path config() {
        return path.resolve("config.json");
    }

    /** The classes, one per line. */
    public Path labels() {
        return path.resolve("labels.txt");
    }

    /** Loss and accuracy by epoch, as a table. */
    public Path metrics() {
        return path.resolve("metrics.csv");
    }

    /** Loss and accuracy by epoch, one JSON object a line. */
    public Path metricLines() {
        return path.resolve("metrics.jsonl");
    }

    /** What was asked for, with which {@code vit train --run} trains the same again. */
    public Path run() {
        return path.resolve("run.json");
    }

    /** The state before {@link #state}, to resume from if that one is damaged. */
    public Path previousState() {
        return path.resolve("state.previous.safetensors");
    }

    /** Whether there is a training to resume. */
    public boolean hasState() {
        return Files.isRegularFile(state());
    }

    private List<Path> files() {
        return List.of(state(), previousState(), best(), last(), metrics(), metricLines(), run(), config(), labels(), path.resolve(PICTURES.get(0)), path.resolve(PICTURES.get(1)));
    }

    /** A file that a training would overwrite, written by this training or by another one; null if there is none. */
    public Path present() {
        return files().stream().filter(file -> Files.exists(file, LinkOption.NOFOLLOW_LINKS)).findFirst().orElse(null);
    }

    /** Whether a training has left state or weights here. */
    public boolean holdsTraining() {
        return List.of(state(), previousState(), best(), last()).stream().anyMatch(Files::exists);
    }

    /** Whether {@code folder} holds a training, or weights with their configuration. */
    public static boolean isModelFolder(Path folder) throws IOException {
        if (new TrainingFolder(folder).holdsTraining()) {
            return true;
        }
        if (!Files.exists(folder.resolve("config.json"))) {
            return false;
        }
        try (DirectoryStream<Path> weights = Files.newDirectoryStream(folder, "*.safetensors")) {
            return weights.iterator().hasNext();
        }
    }

    /** Creates the folder if necessary, and removes what a killed process had begun to write. */
    public void prepare() throws IOException {
        Files.createDirectories(path);
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(path)) {
            for (Path entry : entries) {
                if (files().stream().anyMatch(file -> AtomicFile.isTemporary(entry, file))) {
                    Files.deleteIfExists(entry);
                }
            }
        }
    }

    /** Writes the files that stay the same throughout a training. */
    public void describe(VitConfig config, List<String> classes, Preprocessing preprocessing) throws IOException {
        ModelConfig model = new ModelConfig(saved(config), classes);
        AtomicFile.write(config(), model.toJson(preprocessing.fields()).getBytes(StandardCharsets.UTF_8));
        AtomicFile.write(labels(), (String.join("\n", classes) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** Makes the previous state the state, in place of a damaged one. */
    public void restorePrevious() throws IOException {
        AtomicFile.link(previousState(), state());
    }

    /** Writes a trainer's state; the existing one becomes {@link #previousState}. At every moment there is at least one state. */
    public void writeState(Trainer trainer) throws IOException {
        if (hasState()) {
            AtomicFile.link(state(), previousState());
        }
        trainer.save(state());
    }

    /** Writes the weights of the best epoch so far, which has just ended. */
    public void writeBest(Trainer trainer) throws IOException {
        writeWeights(best(), trainer);
    }

    /** Writes the current weights, history and state. */
    public void write(Trainer trainer) throws IOException {
        writeWeights(last(), trainer);
        writeHistory(trainer.history());
        writeState(trainer);
    }

    private static void writeWeights(Path file, Trainer trainer) throws IOException {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("format", "pt");
        metadata.put("step", String.valueOf(trainer.progress().steps()));
        CheckpointEvent event = FlightRecorder.isInitialized() ? CheckpointEvent.begun() : null;
        WeightsWriter.write(file, new Saved(trainer.weights(), saved(trainer.config())), metadata);
        if (event != null) {
            event.commit(file);
        }
    }

    /** Whether weights of a training are saved under timm's names; if not, then under those of the model's own family. */
    public static boolean hasTimmsNames(VitConfig config) {
        return !config.patchNorm() && config.patchOrder() == PatchOrder.CHANNEL_FIRST;
    }

    /**
     * The configuration under whose names weights are saved: timm's if timm has names for all of them. timm stores fixed sine and cosine positions as
     * if they were learned.
     */
    static VitConfig saved(VitConfig config) {
        if (!hasTimmsNames(config)) {
            return config;
        }
        VitConfigBuilder builder = config.toBuilder().family("timm");
        return (config.positions() == Positions.SINCOS_2D ? builder.positions(Positions.LEARNED_PATCHES) : builder).build();
    }

    /** Weights under another configuration of the same model. */
    private record Saved(ParameterSource weights, VitConfig config) implements ParameterSource {
        @Override
        public void read(Parameter parameter, float[] target) throws IOException {
            if (parameter.kind() == Parameter.Kind.POSITION && weights.config().positions() == Positions.SINCOS_2D) {
                float[] table = SinCosPositions.table(config.gridHeight(), config.gridWidth(), config.width());
                System.arraycopy(table, 0, target, 0, table.length);
            } else {
                weights.read(parameter, target);
            }
        }
    }

    private void writeHistory(List<EpochReport> epochs) throws IOException {
        StringBuilder table = new StringBuilder("epoch,loss,accuracy,validation_loss,validation_accuracy,learning_rate\n");
        StringBuilder lines = new StringBuilder();
        for (EpochReport e : epochs) {
            table.append(String.format(Locale.ROOT, "%d,%.6f,%.6f,%.6f,%.6f,%.6e\n", e.epoch(), e.loss(), e.accuracy(), e.validationLoss(),
                    e.validationAccuracy(), e.rate()));
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("epoch", e.epoch());
            line.put("loss", e.loss());
            line.put("accuracy", e.accuracy());
            line.put("validation_loss", e.validationLoss());
            line.put("validation_accuracy", e.validationAccuracy());
            line.put("learning_rate", e.rate());
            line.put("best", e.best());
            lines.append(Json.write(line)).append('\n');
        }
        AtomicFile.write(metrics(), table.toString().getBytes(StandardCharsets.UTF_8));
        AtomicFile.write(metricLines(), lines.toString().getBytes(StandardCharsets.UTF_8));
    }
}
