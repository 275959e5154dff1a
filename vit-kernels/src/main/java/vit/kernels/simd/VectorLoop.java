package vit.kernels.simd;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks a method whose loop holds Vector API code. Such a method is fast only if C2 compiles it well, and C2's conditions shape how it is written:
 * named accumulators, no helper beside the loop, an early return before the first constant, segments through
 * {@link vit.kernels.tensor.Tensor#offHeap}. {@code docs/jit-rules.md} lists these rules in order of importance, with an example of each.
 *
 * <p>{@code VectorCodeTest} reads the compiled classes, requires the mark, and checks the rules that bytecode shows.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.METHOD)
public @interface VectorLoop {}
