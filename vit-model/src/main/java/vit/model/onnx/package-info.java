/** Export to ONNX: the forward pass as a graph of standard operators with the model's weights, so that other runtimes run the same model. */
package vit.model.onnx;
