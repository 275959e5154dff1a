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
 * timm's architectures: the arguments that each name passes to its model's class. The table {@code timm-architectures.json} has those of timm
 * 1.0.29, one architecture per line, under the names of the class's own arguments. It also has {@code img_size} (the usual image), {@code norm_eps}, and
 * {@code not_computed} for models of other classes.
 */
final class TimmArchitectures {

    private static final String TABLE = "timm-architectures.json";

    /** Parts of a name that stand for blocks of another kind; used for names that are not in the table. */
    private static final Map<String, String> OTHER_BLOCKS = Map.of("rpn", "LayerNorms after attention and MLP", "beit3", "norms inside attention and MLP", "xp", "attention and MLP in parallel",
            "rope", "rotary positions", "dinov3", "rotary positions");

    private TimmArchitectures() {}

    /** Holds the table, which is read when a name is first looked up. */
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

    /** The arguments of the architecture of this name, which has no tag after a dot; empty if it is unknown. */
    static Optional<JsonObject> find(String name) {
        try {
            return Table.ROWS.optionalObject(name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The blocks that are not computed here and that a part of an unknown name stands for; empty if no part does. */
    static Optional<String> otherBlocks(String unknown) {
        List<String> parts = Arrays.asList(unknown.split("_"));
        if (parts.stream().anyMatch(part -> part.matches("\\d+x[2-9]"))) {
            return Optional.of("several attentions and MLPs in parallel");
        }
        return parts.stream().map(OTHER_BLOCKS::get).filter(java.util.Objects::nonNull).findFirst();
    }
}
