package vit.bench.peers;

import java.util.Set;

/**
 * A runtime that {@code vit-peers} compares with this project. {@link java.util.ServiceLoader} finds it: its jar names the class in
 * {@code META-INF/services/vit.bench.peers.Contender}, and the class is public with a public constructor without parameters. The jar is given with
 * {@code vit-peers --class-path} or in the environment variable {@code VIT_PEERS_CLASSPATH}. {@code vit-bench/docs/contender.md} has a complete example.
 *
 * <p>An instance is made whenever the program starts, even if the contender is not wanted. So the constructor, {@link #name} and {@link #kinds} should load no
 * native library. What {@link #prepare} throws becomes a row of the table that says why the contender was not measured. All methods are called by one thread.
 */
public interface Contender {

    /** The name by which {@code --peers} picks it: lower-case letters, digits and hyphens, for example {@code onnxruntime}. */
    String name();

    /** The kinds of work that it can do, at least one. */
    Set<Work.Kind> kinds();

    /**
     * Prepares a piece of work: loads libraries, lays out operands, compiles. None of it is timed.
     *
     * @param work its kind is one of {@link #kinds}; its arrays belong to the program and must not be changed
     * @return the work, ready to be run many times; the program closes it
     * @throws UnsupportedOperationException if this contender cannot do this piece of the kind, for example a model with a part that it does not know; the
     *                                       message says which
     * @throws Exception                     if it is not present on this machine, or fails
     */
    PreparedWork prepare(Work work) throws Exception;
}
