/**
 * Where training images come from: folders of class folders, splits, caches, and the loader that makes batches of them ahead of time.
 *
 * <p>{@link vit.model.train.data.ImageSource} is the interface: labelled images by index. {@link vit.model.train.data.TrainingData} opens a data set's
 * folder, {@link vit.model.train.data.ImageFolder} a folder of class folders, and {@link vit.model.train.data.Split} divides a source into training and
 * validation images. {@link vit.model.train.data.BatchLoader} is used by the trainer.
 */
package vit.model.train.data;
