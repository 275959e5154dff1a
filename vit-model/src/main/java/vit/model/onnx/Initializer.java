package vit.model.onnx;

import vit.kernels.tensor.Shape;
import vit.model.parameters.Parameter;

/** A constant tensor of the graph. Its elements are 4 or 8 bytes, little-endian, row-major. */
sealed interface Initializer {

    String name();

    long[] dimensions();

    /** Bytes of all elements. */
    long bytes();

    /** Element types, by ONNX's numbers. */
    int FLOAT = 1;
    int INT64 = 7;

    /** A learned tensor, streamed from the source when the file is written. If {@code transposed}, a matrix (out, in) is written as (in, out). */
    record Learned(String name, Parameter parameter, boolean transposed) implements Initializer {
        @Override
        public long[] dimensions() {
            Shape shape = parameter.shape();
            if (transposed) {
                return new long[] {parameter.in(), parameter.out()};
            }
            long[] dimensions = new long[shape.rank()];
            for (int i = 0; i < dimensions.length; i++) {
                dimensions[i] = shape.dimension(i);
            }
            return dimensions;
        }

        @Override
        public long bytes() {
            return parameter.shape().size() * Float.BYTES;
        }
    }

    /** A small table of whole numbers: shapes, axes. */
    record Integers(String name, long[] dimensions, long[] values) implements Initializer {
        @Override
        public long bytes() {
            return (long) values.length * Long.BYTES;
        }
    }

    /** A table of numbers that is not a parameter: scales, fixed positions. */
    record Reals(String name, long[] dimensions, float[] values) implements Initializer {
        @Override
        public long bytes() {
            return (long) values.length * Float.BYTES;
        }
    }
}
