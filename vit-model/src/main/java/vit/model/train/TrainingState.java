package vit.model.train;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import vit.kernels.tensor.Shape;
import vit.model.InputException;
import vit.model.VitTraining;
import vit.model.config.VitConfig;
import vit.model.json.Json;
import vit.model.json.JsonArray;
import vit.model.json.JsonObject;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;
import vit.model.train.Trainer.Progress;
import vit.model.weights.format.Dtype;
import vit.model.weights.format.SafetensorsFile;
import vit.model.weights.format.SafetensorsWriter;
import vit.model.weights.format.TensorEntry;

/**
 * Everything that training needs to continue as if it had never stopped, in one safetensors file. It holds weights, and of what is not frozen moving average and
 * optimiser's states, under the parameters' names, and the progress in the header's metadata. Random numbers need no state of their own, because they
 * follow from the recipe's seed and the step. A checksum of all other bytes is at the end. Files are untrusted.
 */
final class TrainingState implements ParameterSource, AutoCloseable {

    private static final String METADATA = "vit.training";
    private static final int VERSION = 3;
    private static final String WEIGHT = "weight.";
    private static final String AVERAGE = "average.";
    private static final String CHECKSUM = "checksum"; // the last tensor: one I64, the CRC-32C of all bytes before it
    private static final int CHUNK = 1 << 18;

    private final Path path;
    private final SafetensorsFile file;
    private final VitConfig config;
    private final JsonObject document;
    private final TrainingOrigin origin;

    private TrainingState(Path path, SafetensorsFile file, VitConfig config) throws IOException {
        this.path = path;
        this.file = file;
        this.config = config;
        String text = file.metadata().get(METADATA);
        if (text == null) {
            throw fault().expected("metadata " + METADATA).found("none").because("the file is no state of a training");
        }
        document = Json.parse(file.name(), text.getBytes(StandardCharsets.UTF_8));
        if (document.integer("version") != VERSION) {
            throw document.fault("version").expected(VERSION).found(document.integer("version")).remedy("resume with the release of this library that wrote it, or begin anew").because("the state is of another version");
        }
        requireChecksum();
        origin = TrainingOrigin.read(document.object("origin"));
    }

    /**
     * Reads the whole file once, in addition to loading it, to verify its checksum: training must not continue with a bit that flipped on the disk.
     */
    private void requireChecksum() throws IOException {
        TensorEntry entry = file.find(CHECKSUM);
        if (entry == null || entry.dtype() != Dtype.I64 || entry.bytes() != Long.BYTES) {
            throw fault().tensor(CHECKSUM).expected("one I64").found(entry == null ? "nothing" : entry.dtype() + " " + entry.shape())
                    .because("the state is damaged: it has no checksum");
        }
        CRC32C sum = new CRC32C();
        long stated;
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            ByteBuffer bytes = ByteBuffer.allocateDirect(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
            for (long left = entry.offset(); left > 0; left -= bytes.limit()) {
                read(channel, bytes.clear().limit((int) Math.min(CHUNK, left)));
                sum.update(bytes.duplicate());
            }
            read(channel, bytes.clear().limit(Long.BYTES));
            stated = bytes.getLong(0);
        }
        if (stated != sum.getValue()) {
            throw fault().at(entry.offset()).expected(Long.toHexString(sum.getValue())).found(Long.toHexString(stated))
                    .because("the state is damaged: its checksum is not that of its bytes");
        }
    }

    private void read(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            if (channel.read(bytes) < 0) {
                throw fault().at(channel.position()).because("the state is damaged: it became shorter while it was read");
            }
        }
        bytes.flip();
    }

    private static String optimizerState(int which) {
        return "state" + which + ".";
    }

    /** Writes a trainer's state, atomically. */
    static void write(Path path, Trainer trainer) throws IOException {
        VitTraining training = trainer.training();
        List<String> prefixes = prefixes(training.stateCount(), trainer.recipe().average() > 0);
        List<SafetensorsWriter.Tensor> tensors = new ArrayList<>();
        int largest = 0;
        for (String prefix : prefixes) {
            for (Parameter parameter : parameters(prefix, training)) {
                tensors.add(new SafetensorsWriter.Tensor(prefix + parameter.name(), Dtype.F32, parameter.shape()));
                largest = Math.max(largest, Math.toIntExact(parameter.shape().size()));
            }
        }
        tensors.add(new SafetensorsWriter.Tensor(CHECKSUM, Dtype.I64, Shape.of(1)));
        float[] values = new float[largest];
        try (SafetensorsWriter writer = new SafetensorsWriter(path, tensors, Map.of(METADATA, Json.write(document(trainer))))) {
            for (String prefix : prefixes) {
                for (Parameter parameter : parameters(prefix, training)) {
                    read(training, prefix, parameter, values);
                    writer.write(values, 0, Math.toIntExact(parameter.shape().size()));
                }
            }
            writer.writeChecksum();
            writer.commit();
        }
    }

    /** The parameters of which there is a tensor with this prefix. */
    private static List<Parameter> parameters(String prefix, VitTraining training) {
        return prefix.equals(WEIGHT) ? training.parameters().list() : training.frozen().trained(training.parameters());
    }

    private static List<String> prefixes(int states, boolean average) {
        List<String> prefixes = new ArrayList<>();
        prefixes.add(WEIGHT);
        for (int i = 0; i < states; i++) {
            prefixes.add(optimizerState(i));
        }
        if (average) {
            prefixes.add(AVERAGE);
        }
        return prefixes;
    }

    private static void read(VitTraining training, String prefix, Parameter parameter, float[] values) {
        switch (prefix) {
            case WEIGHT -> training.read(parameter, values);
            case AVERAGE -> training.readAverage(parameter, values);
            default -> training.readState(prefix.equals(optimizerState(0)) ? 0 : 1, parameter, values);
        }
    }

    /** The metadata of a state. Doubles are written as text, which preserves every bit and can express NaN. */
    private static Map<String, Object> document(Trainer trainer) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("version", VERSION);
        document.put("origin", trainer.origin().facts());
        Progress progress = trainer.progress();
        document.put("steps", progress.steps());
        document.put("loss_sum", String.valueOf(progress.lossSum()));
        document.put("right", progress.right());
        document.put("seen", progress.seen());
        List<Object> epochs = new ArrayList<>();
        for (EpochReport report : trainer.history()) {
            epochs.add(List.of(String.valueOf(report.loss()), String.valueOf(report.accuracy()), String.valueOf(report.validationLoss()),
                    String.valueOf(report.validationAccuracy()), String.valueOf(report.rate()), String.valueOf(report.best())));
        }
        document.put("epochs", epochs);
        return document;
    }

    /**
     * Opens a state and checks that it is whole.
     *
     * @param config of the model that was trained
     * @throws InputException if the file is malformed or damaged
     */
    static TrainingState open(Path path, VitConfig config) throws IOException {
        SafetensorsFile file = SafetensorsFile.open(path);
        try {
            return new TrainingState(path, file, config);
        } catch (Throwable t) {
            file.close();
            throw t;
        }
    }

    /** The facts that identify the training. */
    TrainingOrigin origin() {
        return origin;
    }

    /** The training as which to continue: this one, if necessary with more epochs. Refuses to continue as another one. */
    TrainingOrigin continued(TrainingOrigin now) throws InputException {
        List<TrainingOrigin.Difference> differences = origin.differences(now);
        if (origin.isExtendedBy(now)) {
            return origin.withEpochsOf(now);
        }
        if (!differences.isEmpty()) {
            throw fault().expected(TrainingOrigin.text(differences)).because("the training that stopped was another one");
        }
        return origin;
    }

    private InputException.Report fault() {
        return InputException.in(file.name());
    }

    @Override
    public VitConfig config() {
        return config;
    }

    @Override
    public void read(Parameter parameter, float[] target) throws IOException {
        read(WEIGHT, parameter, target);
    }

    private void read(String prefix, Parameter parameter, float[] target) throws IOException {
        String name = prefix + parameter.name();
        TensorEntry entry = file.find(name);
        Shape shape = parameter.shape();
        if (entry == null) {
            throw fault().tensor(name).expected(shape).found("nothing").because("a tensor of the state is missing");
        }
        if (entry.dtype() != Dtype.F32 || !entry.shape().equals(shape)) {
            throw fault().tensor(name).at(entry.offset()).expected("F32 " + shape).found(entry.dtype() + " " + entry.shape())
                    .because("a tensor of the state does not fit the model");
        }
        file.readFloats(entry, 0, target, 0, Math.toIntExact(shape.size()));
    }

    /** Restores everything but the weights, with which the trainer was created. */
    void restore(Trainer trainer) throws IOException {
        VitTraining training = trainer.training();
        for (Parameter parameter : training.frozen().trained(training.parameters())) {
            float[] values = new float[Math.toIntExact(parameter.shape().size())];
            for (int i = 0; i < training.stateCount(); i++) {
                read(optimizerState(i), parameter, values);
                training.writeState(i, parameter, values);
            }
            if (trainer.recipe().average() > 0) {
                read(AVERAGE, parameter, values);
                training.writeAverage(parameter, values);
            }
        }
        trainer.restore(progress(trainer), epochs());
    }

    private Progress progress(Trainer trainer) throws InputException {
        long steps = document.longInteger("steps");
        long seen = document.longInteger("seen");
        long right = document.longInteger("right");
        long epochs = document.array("epochs").size();
        long whole = epochs * trainer.stepsPerEpoch();
        if (steps < whole || steps > Math.min(trainer.steps(), whole + trainer.stepsPerEpoch()) || seen < 0 || right < 0 || right > seen
                || steps == whole && seen != 0) {
            throw document.fault("steps").expected("steps of epoch " + (epochs + 1)).found(steps + " steps, " + seen + " images").because("the state contradicts itself");
        }
        return new Progress(steps, number(document.text("loss_sum"), "loss_sum"), right, seen);
    }

    private List<EpochReport> epochs() throws InputException {
        List<EpochReport> reports = new ArrayList<>();
        JsonArray epochs = document.array("epochs");
        for (int i = 0; i < epochs.size(); i++) {
            List<String> values = epochs.get(i).array().texts();
            if (values.size() != 6) {
                throw document.fault("epochs").expected(6).found(values.size()).because("the report of an epoch is incomplete");
            }
            reports.add(new EpochReport(i + 1, number(values.get(0), "epochs"), number(values.get(1), "epochs"), number(values.get(2), "epochs"),
                    number(values.get(3), "epochs"), number(values.get(4), "epochs"), Boolean.parseBoolean(values.get(5)), Double.NaN));
        }
        return reports;
    }

    private double number(String text, String field) throws InputException {
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            throw document.fault(field).cause(e).expected("a number").found(text).because("the value is no number");
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
