/**
 * A Vision Transformer (Dosovitskiy et al. 2020) for Java programs: load published weights, classify images, compute embeddings and attention maps,
 * train. This package is what most programs need.
 *
 * <pre>{@code
 * try (VitModel model = VitModel.load(Path.of("vit_base_patch16_224.safetensors"));
 *      VitSession session = model.newSession(SessionOptions.threads(2))) {
 *     System.out.println(session.classify(Path.of("photo.jpg")).best());
 * }
 * }</pre>
 *
 * <h2>Where to begin</h2>
 * <ol>
 * <li>{@link vit.model.VitModel} holds the weights. It is immutable and shared by all threads. {@link vit.model.VitModel#shipped} gives a small model
 *     that needs no file.
 * <li>{@link vit.model.VitSession} runs the model, one call at a time; {@link vit.model.SessionOptions} sets its threads and its batch.
 *     {@link vit.model.Prediction} is the result of a classification, {@link vit.model.AttentionMaps} what the heads attended to.
 * <li>{@link vit.model.InputException} is what a malformed file causes. {@link vit.model.SessionInUseException},
 *     {@link vit.model.SessionClosedException} and {@link vit.model.ModelClosedException} tell of calls at a wrong time, and
 *     {@link vit.model.NonFiniteException} of results that are not numbers.
 * <li>{@link vit.model.train.Trainer} trains or fine-tunes a model on images. {@link vit.model.VitTraining} is the level below it: gradients and optimiser
 *     steps, for programs with a loop of their own.
 * </ol>
 *
 * <h2>The packages</h2>
 * {@link vit.model.config} describes architectures, {@link vit.model.parameters} enumerates a model's tensors, {@link vit.model.weights} reads and
 * writes weight files, {@link vit.model.image} turns image files into the model's input, {@link vit.model.visualise} makes pictures of what a model has
 * learned, {@link vit.model.onnx} exports models to other runtimes.
 *
 * <p>The JVM needs {@code --add-modules jdk.incubator.vector}.
 */
package vit.model;
