/**
 * Export to ONNX: {@link vit.model.onnx.OnnxExport} writes the forward pass as a graph of standard operators, together with the model's weights, so that
 * other runtimes run the same model.
 *
 * <!-- given: VitModel model -->
 * <pre>{@code
 * OnnxExport.write(model, Path.of("model.onnx"));
 * }</pre>
 */
package vit.model.onnx;
