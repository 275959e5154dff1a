/** JMH benchmarks of the kernels at the Vision Transformer's shapes. */
package vit.bench;
