/**
 * The configuration: everything in which Vision Transformers differ, as a small tree of records. {@link vit.model.config.VitConfig} is its root, in
 * the order of the forward pass: stem, tokens, positions, block, pool, head. {@link vit.model.config.VitVariants} has the published sizes, and
 * {@link vit.model.config.ForwardCost} counts the arithmetic of a configuration.
 *
 * <p>A first reader takes {@code VitConfig}, then {@code BlockConfig}.
 */
package vit.model.config;
