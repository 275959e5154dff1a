/** The linear layer, y = x·Wᵀ + b. */
package vit.kernels.linear;
