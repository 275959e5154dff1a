package vit.model.cli;

import java.util.Arrays;
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
    private static final String BLOCK = "block:";

    FeatureRequest request() {
        return switch (name) {
            case "embedding" -> FeatureRequest.embedding();
            case "pooled" -> FeatureRequest.pooled();
            case PATCHES -> FeatureRequest.patches();
            default -> FeatureRequest.blocks(block);
        };
    }

    /** The shape of what an image has. */
    Shape shape(VitConfig config) {
        return switch (name) {
            case "embedding" -> Shape.of(config.embeddingWidth());
            case "pooled" -> Shape.of(config.pooledWidth());
            case PATCHES -> Shape.of(config.gridHeight(), config.gridWidth(), config.width());
            default -> Shape.of(config.tokens(), config.width());
        };
    }

    /** What {@link #request} asked for. */
    float[] values(Features features) {
        return switch (name) {
            case "embedding" -> features.embedding();
            case "pooled" -> features.pooled();
            case PATCHES -> features.patches();
            default -> features.block(block);
        };
    }

    /** The field of JSON that holds it. */
    String field() {
        return block < 0 ? name : "block";
    }

    /** Refuses a block that the model does not have. */
    void check(VitConfig config) throws CommandException {
        if (block >= config.depth()) {
            throw new CommandException("--what " + name + ": the model has " + config.depth() + " blocks, counted from 0",
                    config.depth() == 0 ? "use --what embedding" : "name one of block:0 to block:" + (config.depth() - 1));
        }
    }

    /** Reads the option's value. */
    static final class Converter implements ITypeConverter<WhatOption> {
        @Override
        public WhatOption convert(String value) {
            if (Arrays.asList("embedding", "pooled", PATCHES).contains(value)) {
                return new WhatOption(value, -1);
            }
            if (value.startsWith(BLOCK) && value.substring(BLOCK.length()).matches("\\d{1,6}")) {
                return new WhatOption(value, Integer.parseInt(value.substring(BLOCK.length())));
            }
            throw new TypeConversionException("expected embedding, pooled, patches or block:N, found '" + value + "'");
        }
    }
}
