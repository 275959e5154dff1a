/**
 * What is done to training images at random: crops, flips, RandAugment, erasing, mixup and CutMix. Every random choice is a function of seed, epoch
 * and image, so it depends on no thread.
 */
package vit.model.train.augment;
