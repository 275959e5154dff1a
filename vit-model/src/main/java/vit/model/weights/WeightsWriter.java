package vit.model.weights;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;
import vit.model.weights.family.TensorDirectory;
import vit.model.weights.family.TensorView;
import vit.model.weights.family.WeightFamilies;
import vit.model.weights.family.WeightFamily;
import vit.model.weights.format.Dtype;
import vit.model.weights.format.SafetensorsWriter;

/** Saves a model's parameters as safetensors under the names of its family. */
public final class WeightsWriter {

    private static final int CHUNK = 1 << 16;

    private WeightsWriter() {}

    /**
     * Writes all parameters as float32. The file appears whole or not at all ({@link vit.model.weights.format.AtomicFile}); no more than one
     * parameter is in memory at a time.
     *
     * @param file     to write or replace; its folder must exist
     * @param source   the values; the family of its configuration decides names and layouts
     * @param metadata free text for the file's header
     * @throws IllegalArgumentException if the family is unknown or has no name for one of the parameters
     * @throws IOException              if reading or writing fails; an old file is then still there
     */
    public static void write(Path file, ParameterSource source, Map<String, String> metadata) throws IOException {
        Parameters parameters = Parameters.of(source.config());
        List<TensorView> views = views(source.config(), parameters);
        List<SafetensorsWriter.Tensor> tensors = views.stream()
                .map(view -> new SafetensorsWriter.Tensor(view.fileName(), Dtype.F32, view.fileShape())).toList();
        float[] values = new float[Math.toIntExact(parameters.list().stream().mapToLong(p -> p.shape().size()).max().orElse(0))];
        float[] chunk = new float[CHUNK];
        try (SafetensorsWriter writer = new SafetensorsWriter(file, tensors, metadata)) {
            Parameter held = null; // query, key and value are parts of one parameter and follow one another
            for (TensorView view : views) {
                Parameter parameter = parameters.find(view.parameter());
                if (parameter != held) {
                    source.read(parameter, values);
                    held = parameter;
                }
                long size = view.shape().size();
                for (long done = 0; done < size; ) {
                    int part = (int) Math.min(CHUNK, size - done);
                    view.gather(values, done, part, chunk);
                    writer.write(chunk, 0, part);
                    done += part;
                }
            }
            writer.commit();
        }
    }

    private static List<TensorView> views(VitConfig config, Parameters parameters) {
        WeightFamily family = WeightFamilies.find(config.family())
                .orElseThrow(() -> new IllegalArgumentException("unknown weight family " + config.family() + "; known are " + WeightFamilies.ids()));
        List<TensorView> views = family.views(config, parameters, TensorDirectory.empty());
        long covered = views.stream().mapToLong(view -> view.shape().size()).sum();
        if (covered != parameters.count()) {
            throw new IllegalArgumentException("family " + family.id() + " has names for " + covered + " of " + parameters.count() + " parameters of this model");
        }
        return views;
    }
}
