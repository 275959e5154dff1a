package vit.bench.peers;

import java.io.IOException;
import java.nio.file.Path;
import vit.model.parameters.ParameterSource;

/** A contender that computes a model from a file, so that {@code vit-peers --start} can measure it from the start of a JVM to the first correct logits. */
public interface ModelFileContender extends Contender {

    /**
     * Writes a model in the form that this contender loads. It is not timed.
     *
     * @param weights the configuration and every parameter
     * @param file    to write; it does not exist
     */
    void write(ParameterSource weights, Path file) throws IOException;

    /**
     * Loads a file that {@link #write} has written, in another JVM. It is timed, and the first run after it.
     *
     * @param file what {@code write} wrote; {@code work} names no weights that were not generated anew
     * @param work the images, their number, and the threads; its weights are the file's
     */
    PreparedWork load(Path file, Work.Forward work) throws Exception;
}
