package vit.kernels.verify.catalogue;

import vit.kernels.gemm.PackedMatrix;
import vit.kernels.gemm.PackedRows;
import vit.kernels.optim.GradientNorm;
import vit.kernels.tensor.Tensor;

/** Memory that a kernel writes. It is the same text of bits at every vector width, whatever its layout in memory. */
interface Output {

    /** What it holds, as floats. */
    float[] read();

    /** What it holds, as numbers to compare. */
    default double[] values() {
        return Doubled.of(read());
    }

    /** Puts back what an earlier {@link #read} found. */
    void write(float[] values);

    /** A tensor without what lies between its rows. */
    static Output of(Tensor tensor) {
        return new Output() {
            @Override
            public float[] read() {
                return tensor.toArray();
            }

            @Override
            public void write(float[] values) {
                tensor.copyFrom(values);
            }
        };
    }

    /** The elements row by row, because the packed layout depends on the vector width. */
    static Output of(PackedMatrix matrix) {
        return new Output() {
            @Override
            public float[] read() {
                float[] values = new float[matrix.outputs() * matrix.depth()];
                matrix.unpackRows(values);
                return values;
            }

            @Override
            public void write(float[] values) {
                matrix.packRows(values);
            }
        };
    }

    /** The first rows of packed rows, row by row. */
    static Output of(PackedRows packed, int rows) {
        return new Output() {
            @Override
            public float[] read() {
                double[] values = packed.read(rows);
                float[] floats = new float[values.length];
                for (int i = 0; i < floats.length; i++) {
                    floats[i] = (float) values[i];
                }
                return floats;
            }

            @Override
            public void write(float[] values) {
                packed.write(Doubled.of(values), rows);
            }
        };
    }

    /** A norm in double, whose bits are spread over three floats. */
    static Output of(GradientNorm norm) {
        return new Output() {
            @Override
            public float[] read() {
                double value = norm.value();
                float high = (float) value;
                float middle = (float) (value - high);
                return new float[] {high, middle, (float) (value - high - middle)};
            }

            @Override
            public double[] values() {
                return new double[] {norm.value()};
            }

            @Override
            public void write(float[] values) {
                // measured anew by every call
            }
        };
    }
}
