/** Strict JSON on jackson-core's streaming parser: bounded, without duplicates, every complaint with file, byte and field. */
package vit.model.json;
