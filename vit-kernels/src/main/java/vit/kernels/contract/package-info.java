/** What the facade of every operation does on entry: it checks its tensors, and converts them for the reference implementation. Not exported. */
package vit.kernels.contract;
