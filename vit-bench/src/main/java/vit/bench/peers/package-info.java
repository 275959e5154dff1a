/**
 * Runs the same work on other runtimes, in one process and in turn. {@link vit.bench.peers.Contender} is what a runtime implements to take part,
 * {@link vit.bench.peers.VitPeers} the program, and {@link vit.bench.peers.Duel} the way of measuring.
 */
package vit.bench.peers;
