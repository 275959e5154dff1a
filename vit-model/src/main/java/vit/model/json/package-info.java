/**
 * Strict JSON on jackson-core's streaming parser. Documents are bounded and have no duplicate names, and every error message names file, byte and
 * field.
 */
package vit.model.json;
