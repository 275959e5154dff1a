package vit.model.config;

/**
 * The learned tokens that stand before the patch tokens, in this order.
 *
 * @param classToken        whether a class token is the first token
 * @param distillationToken whether a second token carries DeiT's distillation head
 * @param registers         number of register tokens
 */
public record TokensConfig(boolean classToken, boolean distillationToken, int registers) {

    public TokensConfig {
        Dimensions.check("registers", registers, 0);
        Dimensions.require(!distillationToken || classToken, "a distillation token needs a class token");
    }

    /** The number of these tokens. */
    public int count() {
        return (classToken ? 1 : 0) + (distillationToken ? 1 : 0) + registers;
    }
}
