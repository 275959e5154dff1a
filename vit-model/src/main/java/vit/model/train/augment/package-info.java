/**
 * Random changes of training images: crops, flips, RandAugment, erasing, mixup and CutMix. Every random choice is a function of seed, epoch
 * and image, so the result does not depend on the number of threads.
 *
 * <p>{@link vit.model.train.augment.Augmentation} is the entry: what is done to one image, with presets by name. {@link vit.model.train.augment.Mixing}
 * is what is done to a batch, and {@link vit.model.train.augment.ImageOperation} has the operations of RandAugment.
 */
package vit.model.train.augment;
