package vit.model.spark;

import java.io.Serializable;

/**
 * Makes the result of an element of a partition from what the model said about its image.
 *
 * @param <T> the elements
 * @param <R> the results
 */
@FunctionalInterface
public interface AnswerWriter<T, R> extends Serializable {

    /** The result of {@code element}. What this throws ends the task. */
    R result(T element, ImageAnswer answer);
}
