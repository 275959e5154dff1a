package vit.model.onnx;

import vit.kernels.tensor.Shape;
import vit.model.parameters.Parameter;

/** A constant tensor of the graph, little-endian, row-major. */
sealed interface Initializer {

    String name();

    long[] dimensions();

    /** Bytes of all elements. */
    long bytes();

    /** The type of the elements, by ONNX's numbers. */
    default int type() {
        return FLOAT;
    }

    /** Element types, by ONNX's numbers. */
    int FLOAT = 1;
    int INT8 = 3;
    int INT64 = 7;

    /** One that is made of a parameter, which is read when the file is written. */
    sealed interface OfParameter extends Initializer {
        Parameter parameter();
    }

    /** A learned tensor, streamed from the source when the file is written. If {@code transposed}, a matrix (out, in) is written as (in, out). */
    record Learned(String name, Parameter parameter, boolean transposed) implements OfParameter {
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

    /** The elements of an {@link Int8Kernel}, (in, out). */
    record Int8Elements(String name, Parameter parameter) implements OfParameter {
        @Override
        public long[] dimensions() {
            return new long[] {parameter.in(), parameter.out()};
        }

        @Override
        public long bytes() {
            return parameter.shape().size();
        }

        @Override
        public int type() {
            return INT8;
        }
    }

    /** The scales of an {@link Int8Kernel}, (out). */
    record Int8Scales(String name, Parameter parameter) implements OfParameter {
        @Override
        public long[] dimensions() {
            return new long[] {parameter.out()};
        }

        @Override
        public long bytes() {
            return (long) parameter.out() * Float.BYTES;
        }
    }

    /** The offsets of {@code count} outputs, which are all zero. */
    record Int8Zeros(String name, int count) implements Initializer {
        @Override
        public long[] dimensions() {
            return new long[] {count};
        }

        @Override
        public long bytes() {
            return count;
        }

        @Override
        public int type() {
            return INT8;
        }
    }

    /** A small table of whole numbers: shapes, axes. */
    record Integers(String name, long[] dimensions, long[] values) implements Initializer {
        @Override
        public long bytes() {
            return (long) values.length * Long.BYTES;
        }

        @Override
        public int type() {
            return INT64;
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
