/** The BLAS in Java of dev.ludovic.netlib as two contenders. */
package vit.bench.peers.netlib;
