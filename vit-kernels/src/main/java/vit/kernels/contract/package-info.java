/** What every operation's facade does at its door: check its tensors, and feed them to the reference. Not exported. */
package vit.kernels.contract;
