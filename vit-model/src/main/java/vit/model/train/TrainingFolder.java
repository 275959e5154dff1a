package vit.model.train;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import vit.model.Parameter;
import vit.model.ParameterSource;
import vit.kernels.patchembed.PatchOrder;
import vit.model.VitConfig;
import vit.model.VitConfig.Positions;
import vit.model.image.Preprocessing;
import vit.model.json.JsonObject;
import vit.model.positions.SinCosPositions;
import vit.model.weights.AtomicFile;
import vit.model.weights.WeightsWriter;
import vit.model.weights.config.ModelConfig;

/**
 * What a training leaves in its folder: {@code best.safetensors} and {@code last.safetensors} under timm's names with {@code config.json}
 * and {@code labels.txt} beside them, {@code history.csv}, and {@code state.safetensors}, from which training goes on. Every file is
 * replaced atomically, and the state last: after a kill at any moment it leads to the same files as if there had been no kill.
 *
 * @param path the folder
 */
public record TrainingFolder(Path path) {

    /** Weights after the best epoch. */
    public Path best() {
        return path.resolve("best.safetensors");
    }

    /** Weights after the last epoch, or the step in which training was stopped. */
    public Path last() {
        return path.resolve("last.safetensors");
    }

    /** What {@link Trainer#resume} takes. */
    public Path state() {
        return path.resolve("state.safetensors");
    }

    /** The model's configuration with labels and preprocessing. */
    public Path config() {
        return path.resolve("config.json");
    }

    /** The classes, a line each. */
    public Path labels() {
        return path.resolve("labels.txt");
    }

    /** Loss and accuracy by epoch. */
    public Path history() {
        return path.resolve("history.csv");
    }

    /** Whether there is a training to go on with. */
    public boolean hasState() {
        return Files.isRegularFile(state());
    }

    /** Makes the folder if need be, and writes what does not change any more. */
    public void describe(VitConfig config, List<String> classes, Preprocessing preprocessing) throws IOException {
        Files.createDirectories(path);
        ModelConfig model = new ModelConfig(saved(config), classes, JsonObject.empty("no config.json"));
        AtomicFile.write(config(), model.toJson(preprocessing.fields(config.imageHeight())).getBytes(StandardCharsets.UTF_8));
        AtomicFile.write(labels(), (String.join("\n", classes) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** Writes the weights of the best epoch so far, which has just ended. */
    public void writeBest(Trainer trainer) throws IOException {
        writeWeights(best(), trainer);
    }

    /** Writes weights, history and state as they are. */
    public void write(Trainer trainer) throws IOException {
        writeWeights(last(), trainer);
        writeHistory(trainer.history());
        trainer.save(state());
    }

    private static void writeWeights(Path file, Trainer trainer) throws IOException {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("format", "pt");
        metadata.put("step", String.valueOf(trainer.progress().steps()));
        WeightsWriter.write(file, new Saved(trainer.weights(), saved(trainer.config())), metadata);
    }

    /**
     * The configuration under whose names weights are saved: timm's, where timm has names for all of them. timm keeps fixed sine and cosine
     * positions as if they were learned.
     */
    static VitConfig saved(VitConfig config) {
        if (config.patchNorm() || config.patchOrder() != PatchOrder.CHANNEL_FIRST) {
            return config;
        }
        VitConfig.Builder builder = config.toBuilder().family("timm");
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
        StringBuilder text = new StringBuilder("epoch,loss,accuracy,validation_loss,validation_accuracy,learning_rate\n");
        for (EpochReport e : epochs) {
            text.append(String.format(Locale.ROOT, "%d,%.6f,%.6f,%.6f,%.6f,%.6e%n", e.epoch(), e.loss(), e.accuracy(), e.validationLoss(),
                    e.validationAccuracy(), e.rate()));
        }
        AtomicFile.write(history(), text.toString().getBytes(StandardCharsets.UTF_8));
    }
}
