/** ONNX Runtime as a contender. */
package vit.bench.peers.onnxruntime;
