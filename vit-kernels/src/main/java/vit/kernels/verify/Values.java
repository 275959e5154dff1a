package vit.kernels.verify;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import vit.kernels.tensor.Tensor;

/** Classes of input values with which kernels are tried. A seed decides the values, so a case can be repeated. */
public enum Values {
    /** Normally distributed with deviation 1. */
    ORDINARY {
        @Override
        float next(Random random) {
            return (float) random.nextGaussian();
        }
    },
    /** Values of very different sizes, 2⁻²⁰ to 2⁶, and of both signs. */
    SPREAD {
        @Override
        float next(Random random) {
            return (float) Math.scalb(random.nextGaussian(), random.nextInt(27) - 20);
        }
    },
    /** Values around 0 of the smallest sizes: zeros of both signs, subnormals, the least normal floats. */
    TINY {
        @Override
        float next(Random random) {
            return Float.intBitsToFloat(random.nextInt(0x0100_0000) | random.nextInt(2) << 31);
        }
    },
    /** All elements of a row equal. */
    EQUAL {
        @Override
        float next(Random random) {
            return (float) random.nextGaussian() * 100;
        }

        @Override
        void fillRow(float[] row, Random random) {
            Arrays.fill(row, next(random));
        }
    },
    /** Values whose distance from 0 is large compared with their distance from one another. */
    SHIFTED {
        @Override
        float next(Random random) {
            return 1000f + (float) random.nextGaussian();
        }
    },
    /** Zeros of both signs only. */
    ZEROS {
        @Override
        float next(Random random) {
            return random.nextBoolean() ? 0f : -0f;
        }
    },
    /** Few different values, so that most of them occur several times in a row, the largest among them. */
    TIES {
        @Override
        float next(Random random) {
            return random.nextInt(5) - 2;
        }
    },
    /** Subnormals of both signs only. */
    SUBNORMAL {
        @Override
        float next(Random random) {
            return Float.intBitsToFloat(1 + random.nextInt(0x007f_ffff) | random.nextInt(2) << 31);
        }
    },
    /** Values of both signs whose products overflow, 2¹⁰⁰ to 2¹²⁷. */
    HUGE {
        @Override
        float next(Random random) {
            return Math.scalb(1 + random.nextFloat(), 100 + random.nextInt(28)) * (random.nextBoolean() ? 1 : -1);
        }
    },
    /** Infinities of both signs among ordinary values. */
    INFINITE {
        @Override
        float next(Random random) {
            return random.nextInt(4) > 0 ? (float) random.nextGaussian() : random.nextBoolean() ? Float.POSITIVE_INFINITY : Float.NEGATIVE_INFINITY;
        }
    },
    /** NaN among ordinary values. */
    NAN {
        @Override
        float next(Random random) {
            return random.nextInt(4) > 0 ? (float) random.nextGaussian() : Float.NaN;
        }
    },
    /** Zeros of both signs, subnormals, extremes, infinities and NaN, and ordinary values between them. */
    SPECIAL {
        private static final float[] SPECIALS = {
            0f, -0f, Float.MIN_VALUE, -Float.MIN_VALUE, Float.MIN_NORMAL, -1.1e-39f, 1f, -1f, Float.MAX_VALUE, -Float.MAX_VALUE,
            Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN
        };

        @Override
        float next(Random random) {
            float ordinary = (float) random.nextGaussian();
            return random.nextInt(3) > 0 ? SPECIALS[random.nextInt(SPECIALS.length)] : ordinary;
        }
    };

    /** Classes of finite values whose squares and sums are finite floats, which every kernel computes within its bound. The simplest comes first. */
    public static final List<Values> MODERATE = List.of(ORDINARY, SPREAD, TINY, EQUAL, SHIFTED, ZEROS, TIES, SUBNORMAL);

    /** All classes, for kernels that define what they do with overflow, infinities and NaN. */
    public static final List<Values> ALL = List.of(values());

    abstract float next(Random random);

    void fillRow(float[] row, Random random) {
        for (int column = 0; column < row.length; column++) {
            row[column] = next(random);
        }
    }

    /** Fills the tensor row by row and returns it. */
    public Tensor fill(Tensor tensor, Random random) {
        float[] row = new float[tensor.columns()];
        for (int i = 0; i < tensor.rows(); i++) {
            fillRow(row, random);
            for (int column = 0; column < row.length; column++) {
                tensor.set(i, column, row[column]);
            }
        }
        return tensor;
    }

    /** A dense matrix of {@code rows} rows of {@code columns} floats with such values. */
    public float[] matrix(int rows, int columns, Random random) {
        float[] values = new float[Math.multiplyExact(rows, columns)];
        float[] row = new float[columns];
        for (int i = 0; i < rows; i++) {
            fillRow(row, random);
            System.arraycopy(row, 0, values, i * columns, columns);
        }
        return values;
    }
}
