/** The Vision Transformer: configuration, parameters, model, session. */
package vit.model;
