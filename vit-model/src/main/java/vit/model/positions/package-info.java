/**
 * Position embeddings: {@link vit.model.positions.SinCosPositions} computes the fixed tables of sines and cosines,
 * {@link vit.model.positions.AxisPositions} joins a learned table for columns and one for rows, and
 * {@link vit.model.positions.PositionResampling} carries learned embeddings over to another grid of patches, so that a model takes images of another
 * size than it was trained on. {@link vit.model.LoadOptions#withImage} is the usual way to ask for that.
 */
package vit.model.positions;
