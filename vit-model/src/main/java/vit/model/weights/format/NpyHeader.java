package vit.model.weights.format;

import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import vit.kernels.tensor.Shape;
import vit.model.InputException;

/**
 * The header of a NumPy array file, versions 1 to 3 (NumPy's {@code numpy.lib.format}): the magic number, a length, and a
 * Python dictionary literal with the keys descr, fortran_order and shape.
 *
 * @param dtype       the type of the elements; {@code V2}, raw 2-byte void, is how bfloat16 is saved
 * @param order       byte order of the elements
 * @param columnMajor whether the first index runs fastest
 * @param shape       the array's shape
 * @param dataOffset  the header's length: the elements follow it
 */
record NpyHeader(Dtype dtype, ByteOrder order, boolean columnMajor, Shape shape, int dataOffset) {

    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final int MAX_LITERAL = 1 << 16;

    /** Reads exactly the number of bytes that is asked for. */
    @FunctionalInterface
    interface Source {
        byte[] read(int count) throws IOException;
    }

    /** What a file begins with. */
    static byte[] magic() {
        return MAGIC.clone();
    }

    /** Reads the header from the start of {@code source}; {@code fault} starts a report about the array. */
    static NpyHeader read(Source source, java.util.function.Supplier<InputException.Report> fault) throws IOException {
        byte[] start = source.read(MAGIC.length + 2);
        if (!Arrays.equals(start, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
            throw fault.get().expected("\\x93NUMPY").found("other bytes")
                    .because("the entry does not start as a NumPy array");
        }
        int major = start[MAGIC.length];
        if (major < 1 || major > 3) {
            throw fault.get().expected("1, 2 or 3").found(major + "." + start[MAGIC.length + 1]).because("the .npy version is unknown");
        }
        int lengthBytes = major == 1 ? 2 : 4;
        byte[] bytes = source.read(lengthBytes);
        long length = 0;
        for (int i = lengthBytes - 1; i >= 0; i--) {
            length = length << 8 | bytes[i] & 0xFF;
        }
        if (length > MAX_LITERAL) {
            throw fault.get().expected("at most " + MAX_LITERAL).found(length).because("the .npy header length is too large");
        }
        String literal = new String(source.read((int) length), major == 3 ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1);
        return new Literal(literal, fault).header(MAGIC.length + 2 + lengthBytes + (int) length);
    }

    /** Parser of the dictionary literal: strings, booleans and tuples of integers, nothing else. */
    private static final class Literal {
        private final String text;
        private final java.util.function.Supplier<InputException.Report> fault;
        private int at;
        private String descr;
        private Boolean fortran;
        private Shape shape;

        Literal(String text, java.util.function.Supplier<InputException.Report> fault) {
            this.text = text;
            this.fault = fault;
        }

        NpyHeader header(int dataOffset) throws InputException {
            expect('{');
            while (!accept('}')) {
                entry(string("a key"));
                if (!accept(',')) {
                    expect('}');
                    break;
                }
            }
            peek();
            if (at < text.length()) {
                throw unexpected("the end of the header");
            }
            if (descr == null || fortran == null || shape == null) {
                String missing = descr == null ? "descr" : fortran == null ? "fortran_order" : "shape";
                throw fault.get().expected("descr, fortran_order and shape").found("no " + missing).because("the .npy header is incomplete");
            }
            Dtype dtype = dtype();
            ByteOrder order = descr.charAt(0) == '>' ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
            return new NpyHeader(dtype, order, fortran && shape.rank() > 1, shape, dataOffset);
        }

        private void entry(String key) throws InputException {
            expect(':');
            boolean repeated = switch (key) {
                case "descr" -> descr != null;
                case "fortran_order" -> fortran != null;
                case "shape" -> shape != null;
                default -> throw fault.get().expected("descr, fortran_order and shape").found(key).because("the .npy header has an unknown key");
            };
            if (repeated) {
                throw fault.get().expected("each key once").found(key + " twice").because("the .npy header repeats a key");
            }
            switch (key) {
                case "descr" -> descr = string("a simple type such as '<f4' (structured types are not read)");
                case "fortran_order" -> fortran = flag();
                default -> shape = tuple();
            }
        }

        private Dtype dtype() throws InputException {
            if (descr.endsWith("O")) {
                throw fault.get().expected("an array of numbers").found(descr)
                        .because("the array holds pickled Python objects, which are never read");
            }
            Dtype dtype = descr.isEmpty() || "<>|".indexOf(descr.charAt(0)) < 0 ? null : switch (descr.substring(1)) {
                case "f8" -> Dtype.F64;
                case "f4" -> Dtype.F32;
                case "f2" -> Dtype.F16;
                case "V2" -> Dtype.BF16;
                case "i8" -> Dtype.I64;
                case "u8" -> Dtype.U64;
                case "i4" -> Dtype.I32;
                case "u4" -> Dtype.U32;
                case "i2" -> Dtype.I16;
                case "u2" -> Dtype.U16;
                case "i1" -> Dtype.I8;
                case "u1" -> Dtype.U8;
                case "b1" -> Dtype.BOOL;
                default -> null;
            };
            if (dtype == null || dtype.bytes() > 1 && descr.charAt(0) == '|' && dtype != Dtype.BF16) {
                throw fault.get().expected("<f2, <f4, <f8, |V2 (bfloat16), an integer type, or their > forms").found(descr)
                        .because("the array's type is not supported");
            }
            return dtype;
        }

        private char peek() {
            while (at < text.length() && " \t\n".indexOf(text.charAt(at)) >= 0) {
                at++;
            }
            return at < text.length() ? text.charAt(at) : 0;
        }

        private boolean accept(char c) {
            boolean there = peek() == c;
            if (there) {
                at++;
            }
            return there;
        }

        private void expect(char c) throws InputException {
            if (!accept(c)) {
                throw unexpected("'" + c + "'");
            }
        }

        private InputException unexpected(String expected) {
            String rest = text.substring(at, Math.min(text.length(), at + 20));
            return fault.get().expected(expected).found(rest.isEmpty() ? "the end" : rest)
                    .because("the .npy header is malformed at its character " + at);
        }

        private String string(String expected) throws InputException {
            char quote = peek();
            int end = quote == '\'' || quote == '"' ? text.indexOf(quote, at + 1) : -1;
            if (end < 0 || text.substring(at, end).indexOf('\\') >= 0) {
                throw unexpected(expected);
            }
            String value = text.substring(at + 1, end);
            at = end + 1;
            return value;
        }

        private boolean flag() throws InputException {
            peek();
            for (String word : new String[] {"True", "False"}) {
                if (text.startsWith(word, at)) {
                    at += word.length();
                    return word.equals("True");
                }
            }
            throw unexpected("True or False");
        }

        private Shape tuple() throws InputException {
            int[] dimensions = new int[0];
            expect('(');
            while (!accept(')')) {
                dimensions = Arrays.copyOf(dimensions, dimensions.length + 1);
                dimensions[dimensions.length - 1] = dimension();
                if (dimensions.length > 32) { // NumPy's own limit
                    throw unexpected("at most 32 dimensions");
                }
                if (!accept(',')) {
                    expect(')');
                    break;
                }
            }
            try {
                return Shape.of(dimensions);
            } catch (IllegalArgumentException e) {
                throw fault.get().cause(e).expected("less than 2^63 elements").found(Arrays.toString(dimensions)).because("the shape is impossible");
            }
        }

        private int dimension() throws InputException {
            peek();
            int end = at;
            while (end < text.length() && text.charAt(end) >= '0' && text.charAt(end) <= '9') {
                end++;
            }
            try {
                int value = Integer.parseInt(text.substring(at, end));
                at = end;
                return value;
            } catch (NumberFormatException e) {
                throw unexpected("a dimension of 0 … 2147483647");
            }
        }
    }
}
