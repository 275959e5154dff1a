package vit.model.config;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The published sizes (Dosovitskiy et al. 2020, table 1; Ti and S from Touvron et al. 2020), under timm's names such as
 * {@code vit_base_patch16_224}. A variant is one line.
 */
public final class VitVariants {

    private static final Map<String, VitConfig> VARIANTS = new LinkedHashMap<>();
    private static final Map<String, String> LETTERS = Map.of("tiny", "Ti", "small", "S", "base", "B", "large", "L", "huge", "H");

    static {
        for (int patch : new int[] {32, 16, 14, 8}) {
            add("tiny", patch, 192, 12, 3);
            add("small", patch, 384, 12, 6);
            add("base", patch, 768, 12, 12);
            add("large", patch, 1024, 24, 16);
            add("huge", patch, 1280, 32, 16);
        }
    }

    private VitVariants() {}

    private static void add(String size, int patch, int width, int depth, int heads) {
        VARIANTS.put("vit_" + size + "_patch" + patch + "_224",
                VitConfig.builder().patch(patch).width(width).depth(depth).heads(heads).build());
    }

    /** The variant of this name, if there is one. */
    public static Optional<VitConfig> find(String name) {
        return Optional.ofNullable(VARIANTS.get(name));
    }

    /** The letters of the published size that has this width, depth, number of heads and MLP: {@code Ti}, {@code S}, {@code B}, {@code L} or {@code H}. */
    public static Optional<String> size(VitConfig config) {
        return VARIANTS.entrySet().stream().filter(entry -> entry.getValue().width() == config.width() && entry.getValue().depth() == config.depth()
                && entry.getValue().heads() == config.heads() && entry.getValue().mlp() == config.mlp()).findFirst().map(entry -> LETTERS.get(entry.getKey().split("_")[1]));
    }

    /** All names. */
    public static Set<String> names() {
        return java.util.Collections.unmodifiableSet(VARIANTS.keySet());
    }
}
