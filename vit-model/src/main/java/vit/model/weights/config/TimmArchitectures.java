package vit.model.weights.config;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import vit.model.json.Json;
import vit.model.json.JsonObject;

/**
 * timm's architectures: what a name gives its model's class as arguments. The table {@code timm-architectures.json} has the facts of timm
 * 1.0.29, one name a line, under the names of the class's own arguments; beside them {@code img_size}, the usual image, {@code norm_eps}, and
 * {@code not_computed} for models of other classes.
 */
final class TimmArchitectures {

    private static final String TABLE = "timm-architectures.json";

    /** Parts of a name that stand for blocks of another kind, for names that the table does not have. */
    private static final Map<String, String> OTHER_BLOCKS = Map.of("rpn", "LayerNorms after attention and MLP", "xp", "attention and MLP in parallel",
            "rope", "rotary positions", "dinov3", "rotary positions", "clip", "a LayerNorm before the blocks", "quickgelu", "the activation quick_gelu");

    private TimmArchitectures() {}

    /** Read when a name is first looked up. */
    private static final class Table {
        static final JsonObject ROWS = read();

        private static JsonObject read() {
            try (InputStream in = TimmArchitectures.class.getResourceAsStream(TABLE)) {
                return Json.parse(TABLE, in.readAllBytes());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** The arguments of the architecture of this name, without a tag behind a point; empty if it is unknown. */
    static Optional<JsonObject> find(String name) {
        try {
            return Table.ROWS.optionalObject(name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What an unknown name says of blocks that are not computed here, if it says such a thing. */
    static Optional<String> otherBlocks(String unknown) {
        List<String> parts = Arrays.asList(unknown.split("_"));
        if (parts.stream().anyMatch(part -> part.matches("\\d+x[2-9]"))) {
            return Optional.of("several attentions and MLPs in parallel");
        }
        return parts.stream().map(OTHER_BLOCKS::get).filter(java.util.Objects::nonNull).findFirst();
    }
}
