/** The command line: thin commands over the library, each usable in-process through {@link vit.model.cli.Vit#run}. */
package vit.model.cli;
