/** The families of published weights: how each names and lays out the model's tensors. One class a family. */
package vit.model.weights.family;
