/** Jlama's tensor operations as a contender. */
package vit.bench.peers.jlama;
