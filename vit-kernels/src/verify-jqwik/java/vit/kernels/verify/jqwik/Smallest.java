package vit.kernels.verify.jqwik;

import java.util.function.Function;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import net.jqwik.api.Shrinkable;
import net.jqwik.api.ShrinkingDistance;

/**
 * A value that shrinks to the first of all smaller ones that fails too. Faults of kernels depend on remainders, so halving the distance, as numbers
 * usually shrink, would step over the sizes that fail.
 *
 * @param value   the value
 * @param smaller all values to try in its place, the smallest first
 * @param size    a number that is less for each of these
 */
record Smallest<T>(T value, Function<T, Stream<T>> smaller, ToLongFunction<T> size) implements Shrinkable<T> {

    @Override
    public Stream<Shrinkable<T>> shrink() {
        return smaller.apply(value).filter(other -> size.applyAsLong(other) < size.applyAsLong(value)).map(other -> new Smallest<>(other, smaller, size));
    }

    @Override
    public ShrinkingDistance distance() {
        return ShrinkingDistance.of(size.applyAsLong(value));
    }
}
