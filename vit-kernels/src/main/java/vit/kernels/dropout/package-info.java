/**
 * Dropout and stochastic depth on a counter-based random number generator: whether an element is dropped is a pure
 * function of seed, stream and position, so forward and backward agree and threads cannot matter.
 */
package vit.kernels.dropout;
