/** The readers of untrusted files as targets of a fuzzer, with the rule that each keeps, and the replay of what a fuzzer found. */
package vit.model.fuzz;
