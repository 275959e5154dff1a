/**
 * Image files and how they are decoded: JPEG, PNG, GIF, BMP, WebP, TIFF, PPM. {@link vit.model.image.format.ImageDecoder} is the entry;
 * {@link vit.model.image.format.DecodeOptions} bounds the memory and the time of a decode. Everything here treats its input as hostile.
 */
package vit.model.image.format;
