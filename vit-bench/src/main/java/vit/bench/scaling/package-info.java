/**
 * A model of how a forward pass would scale with cores, and the measurement of what it needs to know. {@code vit-peers --scaling} prints predicted and
 * measured times; {@code vit-bench/docs/scaling.md} describes the model.
 */
package vit.bench.scaling;
