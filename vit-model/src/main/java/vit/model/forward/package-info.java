/**
 * The forward pass for inference, planned for a largest batch. {@code VitForward} runs the model from images to logits, {@code PooledBlock} is
 * its last block where only some tokens are looked at, and {@code VitWeights} are the weights as the kernels read them. Not exported: a session
 * is how users run it. The same steps with what the backward pass needs stand in {@code vit.model.backward}.
 */
package vit.model.forward;
