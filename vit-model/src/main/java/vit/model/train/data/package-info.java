/**
 * Where training images come from: folders of class folders, splits, caches, and the loader that makes batches of them ahead of time.
 */
package vit.model.train.data;
