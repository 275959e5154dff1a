/**
 * A {@link vit.model.service.VitService} over HTTP: the Open Inference Protocol v2, images, metrics and a page. It needs Jetty, HdrHistogram and SLF4J on the class path, which
 * are optional dependencies: who embeds the library never sees them.
 */
package vit.model.serve;
