/**
 * Position embeddings: {@link vit.model.positions.SinCosPositions} computes the fixed table of sines and cosines, and
 * {@link vit.model.positions.PositionResampling} carries learned embeddings over to another grid of patches, so that a model takes images of another
 * size than it was trained on. {@link vit.model.LoadOptions#withImage} is the usual way to ask for that.
 */
package vit.model.positions;
