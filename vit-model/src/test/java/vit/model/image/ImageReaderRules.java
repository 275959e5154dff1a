package vit.model.image;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import vit.model.InputException;
import vit.model.image.format.ImageAttack;
import vit.model.json.Json;

/**
 * Rules that the readers of images, of their orientation and of preprocessing keep for any bytes. A reader may refuse the bytes with an
 * {@link InputException}, which a rule passes on; a broken rule is an {@link AssertionError}. For one thread.
 */
public final class ImageReaderRules {

    private static final ImageAttack ATTACK = new ImageAttack();

    private ImageReaderRules() {}

    /**
     * The rules of {@link ImageAttack} for an image of any format. A PNG is read a second time with mended checksums, so that changed bytes
     * get past them.
     */
    public static void image(byte[] file) {
        ATTACK.judge("an image", file, null);
        if (file.length > 8 && file[1] == 'P' && file[2] == 'N') {
            ATTACK.judge("a PNG with right checksums", ImageAttack.withRightChecksums(file), null);
        }
    }

    /** Preprocessing that is written in our own form and read again is the same. */
    public static void preprocessor(byte[] document) throws InputException {
        Optional<Preprocessing> said = PreprocessingFiles.of(Json.parse("a preprocessor", document));
        if (said.isPresent()) {
            byte[] written = Json.write(Map.of(OwnPreprocessing.FIELD, OwnPreprocessing.write(said.get()))).getBytes(StandardCharsets.UTF_8);
            Preprocessing again = PreprocessingFiles.of(Json.parse("the same", written)).orElseThrow();
            assertEquals(said.get().withName("same"), again.withName("same"));
        }
    }

    /** Sound images whose names end in one of {@code endings}. */
    public static List<byte[]> images(String... endings) {
        List<byte[]> all = new ArrayList<>();
        ImageAttack.originals().forEach((name, file) -> {
            if (Arrays.stream(endings).anyMatch(name::endsWith)) {
                all.add(file);
            }
        });
        return all;
    }

    /** Sound preprocessor files of each form. */
    public static List<byte[]> preprocessors() {
        List<byte[]> all = new ArrayList<>();
        for (String text : List.of(
                "{\"feature_extractor_type\":\"ViTFeatureExtractor\",\"do_resize\":true,\"size\":224,\"resample\":2,\"image_mean\":[0.5,0.5,0.5],\"image_std\":[0.5,0.5,0.5]}",
                "{\"image_processor_type\":\"BitImageProcessor\",\"size\":{\"shortest_edge\":256},\"crop_size\":{\"height\":224,\"width\":224},\"resample\":3,"
                        + "\"do_center_crop\":true,\"rescale_factor\":0.00392156862745098,\"do_normalize\":false,\"crop_pct\":0.875}",
                "{\"pretrained_cfg\":{\"input_size\":[3,16,16],\"interpolation\":\"bicubic\",\"crop_pct\":0.9,\"crop_mode\":\"center\",\"mean\":[0.5,0.5,0.5],\"std\":[0.5,0.5,0.5]}}",
                "{\"preprocess\":\"huggingface-vit\"}",
                "{\"preprocess\":{\"fit\":\"short_side\",\"resize\":[30,30],\"crop_fraction\":0.9,\"output\":[16,16],\"filter\":\"bilinear\",\"convention\":\"torch\",\"scale\":255.0,"
                        + "\"mean\":[0.5,0.5,0.5],\"std\":[0.5,0.5,0.5]}}")) {
            all.add(text.getBytes(StandardCharsets.UTF_8));
        }
        return all;
    }
}
