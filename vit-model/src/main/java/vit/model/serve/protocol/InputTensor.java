package vit.model.serve.protocol;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import vit.model.serve.RequestFault;

/** A tensor of a request on its way from JSON and bytes to images. */
final class InputTensor {

    /** Files of a request. An empty one takes four bytes of a body, and an array in memory. */
    static final int MOST_FILES = 4096;

    String name;
    String datatype;
    long[] shape;
    Values values; // of the field "data", or null
    long binarySize = -1; // of the parameter "binary_data_size", or -1

    /**
     * The elements of "data", nested or flat, in the order of the document. Numbers are put into the arrays of images as they come: two bytes of JSON can be a number,
     * which has four, and so nothing else is made of them.
     */
    static final class Values {
        private static final int FIRST = 1024;

        private final int each;
        private final List<Object> images = new ArrayList<>(); // all full but the last
        private final List<Object> files = new ArrayList<>();
        private float[] last = {};
        private int inLast;
        private long count;

        /** @param each numbers of an image */
        Values(int each) {
            this.each = each;
        }

        void add(float value) {
            if (inLast == last.length) {
                grow();
            }
            last[inLast++] = value;
            count++;
        }

        private void grow() {
            if (last.length == each || images.isEmpty()) {
                last = new float[Math.min(FIRST, each)];
                inLast = 0;
                images.add(last);
            } else {
                last = Arrays.copyOf(last, Math.min(each, 2 * last.length));
                images.set(images.size() - 1, last);
            }
        }

        void add(byte[] file) {
            files.add(file);
        }

        int files() {
            return files.size();
        }
    }

    /**
     * The images of the tensor.
     *
     * @param binary its bytes, or null if it came as JSON
     */
    List<Object> images(InferenceModel model, ByteBuffer binary) throws RequestFault {
        if (values == null && binary == null) {
            throw RequestFault.bad("input '" + name + "' has neither 'data' nor the parameter 'binary_data_size'");
        }
        if (values != null && binary != null) {
            throw RequestFault.bad("input '" + name + "' has both 'data' and the parameter 'binary_data_size'");
        }
        return isPixels() ? pixels(model, binary) : files(binary);
    }

    boolean isPixels() {
        return name.equalsIgnoreCase(InferenceModel.PIXELS);
    }

    private List<Object> pixels(InferenceModel model, ByteBuffer binary) throws RequestFault {
        requireDatatype("FP32");
        int each = model.imageElements();
        long count = count(model);
        long have = binary != null ? binary.remaining() : values.count * Float.BYTES;
        if (values != null && values.files() > 0 || have / each / Float.BYTES != count || have % ((long) each * Float.BYTES) != 0) {
            throw RequestFault.bad("input 'pixels' has the shape " + Arrays.toString(shape) + " and " + (binary != null ? have + " bytes" : values.count + " numbers")
                    + "; expected " + each + " numbers an image");
        }
        List<Object> images = values != null ? values.images : new ArrayList<>();
        for (int i = 0; i < count; i++) {
            if (binary != null) {
                float[] image = new float[each];
                binary.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(i * each, image);
                images.add(image);
            }
            requireFinite((float[]) images.get(i));
        }
        return images;
    }

    /** The number of images by the shape. A client that only knows rows of numbers may send an image as one row: (n, elements) or (elements). */
    private long count(InferenceModel model) throws RequestFault {
        long[] image = {model.config().channels(), model.config().imageHeight(), model.config().imageWidth()};
        long[] row = {model.imageElements()};
        for (long[] one : new long[][] {image, row}) {
            if (Arrays.equals(shape, one)) {
                return 1;
            }
            if (shape.length == one.length + 1 && shape[0] >= 1 && Arrays.equals(shape, 1, shape.length, one, 0, one.length)) {
                return shape[0];
            }
        }
        throw RequestFault.bad("input 'pixels' has the shape " + Arrays.toString(shape) + "; expected [n, " + image[0] + ", " + image[1] + ", " + image[2] + "] or [n, "
                + row[0] + "] with 1 or more images");
    }

    private static void requireFinite(float[] image) throws RequestFault {
        for (float value : image) {
            if (!Float.isFinite(value)) {
                throw RequestFault.bad("input 'pixels' holds " + value + "; expected finite numbers");
            }
        }
    }

    private List<Object> files(ByteBuffer binary) throws RequestFault {
        requireDatatype("BYTES");
        long count = 1;
        for (long side : shape) {
            if (side < 1 || count > MOST_FILES / side) {
                throw RequestFault.bad("input 'image' has the shape " + Arrays.toString(shape) + "; expected [n], an encoded image each, and at most " + MOST_FILES + " of them");
            }
            count *= side;
        }
        List<Object> images = binary != null ? elements(binary, count) : encoded();
        if (images.size() != count) {
            throw RequestFault.bad("input 'image' has the shape " + Arrays.toString(shape) + " and " + images.size() + " elements");
        }
        return images;
    }

    /** Elements of BYTES: the length of each in four bytes, then its bytes. */
    private static List<Object> elements(ByteBuffer binary, long most) throws RequestFault {
        ByteBuffer rest = binary.slice().order(ByteOrder.LITTLE_ENDIAN);
        List<Object> elements = new ArrayList<>();
        while (rest.hasRemaining()) {
            if (elements.size() == most) {
                throw RequestFault.bad("input 'image' has more elements than the " + most + " of its shape");
            }
            long length = rest.remaining() < Integer.BYTES ? -1 : Integer.toUnsignedLong(rest.getInt());
            if (length < 0 || length > rest.remaining()) {
                throw RequestFault.bad("input 'image' ends inside an element; expected a length in four bytes, little-endian, and as many bytes");
            }
            byte[] element = new byte[(int) length];
            rest.get(element);
            elements.add(element);
        }
        return elements;
    }

    private List<Object> encoded() throws RequestFault {
        if (values.count > 0) {
            throw RequestFault.bad("input 'image' has numbers as data; expected strings in base64");
        }
        return values.files;
    }

    private void requireDatatype(String expected) throws RequestFault {
        if (!expected.equals(datatype)) {
            throw RequestFault.bad("input '" + name + "' has the datatype '" + datatype + "'; expected " + expected);
        }
    }
}
