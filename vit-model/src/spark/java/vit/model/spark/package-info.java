/**
 * Images on many machines with Apache Spark. {@link vit.model.spark.VitTransformer} and {@link vit.model.spark.VitFunction} run a model on the images of a data
 * set. This package is an artifact of its own, with the classifier {@code spark}; it stands on the class path, because Spark's jars cannot stand on a module path.
 */
package vit.model.spark;
