package vit.model.cli;

import java.util.Arrays;
import java.util.stream.IntStream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;
import vit.kernels.tensor.Shape;
import vit.model.FeatureRequest;
import vit.model.Features;
import vit.model.config.VitConfig;

/**
 * {@code --what}: which vectors of an image to give.
 *
 * @param name  as given
 * @param block the number of the block, or −1
 */
record WhatOption(String name, int block) {

    static final WhatOption EMBEDDING = new WhatOption("embedding", -1);
    static final WhatOption POOLED = new WhatOption("pooled", -1);

    private static final String PATCHES = "patches";
    private static final String TOKENS = "tokens";
    private static final String LAYERS = "layers";
    private static final String BLOCK = "block:";

    FeatureRequest request(VitConfig config) {
        return switch (name) {
            case "embedding" -> FeatureRequest.embedding();
            case "pooled" -> FeatureRequest.pooled();
            case PATCHES -> FeatureRequest.patches();
            case TOKENS -> FeatureRequest.blocks(config.depth() - 1);
            case LAYERS -> FeatureRequest.blocks(IntStream.range(0, config.depth()).toArray());
            default -> FeatureRequest.blocks(block);
        };
    }

    /** The shape of what an image has. */
    Shape shape(VitConfig config) {
        return switch (name) {
            case "embedding" -> Shape.of(config.embeddingWidth());
            case "pooled" -> Shape.of(config.pooledWidth());
            case PATCHES -> Shape.of(config.gridHeight(), config.gridWidth(), config.width());
            case LAYERS -> Shape.of(config.depth(), config.tokens(), config.width());
            default -> Shape.of(config.tokens(), config.width());
        };
    }

    /** What {@link #request} asked for. */
    float[] values(Features features) {
        return switch (name) {
            case "embedding" -> features.embedding();
            case "pooled" -> features.pooled();
            case PATCHES -> features.patches();
            case TOKENS -> features.block(features.config().depth() - 1);
            case LAYERS -> layers(features);
            default -> features.block(block);
        };
    }

    /** The tokens of all blocks, one after the other. */
    private static float[] layers(Features features) {
        int depth = features.config().depth();
        int each = features.config().tokens() * features.config().width();
        float[] all = new float[Math.multiplyExact(depth, each)];
        for (int i = 0; i < depth; i++) {
            System.arraycopy(features.block(i), 0, all, i * each, each);
        }
        return all;
    }

    /** The field of JSON that holds it. */
    String field() {
        return block < 0 ? name : "block";
    }

    /** Refuses a block that the model does not have. */
    void check(VitConfig config) throws CommandException {
        if (block >= config.depth() || config.depth() == 0 && (name.equals(TOKENS) || name.equals(LAYERS))) {
            throw new CommandException("--what " + name + ": the model has " + config.depth() + " blocks, counted from 0",
                    config.depth() == 0 ? "use --what embedding" : "name one of block:0 to block:" + (config.depth() - 1));
        }
    }

    /** Reads the option's value. */
    static final class Converter implements ITypeConverter<WhatOption> {
        @Override
        public WhatOption convert(String value) {
            if (Arrays.asList("embedding", "pooled", PATCHES, TOKENS, LAYERS).contains(value)) {
                return new WhatOption(value, -1);
            }
            if (value.startsWith(BLOCK) && value.substring(BLOCK.length()).matches("\\d{1,6}")) {
                return new WhatOption(value, Integer.parseInt(value.substring(BLOCK.length())));
            }
            throw new TypeConversionException("expected embedding, pooled, patches, tokens, layers or block:N, found '" + value + "'");
        }
    }
}
