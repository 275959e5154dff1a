package vit.model.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import vit.model.json.Json;
import vit.model.weights.config.ConfigFile;
import vit.model.weights.config.Labels;
import vit.model.weights.format.BrokenFiles;
import vit.model.weights.format.ByteSource;
import vit.model.weights.format.HeaderAttackTest;
import vit.model.weights.format.HeaderOracle;
import vit.model.weights.format.HeaderReader;
import vit.model.weights.format.NpzFile;
import vit.model.weights.format.RawNpz;
import vit.model.weights.format.RawSafetensors;
import vit.model.weights.format.TensorEntry;
import vit.model.weights.format.TensorFile;

/**
 * Rules that the readers of weights, configurations and labels keep for any bytes. A reader may refuse the bytes with an
 * {@link vit.model.InputException}, which a rule passes on; a broken rule is an {@link AssertionError}. For one thread.
 */
public final class WeightReaderRules {

    private static final HeaderReader HEADERS = new HeaderReader();
    private static final byte[] SOUND = BrokenFiles.safetensors(BrokenFiles.tensors());
    private static final int PART = 1 << 12;

    private WeightReaderRules() {}

    /** The reader of headers accepts what {@link HeaderOracle} accepts and finds the same tensors; it refuses everything else. */
    public static void safetensors(byte[] file) throws IOException {
        assertEquals(HeaderOracle.judge(file), HEADERS.read(file));
    }

    /** Every array of an accepted archive can be read to its end or is refused. A second reading gives the same bits. */
    public static void archive(byte[] file) throws IOException {
        try (TensorFile opened = NpzFile.open(ByteSource.InMemory.of("an archive", file))) {
            float[] first = new float[PART];
            float[] second = new float[PART];
            for (TensorEntry entry : opened.entries()) {
                for (long from = 0; from < entry.shape().size(); from += PART) {
                    int count = (int) Math.min(PART, entry.shape().size() - from);
                    opened.readFloats(entry, from, first, 0, count);
                    opened.readFloats(entry, from, second, 0, count);
                    assertEquals(-1, java.util.Arrays.mismatch(first, 0, count, second, 0, count), entry::toString);
                }
            }
        }
    }

    /** A configuration, alone or with weights, means the same model after it was written in our own form and read again. */
    public static void configuration(byte[] document) throws IOException {
        ConfigFile stated = ConfigFile.read("a configuration", document);
        try (Weights opened = Weights.open(SOUND, document)) {
            opened.preprocessing();
            try (Weights again = Weights.open(SOUND, written(opened.model()))) {
                assertSame(opened.model(), again.model());
            }
        } catch (vit.model.InputException e) {
            if (e.getMessage().lines().count() != 1) {
                throw new AssertionError("a message of several lines: " + e.getMessage(), e);
            }
        }
        ModelConfig alone = Weights.configuration(stated);
        assertSame(alone, Weights.configuration(ConfigFile.read("the same", written(alone))));
    }

    private static byte[] written(ModelConfig model) {
        return model.toJson(Map.of()).getBytes(StandardCharsets.UTF_8);
    }

    private static void assertSame(ModelConfig expected, ModelConfig found) {
        assertEquals(expected.vit(), found.vit());
        assertEquals(expected.labels(), found.labels());
    }

    /** Labels are the same after they were written as a JSON array and read again. */
    public static void labels(byte[] document) throws IOException {
        List<String> labels = Labels.parse("labels", document);
        assertEquals(labels, Labels.parse("the same", Json.write(labels).getBytes(StandardCharsets.UTF_8)));
    }

    /** Sound headers: a plain one, and one with everything that the format allows. */
    public static List<byte[]> headers() {
        return List.of(
                RawSafetensors.bytes("{\"a\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]}}", new byte[8]),
                RawSafetensors.bytes("{\"__metadata__\":{\"k\":\"\\u00e9\"},\"b\":{\"shape\":[],\"dtype\":\"BF16\",\"data_offsets\":[4,6]},"
                        + "\"a\":{\"dtype\":\"I8\",\"shape\":[2,2],\"data_offsets\":[0,4]},\"c\":{\"dtype\":\"F64\",\"shape\":[3,0],\"data_offsets\":[6,6]}}  ", new byte[6]),
                RawSafetensors.bytes("{}", new byte[0]));
    }

    /** Sound archives of one or two arrays: stored, deflated, column-major, big-endian, of a newer version. */
    public static List<byte[]> archives() {
        byte[] data = new byte[24];
        return List.of(
                new RawNpz().array("a", false, "<f4", false, "(2, 3)", data).bytes(),
                new RawNpz().array("a/b", true, "<f4", true, "(2, 3)", data).array("b", false, ">f8", false, "(3,)", data).bytes(),
                new RawNpz().entry("a.npy", true, RawNpz.npy(2, RawNpz.dictionary("<f2", false, "()"), new byte[2])).bytes());
    }

    /** A sound configuration of each form. */
    public static List<byte[]> configurations() {
        return utf8(HeaderAttackTest.CONFIGURATIONS);
    }

    /** Sound labels of each form. */
    public static List<byte[]> labelFiles() {
        return utf8("cat\ndog\n", "\uFEFFcat\r\ndog", "[\"cat\", \"dog\"]", "{\"0\":\"cat\",\"1\":\"dog\"}", "{\"0\":[\"n01440764\",\"tench\"]}", "{\"cat\":0,\"dog\":1}",
                "{\"id2label\":{\"0\":\"cat\"}}", "{\"label_names\":[\"cat\"]}", "{\"labels\":[1,2]}", "{\"label2id\":{\"cat\":0}}");
    }

    private static List<byte[]> utf8(String... texts) {
        List<byte[]> all = new ArrayList<>();
        for (String text : texts) {
            all.add(text.getBytes(StandardCharsets.UTF_8));
        }
        return all;
    }
}
