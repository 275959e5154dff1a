package vit.model.weights.format;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Judges safetensors files independently of the reader under test. It has its own JSON parser over the JDK's UTF-8 decoder, its own integers
 * and its own check of coverage, written only from the description of the format and from RFC 8259.
 */
public final class HeaderOracle {

    /** Thrown if the file must be refused. */
    private static final class Refused extends Exception {
        private static final long serialVersionUID = 1L;

        Refused(String why) {
            super(why, null, false, false);
        }
    }

    private static final Map<String, Integer> WIDTHS = Map.ofEntries(Map.entry("F64", 8), Map.entry("F32", 4), Map.entry("F16", 2), Map.entry("BF16", 2), Map.entry("I64", 8),
            Map.entry("U64", 8), Map.entry("I32", 4), Map.entry("U32", 4), Map.entry("I16", 2), Map.entry("U16", 2), Map.entry("I8", 1), Map.entry("U8", 1), Map.entry("BOOL", 1));
    private static final BigInteger INT = BigInteger.valueOf(Integer.MAX_VALUE);
    private static final BigInteger LONG = BigInteger.valueOf(Long.MAX_VALUE);

    private final String text;
    private int at;

    private HeaderOracle(String text) {
        this.text = text;
    }

    /** Returns what a file says, as a map from each name to type, shape and place in the file; null if it must be refused. */
    public static Map<String, String> judge(byte[] file) {
        try {
            return read(file);
        } catch (Refused | CharacterCodingException _) {
            return null;
        }
    }

    private static Map<String, String> read(byte[] file) throws Refused, CharacterCodingException {
        require(file.length >= 8, "short");
        long length = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
        require(length >= 2 && length <= 100_000_000 && length <= file.length - 8, "length");
        String header = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(file, 8, (int) length)).toString();
        require(header.charAt(0) == '{', "no object");
        HeaderOracle parser = new HeaderOracle(header);
        Map<?, ?> document = (Map<?, ?>) parser.value(0);
        parser.blanks();
        require(parser.at == header.length(), "rest");
        return tensors(document, 8 + (int) length, file.length);
    }

    private record Tensor(String name, String dtype, List<BigInteger> shape, long begin, long end) {}

    private static Map<String, String> tensors(Map<?, ?> document, int dataStart, int size) throws Refused {
        List<Tensor> tensors = new ArrayList<>();
        for (Map.Entry<?, ?> entry : document.entrySet()) {
            if (entry.getKey().equals("__metadata__")) {
                if (entry.getValue() != Literal.NULL) {
                    require(entry.getValue() instanceof Map<?, ?> texts && texts.values().stream().allMatch(String.class::isInstance), "metadata");
                }
            } else {
                tensors.add(tensor((String) entry.getKey(), entry.getValue(), size - dataStart));
            }
        }
        long place = 0;
        tensors.sort((a, b) -> a.begin != b.begin ? Long.compare(a.begin, b.begin) : Long.compare(a.end, b.end));
        for (Tensor tensor : tensors) {
            require(tensor.begin == place, "hole or overlap");
            place = tensor.end;
        }
        require(place == size - dataStart, "data left over");
        Map<String, String> result = new TreeMap<>();
        for (Tensor tensor : tensors) {
            result.put(tensor.name, tensor.dtype + tensor.shape + "@" + (dataStart + tensor.begin));
        }
        return result;
    }

    private static Tensor tensor(String name, Object value, long data) throws Refused {
        require(value instanceof Map<?, ?>, "tensor");
        Map<?, ?> fields = (Map<?, ?>) value;
        require(fields.keySet().equals(java.util.Set.of("dtype", "shape", "data_offsets")), "fields");
        require(fields.get("dtype") instanceof String dtype && WIDTHS.containsKey(dtype), "dtype");
        BigInteger bytes = BigInteger.valueOf(WIDTHS.get(fields.get("dtype")));
        List<BigInteger> shape = integers(fields.get("shape"), INT);
        BigInteger elements = BigInteger.ONE;
        if (!shape.contains(BigInteger.ZERO)) {
            for (BigInteger dimension : shape) {
                elements = elements.multiply(dimension);
            }
        } else {
            elements = BigInteger.ZERO;
        }
        List<BigInteger> offsets = integers(fields.get("data_offsets"), LONG);
        require(offsets.size() == 2, "pair");
        require(offsets.get(1).compareTo(BigInteger.valueOf(data)) <= 0 && offsets.get(0).compareTo(offsets.get(1)) <= 0, "offsets");
        require(offsets.get(1).subtract(offsets.get(0)).equals(elements.multiply(bytes)), "size");
        return new Tensor(name, (String) fields.get("dtype"), shape, offsets.get(0).longValueExact(), offsets.get(1).longValueExact());
    }

    private static List<BigInteger> integers(Object value, BigInteger most) throws Refused {
        require(value instanceof List<?>, "array");
        List<BigInteger> numbers = new ArrayList<>();
        for (Object element : (List<?>) value) {
            require(element instanceof BigInteger number && number.signum() >= 0 && number.compareTo(most) <= 0, "integer");
            numbers.add((BigInteger) element);
        }
        return numbers;
    }

    private enum Literal { TRUE, FALSE, NULL, FRACTION }

    private Object value(int depth) throws Refused {
        require(depth < 32, "deep");
        blanks();
        return switch (peek()) {
            case '{' -> object(depth);
            case '[' -> array(depth);
            case '"' -> string();
            case 't' -> literal("true", Literal.TRUE);
            case 'f' -> literal("false", Literal.FALSE);
            case 'n' -> literal("null", Literal.NULL);
            default -> number();
        };
    }

    private Map<String, Object> object(int depth) throws Refused {
        Map<String, Object> object = new LinkedHashMap<>();
        at++;
        blanks();
        if (accept('}')) {
            return object;
        }
        do {
            blanks();
            require(peek() == '"', "name");
            String name = string();
            blanks();
            require(accept(':'), "colon");
            Object value = value(depth + 1);
            require(object.put(name, value) == null, "name twice");
            blanks();
        } while (accept(','));
        require(accept('}'), "end of object");
        return object;
    }

    private List<Object> array(int depth) throws Refused {
        List<Object> array = new ArrayList<>();
        at++;
        blanks();
        if (accept(']')) {
            return array;
        }
        do {
            array.add(value(depth + 1));
            blanks();
        } while (accept(','));
        require(accept(']'), "end of array");
        return array;
    }

    private String string() throws Refused {
        StringBuilder string = new StringBuilder();
        at++;
        while (peek() != '"') {
            char c = next();
            require(c >= ' ', "control character");
            string.append(c == '\\' ? escape() : c);
        }
        at++;
        require(StandardCharsets.UTF_8.newEncoder().canEncode(string), "half a surrogate pair");
        return string.toString();
    }

    private char escape() throws Refused {
        char c = next();
        if (c == 'u') {
            require(at + 4 <= text.length() && text.substring(at, at + 4).chars().allMatch(d -> Character.digit(d, 16) >= 0 && d < 128), "escape");
            at += 4;
            return (char) Integer.parseInt(text.substring(at - 4, at), 16);
        }
        int kind = "\"\\/bfnrt".indexOf(c);
        require(kind >= 0, "escape");
        return "\"\\/\b\f\n\r\t".charAt(kind);
    }

    private Object number() throws Refused {
        int from = at;
        boolean negative = accept('-');
        int digits = digits();
        require(digits == 1 || digits > 1 && text.charAt(from + (negative ? 1 : 0)) != '0', "integer part");
        boolean whole = true;
        if (accept('.')) {
            whole = false;
            require(digits() > 0, "fraction");
        }
        if (accept('e') || accept('E')) {
            whole = false;
            if (!accept('+')) {
                accept('-');
            }
            require(digits() > 0, "exponent");
        }
        if (!whole) {
            return Literal.FRACTION;
        }
        String number = text.substring(from, at);
        require(!number.equals("-0"), "-0");
        return new BigInteger(number);
    }

    private int digits() {
        int from = at;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        return at - from;
    }

    private Literal literal(String word, Literal meaning) throws Refused {
        require(text.startsWith(word, at), "literal");
        at += word.length();
        return meaning;
    }

    private void blanks() {
        while (at < text.length() && " \t\n\r".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private char peek() throws Refused {
        require(at < text.length(), "end");
        return text.charAt(at);
    }

    private char next() throws Refused {
        char c = peek();
        at++;
        return c;
    }

    private boolean accept(char c) {
        boolean there = at < text.length() && text.charAt(at) == c;
        if (there) {
            at++;
        }
        return there;
    }

    private static void require(boolean holds, String why) throws Refused {
        if (!holds) {
            throw new Refused(why);
        }
    }
}
