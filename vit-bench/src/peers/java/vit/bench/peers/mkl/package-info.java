/** Intel's MKL as a contender. */
package vit.bench.peers.mkl;
