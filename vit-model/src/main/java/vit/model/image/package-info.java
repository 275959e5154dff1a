/**
 * From a file to what the model sees: decoding, Pillow-exact resampling, and the preprocessing each family of checkpoints
 * was trained with.
 */
package vit.model.image;
