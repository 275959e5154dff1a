/** The command line: thin commands over the library. Each can also be run within another program through {@link vit.model.cli.Vit#run}. */
package vit.model.cli;
