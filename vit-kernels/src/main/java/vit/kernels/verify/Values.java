package vit.kernels.verify;

import java.util.Random;
import vit.kernels.tensor.Tensor;

/** Kinds of input values with which kernels are tested. */
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
        void fillRow(Tensor tensor, int row, Random random) {
            float value = next(random);
            for (int column = 0; column < tensor.columns(); column++) {
                tensor.set(row, column, value);
            }
        }
    },
    /** Values whose distance from 0 is large compared with their distance from one another. */
    SHIFTED {
        @Override
        float next(Random random) {
            return 1000f + (float) random.nextGaussian();
        }
    };

    abstract float next(Random random);

    void fillRow(Tensor tensor, int row, Random random) {
        for (int column = 0; column < tensor.columns(); column++) {
            tensor.set(row, column, next(random));
        }
    }

    /** Fills the tensor and returns it. */
    public Tensor fill(Tensor tensor, Random random) {
        for (int row = 0; row < tensor.rows(); row++) {
            fillRow(tensor, row, random);
        }
        return tensor;
    }
}
