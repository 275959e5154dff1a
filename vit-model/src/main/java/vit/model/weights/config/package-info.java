/**
 * Model configurations in files: the table of fields ({@code ConfigField}), the three forms of {@code config.json} that are read (Hugging Face's, timm's
 * and our own), and class labels. Not exported.
 */
package vit.model.weights.config;
