/** Looks into a model: attention rollout and maps, similarity of positions, patch filters, attention distance; as numbers and as pictures. */
package vit.model.visualise;
