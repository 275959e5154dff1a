/** Training: image sources, augmentation, schedules, recipes, and the trainer. */
package vit.model.train;
