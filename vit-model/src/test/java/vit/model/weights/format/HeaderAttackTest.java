package vit.model.weights.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import vit.model.InputException;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameters;
import vit.model.weights.Weights;

/**
 * Attacks the readers of weights and configurations with mutants that are made from seeds. For headers of safetensors, an independent oracle
 * judges each mutant: whether it must be refused, and otherwise what it says. A file for everything that an attack has found is kept in {@code
 * findings/}; its name begins with {@code refused-} or {@code accepted-}, whichever is right.
 */
public class HeaderAttackTest {

    private static final int MOST_SHOWN = 5;

    private final HeaderReader reader = new HeaderReader();

    private void attackHeaders(long first, int count) throws IOException {
        int accepted = 0;
        TreeSet<String> classes = new TreeSet<>();
        List<String> wrong = new ArrayList<>();
        for (long seed = first; seed < first + count; seed++) {
            MutatedHeaders.Mutant mutant = MutatedHeaders.of(seed);
            classes.addAll(mutant.classes());
            Map<String, String> right = HeaderOracle.judge(mutant.file());
            Map<String, String> found;
            try {
                found = reader.read(mutant.file());
            } catch (IOException | RuntimeException | StackOverflowError e) {
                found = Map.of("", e.toString());
            }
            accepted += right == null ? 0 : 1;
            if (right == null ? found != null : !right.equals(found)) {
                wrong.add("seed " + seed + " " + mutant.classes() + ": right is " + right + ", found " + found + " in "
                        + new String(mutant.file(), StandardCharsets.ISO_8859_1));
                if (wrong.size() == MOST_SHOWN) {
                    break;
                }
            }
        }
        System.out.printf("headers: %,d mutants of seeds from %d, %d classes of mutations, %,d to be accepted, %d judged wrongly%n", count, first, classes.size(), accepted,
                wrong.size());
        assertEquals(List.of(), wrong);
        assertEquals(MutatedHeaders.classes(), classes.size());
        assertTrue(accepted > count / 10 && accepted < count * 9 / 10, "the attack is blunt: " + accepted + " of " + count);
    }

    @Test
    void mutatedHeadersAreJudgedAsTheOracleJudgesThem() throws IOException {
        attackHeaders(1, 60_000);
    }

    @Test
    @Tag("heavy")
    void tenMillionMutatedHeadersAreJudgedAsTheOracleJudgesThem() throws IOException {
        attackHeaders(1_000_000_000L, 10_000_000);
    }

    /** The oracle is tested with headers that were judged by hand. */
    @Test
    void theOracleJudgesKnownHeaders() {
        String sound = "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]},\"__metadata__\":{\"k\":\"v\"}}";
        assertEquals(Map.of("a", "F32[1, 2]@" + (8 + sound.length())), HeaderOracle.judge(RawSafetensors.bytes(sound, new byte[8])));
        assertNotNull(HeaderOracle.judge(RawSafetensors.bytes(sound.replace("{\"k\":\"v\"}", "null") + "   ", new byte[8])));
        for (String broken : List.of(sound.replace("[0,8]", "[-0,8]"), sound.replace("[0,8]", "[0,8.0]"), sound.replace("[0,8]", "[0,9]"), sound.replace("F32", "F31"),
                sound.replace("\"a\"", "\"\\uD800\""), sound + "x", " " + sound, sound.replace("]", ",]"), sound.replace("[1,2]", "[01,2]"), sound.replace("\"v\"", "1"))) {
            assertNull(HeaderOracle.judge(RawSafetensors.bytes(broken, new byte[8])), broken);
        }
        assertNull(HeaderOracle.judge(RawSafetensors.bytes(sound, new byte[9])));
    }

    @Test
    void everyFindingStaysMended() throws Exception {
        int files = 0;
        try (Stream<Path> findings = Files.list(Path.of(HeaderAttackTest.class.getResource("findings").toURI()))) {
            for (Path finding : findings.toList()) {
                byte[] file = Files.readAllBytes(finding);
                boolean refused = finding.getFileName().toString().startsWith("refused-");
                assertEquals(refused, HeaderOracle.judge(file) == null, "the oracle on " + finding);
                assertEquals(HeaderOracle.judge(file), reader.read(file), finding.toString());
                files++;
            }
        }
        assertTrue(files >= 8, "findings are missing");
    }

    private static final String[] VALUES = {"null", "true", "false", "0", "-1", "-0", "1", "3", "8", "1e308", "1e999", "0.5", "2147483648", "9223372036854775808", "\"\"", "\"x\"", "\"8\"", "\"timm\"",
        "[]", "[8]", "[8,8]", "[3,16,16]", "[[8]]", "{}", "{\"0\":\"a\"}", "{\"a\":[1]}", "\"\\uD800\"", "NaN"};

    /** One configuration of each form. */
    public static final String[] CONFIGURATIONS = {BrokenFiles.CONFIG,
        "{\"model_type\":\"vit\",\"architectures\":[\"ViTForImageClassification\"],\"hidden_size\":8,\"num_hidden_layers\":1,\"num_attention_heads\":2,\"intermediate_size\":12,\"image_size\":16,"
            + "\"patch_size\":8,\"num_channels\":3,\"layer_norm_eps\":1e-12,\"hidden_act\":\"gelu\",\"qkv_bias\":true,\"id2label\":{\"0\":\"a\",\"1\":\"b\",\"2\":\"c\"}}",
        "{\"architecture\":\"vit_tiny_test\",\"num_classes\":3,\"num_features\":8,\"global_pool\":\"token\",\"model_args\":{\"img_size\":16,\"patch_size\":8,\"embed_dim\":8,\"depth\":1,"
            + "\"num_heads\":2,\"mlp_ratio\":1.5},\"pretrained_cfg\":{\"input_size\":[3,16,16],\"interpolation\":\"bicubic\",\"crop_pct\":0.9,\"mean\":[0.5,0.5,0.5],\"std\":[0.5,0.5,0.5]},"
            + "\"label_names\":[\"a\",\"b\",\"c\"]}"};

    /** A configuration in which values, fields or bytes are replaced. */
    private static byte[] mutatedConfiguration(Random random) {
        String text = CONFIGURATIONS[random.nextInt(CONFIGURATIONS.length)];
        for (int i = random.nextInt(3); i >= 0; i--) {
            List<int[]> values = new ArrayList<>();
            var matcher = java.util.regex.Pattern.compile("(?<=[:,\\[])(\"[^\"]*\"(?!:)|-?[0-9.e-]+|true|false|\\[[^\\[\\]]*\\]|\\{[^{}]*\\})").matcher(text);
            while (matcher.find()) {
                values.add(new int[] {matcher.start(), matcher.end()});
            }
            if (!values.isEmpty()) {
                int[] value = values.get(random.nextInt(values.size()));
                text = text.substring(0, value[0]) + VALUES[random.nextInt(VALUES.length)] + text.substring(value[1]);
            }
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (random.nextInt(4) == 0) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
        }
        return bytes;
    }

    private static byte[] mutatedArchive(Random random) {
        byte[] file = BrokenFiles.npz(BrokenFiles.tensors(), random.nextBoolean());
        int directory = file.length - 1 - random.nextInt(Math.min(1800, file.length));
        for (int i = random.nextInt(4); i >= 0; i--) {
            int at = random.nextInt(3) > 0 ? Math.min(file.length - 1, directory + random.nextInt(64)) : random.nextInt(file.length);
            file[at] = random.nextBoolean() ? (byte) random.nextInt(256) : (byte) (file[at] ^ 1 << random.nextInt(8));
        }
        return random.nextInt(8) == 0 ? java.util.Arrays.copyOf(file, random.nextInt(file.length)) : file;
    }

    /** Opens mutants and reads every parameter, as loading a model does. */
    private static void attackModels(long first, int count) {
        byte[] sound = BrokenFiles.safetensors(BrokenFiles.tensors());
        byte[] config = BrokenFiles.CONFIG.getBytes(StandardCharsets.UTF_8);
        int accepted = 0;
        List<String> wrong = new ArrayList<>();
        for (long seed = first; seed < first + count && wrong.size() < MOST_SHOWN; seed++) {
            Random random = new Random(seed);
            boolean archive = random.nextBoolean();
            byte[] weights = archive ? mutatedArchive(random) : sound;
            byte[] stated = archive ? config : mutatedConfiguration(random);
            try (Weights opened = Weights.open(weights, stated)) {
                for (Parameter parameter : Parameters.of(opened.config()).list()) {
                    opened.read(parameter, new float[Math.toIntExact(parameter.shape().size())]);
                }
                accepted++;
            } catch (InputException e) {
                continue;
            } catch (IOException | RuntimeException | StackOverflowError | OutOfMemoryError e) {
                wrong.add("seed " + seed + (archive ? " (archive): " : " " + new String(stated, StandardCharsets.UTF_8) + ": ") + e);
            }
        }
        System.out.printf("archives and configurations: %,d mutants of seeds from %d, %,d loaded, %d with another fault than InputException%n", count, first, accepted, wrong.size());
        assertEquals(List.of(), wrong);
        assertTrue(accepted > 0);
    }

    @Test
    void mutatedArchivesAndConfigurationsGiveAModelOrAnInputException() {
        attackModels(1, 3_000);
    }

    @Test
    @Tag("heavy")
    void aMillionMutatedArchivesAndConfigurationsGiveAModelOrAnInputException() {
        attackModels(1_000_000_000L, 1_000_000);
    }
}
