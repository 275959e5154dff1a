/**
 * The forward pass for training, the loss, and the backward pass. Not exported: {@link vit.model.VitTraining} is how users run it.
 *
 * <p>A first reader takes {@code TrainingBlock}, one block with forward and backward side by side, then {@code TrainingPass}, which runs the whole
 * model, then {@code ParameterUpdate}, the optimiser step. {@code BlockState} is what a block keeps from forward for backward.
 */
package vit.model.backward;
