/**
 * The families of published weights: how each library names and lays out a model's tensors. There is one class per family. To add one, read
 * {@code WeightFamily}, then {@code Torchvision}, the shortest; {@code TensorView} ties a file's tensor to a parameter. Not exported.
 */
package vit.model.weights.family;
