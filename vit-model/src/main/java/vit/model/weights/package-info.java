/**
 * Weight files and what they mean: which format a file has, which library named its tensors, which configuration they make.
 *
 * <pre>{@code
 * try (Weights weights = Weights.open(Path.of("model.safetensors"), null)) {
 *     System.out.println(weights.config() + " " + weights.report().warnings());
 *     WeightsWriter.write(Path.of("copy.safetensors"), weights, Map.of());
 * }
 * }</pre>
 *
 * <h2>Where to begin</h2>
 * {@link vit.model.weights.Weights} is an open weight file whose tensors are matched to a model's parameters. Programs that only run models do not need
 * it: {@link vit.model.VitModel#load(java.nio.file.Path)} uses it. {@link vit.model.weights.WeightsReport} says what was ignored and what was assumed,
 * {@link vit.model.weights.ModelConfig} is a configuration with labels, and {@link vit.model.weights.WeightsWriter} saves. All files are
 * treated as hostile; a malformed one is an {@link vit.model.InputException}.
 */
package vit.model.weights;
