/**
 * The tensors of a model, enumerated in one place. The loader, the writer, the optimiser, the gradient check and {@code vit inspect} all walk the same
 * list, so a tensor that is added there is known everywhere.
 *
 * <h2>Where to begin</h2>
 * {@link vit.model.parameters.Parameters} lists the tensors of a configuration in the order of the forward pass, each a
 * {@link vit.model.parameters.Parameter} with name, shape and kind. A {@link vit.model.parameters.ParameterSource} gives their values. A weight file
 * is one, and so are a model, a training, and {@link vit.model.parameters.GeneratedWeights}; whatever takes a source takes any of them.
 */
package vit.model.parameters;
