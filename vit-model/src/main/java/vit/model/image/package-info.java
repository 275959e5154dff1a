/**
 * From an image file to the input of a model: decoding, resampling that agrees with Pillow to the bit, and the preprocessing with which each
 * family of checkpoints was trained.
 *
 * <!-- given: VitModel model, float[] pixels -->
 * <pre>{@code
 * RgbImage image = ImageDecoder.decode(Path.of("photo.jpg"));          // vit.model.image.format
 * model.preprocessing().apply(image, 224, 224, pixels, 0);             // (3, 224, 224), normalised
 * }</pre>
 *
 * <h2>Where to begin</h2>
 * {@link vit.model.VitSession#classify(java.nio.file.Path)} does all of this by itself. To prepare images on your own, take
 * {@link vit.model.image.Preprocessing}: resize, crop, resampling filter and {@link vit.model.image.Normalization} in one record.
 * {@link vit.model.image.PreprocessingFiles} reads it from a model's files. {@link vit.model.image.RgbImage} is a decoded image;
 * {@link vit.model.image.format.ImageDecoder} makes one of a file.
 */
package vit.model.image;
