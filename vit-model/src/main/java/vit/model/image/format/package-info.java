/**
 * Decoding of image files: JPEG, PNG, GIF, BMP, WebP, TIFF and PPM. Every file is treated as hostile: the format is recognised by content, and
 * memory and time are bounded before pixels are decoded. A damaged file is an {@link vit.model.InputException}, never half an image.
 *
 * <h2>Where to begin</h2>
 * {@link vit.model.image.format.ImageDecoder} decodes a file, a stream or an array; {@link vit.model.image.format.DecodeOptions} sets the bounds, and
 * {@link vit.model.image.format.ImageFiles} finds the images of a folder.
 */
package vit.model.image.format;
