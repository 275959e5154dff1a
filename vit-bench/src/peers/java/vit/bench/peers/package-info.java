/** The same work on other runtimes, in one process and in turn: ONNX Runtime, PyTorch, MKL, OpenBLAS. Built by profile {@code peers}. */
package vit.bench.peers;
