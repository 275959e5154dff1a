/** OpenBLAS as a contender. */
package vit.bench.peers.openblas;
