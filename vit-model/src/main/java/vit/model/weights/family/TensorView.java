package vit.model.weights.family;

import vit.kernels.tensor.Shape;
import vit.model.parameters.Parameter;

/**
 * Maps a region of a file's tensor to a strided region of one {@link Parameter}: element (i0, i1, …) of the region is
 * element {@code offset + i0·stride0 + i1·stride1 + …} of the parameter in row-major order. Loading, saving and naming gradients all use the
 * same view. Immutable.
 */
public final class TensorView {

    private final String fileName;
    private final Shape fileShape;
    private final long fileOffset;
    private final Shape shape;
    private final String parameter;
    private final int offset;
    private final int[] strides;

    private TensorView(String fileName, Shape fileShape, long fileOffset, Shape shape, String parameter, int offset, int[] strides) {
        this.fileName = fileName;
        this.fileShape = fileShape;
        this.fileOffset = fileOffset;
        this.shape = shape;
        this.parameter = parameter;
        this.offset = offset;
        this.strides = strides;
    }

    /** The file's tensor is the whole parameter, with the same order of elements but perhaps another shape. */
    static TensorView whole(String fileName, Shape fileShape, Parameter parameter) {
        if (fileShape.size() != parameter.shape().size()) {
            throw new IllegalArgumentException(fileName + " " + fileShape + " is not " + parameter.shape());
        }
        return strided(fileName, fileShape, parameter.name(), 0, rowMajor(fileShape));
    }

    /** The file's tensor is a part of the parameter in row-major order, starting at {@code offset}. */
    static TensorView part(String fileName, Shape fileShape, String parameter, int offset) {
        return strided(fileName, fileShape, parameter, offset, rowMajor(fileShape));
    }

    /** The file's tensor is a strided region of the parameter. */
    static TensorView strided(String fileName, Shape fileShape, String parameter, int offset, int... strides) {
        if (strides.length != fileShape.rank()) {
            throw new IllegalArgumentException(fileName + " " + fileShape + " with " + strides.length + " strides");
        }
        return new TensorView(fileName, fileShape, 0, fileShape, parameter, offset, strides.clone());
    }

    private static int[] rowMajor(Shape shape) {
        int[] strides = new int[shape.rank()];
        int stride = 1;
        for (int d = shape.rank() - 1; d >= 0; d--) {
            strides[d] = stride;
            stride *= shape.dimension(d);
        }
        return strides;
    }

    /** The same view of slice {@code index} of a file tensor that stacks {@code count} such tensors. */
    TensorView stacked(String stackName, int index, int count) {
        int[] dimensions = new int[shape.rank() + 1];
        dimensions[0] = count;
        System.arraycopy(shape.dimensions(), 0, dimensions, 1, shape.rank());
        return new TensorView(stackName, Shape.of(dimensions), index * shape.size(), shape, parameter, offset, strides);
    }

    /** The same view of a tensor of another name. */
    public TensorView named(String name) {
        return new TensorView(name, fileShape, fileOffset, shape, parameter, offset, strides);
    }

    /** The name of the file's tensor. */
    public String fileName() {
        return fileName;
    }

    /** The shape of the file's whole tensor. */
    public Shape fileShape() {
        return fileShape;
    }

    /** The flat index in the file's tensor where the region starts; the region is contiguous there. */
    public long fileOffset() {
        return fileOffset;
    }

    /** The shape of the region; the file's shape unless the file stacks several tensors in one. */
    public Shape shape() {
        return shape;
    }

    /** The canonical name of the parameter. */
    public String parameter() {
        return parameter;
    }

    /** The flat index in the parameter of the region's element {@code index}, counted row-major in {@link #shape()}. */
    public int parameterIndex(long index) {
        long rest = index;
        int place = offset;
        for (int d = strides.length - 1; d >= 0; d--) {
            int dimension = shape.dimension(d);
            place += (int) (rest % dimension) * strides[d];
            rest /= dimension;
        }
        return place;
    }

    /** Whether the region is contiguous in the parameter as well, from {@code parameterIndex(0)}. */
    public boolean isContiguous() {
        int stride = 1;
        for (int d = strides.length - 1; d >= 0; d--) {
            if (strides[d] != stride && shape.dimension(d) > 1) {
                return false;
            }
            stride *= shape.dimension(d);
        }
        return true;
    }

    /** Puts elements {@code first … first + count − 1} of the region, given in {@code values[0 … count)}, in their places in the parameter. */
    public void scatter(float[] values, long first, int count, float[] target) {
        walk(first, count, (from, run, place, stride) -> {
            for (int i = 0; i < run; i++) {
                target[place + i * stride] = values[from + i];
            }
        });
    }

    /** Takes elements {@code first … first + count − 1} of the region out of the parameter into {@code values[0 … count)}. */
    public void gather(float[] source, long first, int count, float[] values) {
        walk(first, count, (from, run, place, stride) -> {
            for (int i = 0; i < run; i++) {
                values[from + i] = source[place + i * stride];
            }
        });
    }

    /** Takes a run along the innermost dimension: {@code run} elements from {@code from} on, which lie at {@code place} and every {@code stride} after it. */
    @FunctionalInterface
    private interface Run {
        void copy(int from, int run, int place, int stride);
    }

    private void walk(long first, int count, Run body) {
        int inner = shape.rank() == 0 ? 1 : shape.dimension(-1);
        int stride = shape.rank() == 0 ? 1 : strides[strides.length - 1];
        for (int done = 0; done < count; ) {
            long index = first + done;
            int run = (int) Math.min(count - done, inner - index % inner);
            body.copy(done, run, parameterIndex(index), stride);
            done += run;
        }
    }

    @Override
    public String toString() {
        return fileName + " " + fileShape + " → " + parameter;
    }
}
