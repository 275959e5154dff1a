/** Weight files and what they mean: formats, families of tensor names, configurations, loading and saving. */
package vit.model.weights;
