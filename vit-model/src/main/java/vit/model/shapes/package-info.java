/**
 * Labelled images that the project draws itself, from a seed and without end. The shipped model and {@code vit demo} learn from them, and
 * so can tests that need images but no files.
 *
 * <p>{@link vit.model.shapes.ShapeImages} draws; {@link vit.model.shapes.ShapeKind} lists the twelve classes; {@link vit.model.shapes.ShapeSource} offers
 * the images to a trainer, and {@link vit.model.shapes.ShapeLearning} has the recipes of the shipped model and of the demo.
 */
package vit.model.shapes;
