package vit.kernels.simd;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks a method that takes or returns vectors. C2 must inline it into the {@linkplain VectorLoop loop} that calls it; otherwise every vector that is
 * passed is boxed. So it must be called in every iteration of that loop, or be small. {@code docs/jit-rules.md} says how small; {@code
 * VectorCodeTest} checks it.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.METHOD)
public @interface VectorHelper {}
