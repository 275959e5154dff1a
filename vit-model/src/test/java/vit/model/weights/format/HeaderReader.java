package vit.model.weights.format;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import vit.model.InputException;

/** What the reader under test makes of a safetensors header, in the form of {@link HeaderOracle#judge}. For one thread. */
public final class HeaderReader {

    private final ByteBuffer buffer = SafetensorsFile.newBuffer();

    /** A map from each name to type, shape and place in the file; null if the file is refused. */
    public Map<String, String> read(byte[] file) throws IOException {
        try (SafetensorsFile opened = SafetensorsFile.open(ByteSource.InMemory.of("mutant", file), buffer)) {
            Map<String, String> tensors = new TreeMap<>();
            for (TensorEntry entry : opened.entries()) {
                List<Integer> shape = new ArrayList<>();
                for (int dimension : entry.shape().dimensions()) {
                    shape.add(dimension);
                }
                tensors.put(entry.name(), entry.dtype() + shape.toString() + "@" + entry.offset());
            }
            return tensors;
        } catch (InputException e) {
            assertTrue(e.getMessage().length() < 2000 && e.getMessage().lines().count() == 1, e.getMessage());
            return null;
        }
    }
}
