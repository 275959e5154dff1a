package vit.model.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vit.model.VitModel;
import vit.model.weights.Weights;

/** The checks of a reference case reject planted faults: a tensor that nothing of ours is compared with, and a wrong number in any tensor. */
class GoldenCaseTest {

    private static final String CASE = "families/ijepa-hf-micro"; // without a head for classes

    @TempDir
    private Path folder;

    /** The case with another reference file. */
    private GoldenCase with(byte[] reference) throws IOException {
        for (String file : new String[] {"weights.safetensors", "config.json", "float32-error.json"}) {
            Files.copy(Golden.folder(CASE).resolve(file), folder.resolve(file));
        }
        Files.write(folder.resolve("reference.safetensors"), reference);
        return new GoldenCase(CASE, folder);
    }

    private static byte[] reference() throws IOException {
        return Files.readAllBytes(Golden.folder(CASE).resolve("reference.safetensors"));
    }

    /** Gives a tensor of the file another name of the same length. */
    private static byte[] renamed(String from, String to) throws IOException {
        String text = new String(reference(), StandardCharsets.ISO_8859_1);
        assertEquals(text.indexOf('"' + from + '"'), text.lastIndexOf('"' + from + '"'));
        assertTrue(text.contains('"' + from + '"'));
        return text.replace('"' + from + '"', '"' + to + '"').getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Changes the sign of the first element of a tensor. */
    private static byte[] damaged(String tensor) throws IOException {
        byte[] bytes = reference();
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        int header = Math.toIntExact(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong());
        int offsets = text.indexOf("\"data_offsets\":[", text.indexOf('"' + tensor + '"')) + "\"data_offsets\":[".length();
        int begin = Integer.parseInt(text.substring(offsets, text.indexOf(',', offsets)).strip());
        bytes[8 + header + begin + 7] ^= (byte) 0x80;
        return bytes;
    }

    private static void check(GoldenCase golden) throws IOException {
        try (VitModel model = VitModel.load(golden.weights(), golden.config(), golden.image())) {
            GoldenStages.check(golden, model);
        }
        try (Weights weights = Weights.open(golden.weights(), golden.config(), golden.image())) {
            GoldenGradients.check(golden, weights);
        }
    }

    @Test
    void theCaseItselfPasses() throws IOException {
        try (GoldenCase golden = with(reference())) {
            check(golden);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"stage.block.1", "stage.tokens", "embedding", "grad.images"})
    void aTensorThatNothingIsComparedWithIsAFailure(String tensor) throws IOException {
        String other = tensor.substring(0, tensor.length() - 1) + "9";
        try (GoldenCase golden = with(renamed(tensor, other))) {
            String message = assertThrows(AssertionError.class, () -> check(golden)).getMessage();
            assertTrue(message.contains("nothing of ours is compared with the reference's " + other), message);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"stage.block.1", "stage.tokens", "embedding", "grad.images", "loss"})
    void aWrongSignIsAFailure(String tensor) throws IOException {
        try (GoldenCase golden = with(damaged(tensor))) {
            String message = assertThrows(AssertionError.class, () -> check(golden)).getMessage();
            assertTrue(message.contains(tensor), message);
        }
    }
}
