/**
 * The configuration: everything in which Vision Transformers differ, as a small tree of immutable records. A configuration determines which
 * parameters a model has and how its forward pass runs.
 *
 * <pre>{@code
 * VitConfig base = VitVariants.find("vit_base_patch16_224").orElseThrow();
 * VitConfig larger = base.toBuilder().image(384, 384).classes(10).build();
 * }</pre>
 *
 * <h2>Where to begin</h2>
 * {@link vit.model.config.VitConfig} is the root. Its components are in the order of the forward pass: stem, tokens, positions, block, pool, head; read
 * {@link vit.model.config.BlockConfig} next. {@link vit.model.config.VitVariants} has the published sizes, and
 * {@link vit.model.config.ForwardCost} counts the arithmetic of a configuration.
 */
package vit.model.config;
