/**
 * The tensors of a model, enumerated once. {@link vit.model.parameters.Parameters} lists them in the order of the forward pass; loader, saver,
 * optimiser, gradient check and inspector all walk that list. A {@link vit.model.parameters.ParameterSource} gives their values: a weight file, a
 * model, a training session, or {@link vit.model.parameters.GeneratedWeights}.
 */
package vit.model.parameters;
