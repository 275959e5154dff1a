/**
 * The forward pass for training, the loss, and the backward pass. {@code TrainingPass} runs the model, {@code TrainingBlock} is one block with
 * forward and backward side by side, and {@code ParameterUpdate} is the optimiser step. Not exported: {@link vit.model.VitTraining} is how users
 * run it.
 */
package vit.model.backward;
