/**
 * Runs the same work on other runtimes, in one process and in turn: ONNX Runtime, PyTorch, MKL, OpenBLAS. Only the profile {@code peers} builds it.
 * {@link vit.bench.peers.VitPeers} is the program and {@link vit.bench.peers.Duel} the way of measuring.
 */
package vit.bench.peers;
