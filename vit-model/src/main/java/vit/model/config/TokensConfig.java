package vit.model.config;

import java.io.Serializable;

/**
 * The learned tokens before the patch tokens, in this order.
 *
 * @param classToken        whether a class token is the first token
 * @param distillationToken whether a second token carries DeiT's distillation head
 * @param registers         number of register tokens
 */
public record TokensConfig(boolean classToken, boolean distillationToken, int registers) implements Serializable {

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if the number of registers is negative or too large, or there is a distillation token without a class token
     */
    public TokensConfig {
        Dimensions.check("registers", registers, 0);
        Dimensions.require(!distillationToken || classToken, "a distillation token needs a class token");
    }

    /** The number of learned tokens before the patch tokens. */
    public int count() {
        return (classToken ? 1 : 0) + (distillationToken ? 1 : 0) + registers;
    }
}
