/** Position embeddings: fixed tables, and resampling of learned ones to another grid. */
package vit.model.positions;
