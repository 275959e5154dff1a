/** The messages of the Open Inference Protocol v2 over REST, with its extensions for binary tensors and scheduling: read, checked and written, without HTTP. */
package vit.model.serve.protocol;
