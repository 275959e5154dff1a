/** Model configurations: the fields, the three forms of {@code config.json} that are read, and class labels. */
package vit.model.weights.config;
