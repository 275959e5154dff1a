package vit.model.weights.format;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/**
 * Safetensors files that are made from a seed: a sound header in one of many spellings, and up to three mutations of its structure, its text
 * or its bytes. {@link #MUTATIONS} lists the classes of mutations. About a quarter of the files stay sound.
 */
final class MutatedHeaders {

    /** A tensor as the header has it, each part as JSON text. */
    private static final class Tensor {
        String name;
        String dtype;
        final List<String> shape = new ArrayList<>();
        String begin;
        String end;
        final List<String> more = new ArrayList<>(); // further fields
        String dropped = ""; // a field that is left out
    }

    private static final String[] DTYPES = {"F64", "F32", "F16", "BF16", "I64", "U64", "I32", "U32", "I16", "U16", "I8", "U8", "BOOL"};
    private static final int[] WIDTHS = {8, 4, 2, 2, 8, 8, 4, 4, 2, 2, 1, 1, 1};

    /** Numbers that may not, or only just may, be a dimension or an offset. */
    private static final String[] NUMBERS = {"-0", "-1", "0", "1", "00", "01", "1.0", "0.0", "-0.0", "1e0", "1E+2", "0e0", "2147483647", "2147483648", "4294967296", "9223372036854775807",
        "9223372036854775808", "18446744073709551615", "18446744073709551616", "340282366920938463463374607431768211456", "+1", ".5", "1.", "1e", "0x10", "NaN", "Infinity", "-", "1_0",
        "null", "true", "\"1\"", "[]", "{}", "[1]", "", " 1 ", "1 2", "\u0661"};

    private static final String[] STRINGS = {"\"\"", "\"a\\u0062\"", "\"\\uD83D\\uDE00\"", "\"\\uD83D\"", "\"\\uDE00\"", "\"\\uDE00\\uD83D\"", "\"x\\uDBFFy\"", "\"\\u00e9\"", "\"\u00e9\"",
        "\"e\u0301\"", "\"\uD83D\uDE00\"", "\"\\u0000\"", "\"\\/\"", "\"\\b\\f\\n\\r\\t\\\\\\\"\"", "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"", "\"\\U0041\"", "\"\u0001\"", "\"\t\"", "\"\n\"", "\"\u007f\"",
        "\"\u0085\u2028\"", "\"\uFEFF\"", "\"\uFFFD\uFFFF\"", "'a'", "a", "\"a", "1", "null", "\"__metadata__\"", "\"__metadata\\u005f_\"", "\"t0\"", "\"\\u00740\""};

    /** Byte sequences that are not UTF-8, and some that only just are. */
    private static final String[] BYTES = {"C080", "C0AF", "C1BF", "E08080", "E09FBF", "EDA080", "EDAFBF", "EDB080", "EDBFBF", "EDA081EDB080", "F0808080", "F08FBFBF", "F4908080", "F5808080",
        "F8888080", "FC8484848480", "FE", "FF", "80", "BF", "C2", "E282", "F09F98", "E28228", "C3A9", "EFBFBF", "EE8080", "ED9FBF", "F48FBFBF", "F0908080", "DFBF", "E0A080", "00", "1F", "EFBBBF"};

    private static final String[] BLANKS = {" ", "\t", "\n", "\r", "  \r\n", "\f", "\u000B", "\u00A0", "\u2003", "\uFEFF", "\0", "/**/", "// x\n", "#"};
    private static final String[] ENDINGS = {"}", "{}", ",", " ", "      ", "\n", "\0", "\0\0\0", "null", "x", "\uFEFF", "/* */", ";"};
    private static final String[] METADATA = {"{}", "{\"format\":\"pt\"}", "null", "[]", "1", "\"x\"", "{\"a\":1}", "{\"a\":null}", "{\"a\":{}}", "{\"a\":\"\\uD800\"}", "{\"a\":\"1\",\"a\":\"2\"}", "{\"\":\"\"}",
        "{\"a\":\"x\",}", "true"};

    private final Random random;
    private final List<Tensor> tensors = new ArrayList<>();
    private final List<String> extra = new ArrayList<>(); // further entries of the header
    private int dataBytes;
    private String ending = "";
    private byte[] header;
    private long lengthOffset;
    private int dataOffset;
    private final List<String> classes = new ArrayList<>();

    private MutatedHeaders(long seed) {
        this.random = new Random(seed);
    }

    /** A file and the mutations that it went through. */
    record Mutant(byte[] file, List<String> classes) {}

    private record Mutation(String name, boolean ofText, Consumer<MutatedHeaders> apply) {}

    private static final List<Mutation> MUTATIONS = List.of(
            structure("dimension", m -> m.any(tensor -> m.put(tensor.shape, m.one(NUMBERS)))),
            structure("dimension more", m -> m.any(tensor -> tensor.shape.add(m.one(NUMBERS)))),
            structure("dimension less", m -> m.any(tensor -> tensor.shape.remove(tensor.shape.isEmpty() ? null : tensor.shape.getLast()))),
            structure("many dimensions of one", m -> m.any(tensor -> tensor.shape.addAll(java.util.Collections.nCopies(m.random.nextInt(80), "1")))),
            structure("begin", m -> m.any(tensor -> tensor.begin = m.one(NUMBERS))),
            structure("end", m -> m.any(tensor -> tensor.end = m.one(NUMBERS))),
            structure("begin and end exchanged", m -> m.any(tensor -> {
                String begin = tensor.begin;
                tensor.begin = tensor.end;
                tensor.end = begin;
            })),
            structure("third offset", m -> m.any(tensor -> tensor.end += "," + m.one(NUMBERS))),
            structure("offsets moved", m -> m.any(tensor -> {
                tensor.begin = m.moved(tensor.begin);
                tensor.end = m.moved(tensor.end);
            })),
            structure("offsets of another", m -> m.any(tensor -> {
                Tensor other = m.tensors.get(m.random.nextInt(m.tensors.size()));
                tensor.begin = other.begin;
                tensor.end = other.end;
            })),
            structure("dtype", m -> m.any(tensor -> tensor.dtype = m.random.nextBoolean() ? '"' + m.one(DTYPES) + '"' : m.one("\"F8_E4M3\"", "\"f32\"", "\"F32 \"", "\"\"", "1", "null", "[\"F32\"]"))),
            structure("dtype spelled by escapes", m -> m.any(tensor -> tensor.dtype = m.escaped(tensor.dtype))),
            structure("name", m -> m.any(tensor -> tensor.name = m.one(STRINGS))),
            structure("name of another", m -> m.any(tensor -> tensor.name = m.tensors.get(m.random.nextInt(m.tensors.size())).name)),
            structure("name spelled by escapes", m -> m.any(tensor -> tensor.name = m.escaped(tensor.name))),
            structure("long name", m -> m.any(tensor -> tensor.name = '"' + "n".repeat(m.random.nextInt(600)) + m.one("", "\\uD800", "\\u00e9", "\u20AC") + '"')),
            structure("field more", m -> m.any(tensor -> tensor.more.add(m.one(STRINGS) + ":" + m.one(NUMBERS)))),
            structure("field twice", m -> m.any(tensor -> tensor.more.add(m.one("\"dtype\":\"F32\"", "\"shape\":[]", "\"data_offsets\":[0,0]", "\"dt\\u0079pe\":\"F32\"", "\"sh\\u0061pe\":[1]")))),
            structure("field less", m -> m.any(tensor -> tensor.dropped = m.one("dtype", "shape", "data_offsets"))),
            structure("tensor twice", m -> m.tensors.add(m.tensors.get(m.random.nextInt(m.tensors.size())))),
            structure("tensor less", m -> m.tensors.remove(m.random.nextInt(m.tensors.size()))),
            structure("tensors in another order", m -> java.util.Collections.shuffle(m.tensors, m.random)),
            structure("empty tensors", m -> {
                for (int i = m.random.nextInt(4); i >= 0; i--) {
                    m.add("F32", 4, new int[] {m.random.nextInt(3), 0}, m.random.nextBoolean() ? m.dataBytes : m.random.nextInt(m.dataBytes + 2));
                }
            }),
            structure("entry of another kind", m -> m.extra.add("\"x\":" + m.one(NUMBERS))),
            structure("metadata", m -> m.extra.add("\"__metadata__\":" + m.one(METADATA))),
            structure("deep nesting", m -> m.extra.add("\"x\":" + "[".repeat(m.random.nextInt(40)) + "]".repeat(m.random.nextInt(40)))),
            structure("ending", m -> m.ending += m.one(ENDINGS)),
            structure("padding", m -> m.ending += " ".repeat(m.random.nextInt(16))),
            structure("data longer", m -> m.dataBytes += 1 + m.random.nextInt(3)),
            structure("data shorter", m -> m.dataBytes = Math.max(0, m.dataBytes - 1 - m.random.nextInt(3))),
            text("blank", m -> m.insert(m.one(BLANKS).getBytes(StandardCharsets.UTF_8), m.random.nextInt(m.header.length + 1))),
            text("blank between tokens", m -> m.insert(m.one(BLANKS).getBytes(StandardCharsets.UTF_8), m.place("{}[]:,"))),
            text("special bytes", m -> m.insert(HexFormat.of().parseHex(m.one(BYTES)), m.random.nextInt(m.header.length + 1))),
            text("special bytes in a string", m -> m.insert(HexFormat.of().parseHex(m.one(BYTES)), m.place("\""))),
            text("byte changed", m -> m.header[m.random.nextInt(m.header.length)] = (byte) m.random.nextInt(256)),
            text("bit changed", m -> m.header[m.random.nextInt(m.header.length)] ^= (byte) (1 << m.random.nextInt(8))),
            text("byte removed", m -> m.replace(m.random.nextInt(m.header.length), 1, new byte[0])),
            text("punctuation removed", m -> m.replace(m.place("{}[]:,\""), 1, new byte[0])),
            text("punctuation doubled", m -> {
                int at = m.place("{}[]:,\"");
                m.insert(new byte[] {m.header[at]}, at);
            }),
            text("punctuation exchanged", m -> m.header[m.place("{}[]:,\"")] = (byte) "{}[]:,\"".charAt(m.random.nextInt(7))),
            text("minus before a digit", m -> m.insert(new byte[] {'-'}, m.place("0123456789"))),
            text("zero before a digit", m -> m.insert(new byte[] {'0'}, m.place("0123456789"))),
            text("cut", m -> m.replace(m.random.nextInt(m.header.length), m.header.length, new byte[0])),
            text("piece repeated", m -> {
                int from = m.random.nextInt(m.header.length);
                m.insert(java.util.Arrays.copyOfRange(m.header, from, Math.min(m.header.length, from + 1 + m.random.nextInt(40))), m.random.nextInt(m.header.length + 1));
            }),
            text("case changed", m -> m.header[m.place("abcdefghijklmnopqrstuvwxyzABFIOSTU")] ^= 0x20),
            text("byte order mark", m -> m.insert(new byte[] {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF}, 0)),
            text("leading blank", m -> m.insert(new byte[] {' '}, 0)),
            text("length", m -> m.lengthOffset += m.random.nextInt(9) - 4),
            text("length far off", m -> m.lengthOffset = m.random.nextLong()),
            text("length of the order of 2^32", m -> m.lengthOffset += 1L << 32 | (long) m.random.nextInt(3) << 63),
            text("file cut", m -> m.dataOffset = -1 - m.random.nextInt(40)));

    private static Mutation structure(String name, Consumer<MutatedHeaders> apply) {
        return new Mutation(name, false, apply);
    }

    private static Mutation text(String name, Consumer<MutatedHeaders> apply) {
        return new Mutation(name, true, apply);
    }

    /** The number of classes of mutations. */
    static int classes() {
        return MUTATIONS.size();
    }

    /** Makes the file of {@code seed}. */
    static Mutant of(long seed) {
        return new MutatedHeaders(seed).mutant();
    }

    private Mutant mutant() {
        int count = 1 + random.nextInt(4);
        for (int i = 0; i < count; i++) {
            int type = random.nextInt(DTYPES.length);
            int[] shape = random.ints(random.nextInt(4), 0, 4).toArray();
            add(DTYPES[type], WIDTHS[type], shape, dataBytes);
            Tensor last = tensors.getLast();
            dataBytes = Integer.parseInt(last.end);
        }
        List<Mutation> chosen = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            chosen.add(MUTATIONS.get(random.nextInt(MUTATIONS.size())));
        }
        apply(chosen, false);
        header = json().getBytes(StandardCharsets.UTF_8);
        apply(chosen, true);
        return new Mutant(file(), classes);
    }

    private void apply(List<Mutation> chosen, boolean ofText) {
        for (Mutation mutation : chosen) {
            if (mutation.ofText == ofText && (ofText ? header.length > 0 : !tensors.isEmpty())) {
                mutation.apply.accept(this);
                classes.add(mutation.name);
            }
        }
    }

    private void add(String dtype, int width, int[] shape, int begin) {
        Tensor tensor = new Tensor();
        tensor.name = "\"t" + tensors.size() + "\"";
        tensor.dtype = '"' + dtype + '"';
        int elements = 1;
        for (int dimension : shape) {
            tensor.shape.add(String.valueOf(dimension));
            elements *= dimension;
        }
        tensor.begin = String.valueOf(begin);
        tensor.end = String.valueOf(begin + elements * width);
        tensors.add(tensor);
    }

    private String json() {
        List<String> entries = new ArrayList<>();
        for (Tensor tensor : tensors) {
            List<String> fields = new ArrayList<>(List.of("\"dtype\":" + tensor.dtype, "\"shape\":[" + String.join(",", tensor.shape) + "]",
                    "\"data_offsets\":[" + tensor.begin + "," + tensor.end + "]"));
            fields.removeIf(field -> !tensor.dropped.isEmpty() && field.startsWith('"' + tensor.dropped));
            fields.addAll(tensor.more);
            if (random.nextInt(3) == 0) {
                java.util.Collections.shuffle(fields, random);
            }
            entries.add(tensor.name + ":{" + String.join(",", fields) + "}");
        }
        for (String entry : extra) {
            entries.add(random.nextInt(entries.size() + 1), entry);
        }
        return "{" + String.join(random.nextInt(4) == 0 ? " , " : ",", entries) + "}" + ending;
    }

    private byte[] file() {
        ByteBuffer file = ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(header.length + lengthOffset).put(header);
        return dataOffset < 0 ? java.util.Arrays.copyOf(file.array(), Math.max(0, file.capacity() + dataOffset)) : file.array();
    }

    private void any(Consumer<Tensor> change) {
        change.accept(tensors.get(random.nextInt(tensors.size())));
    }

    private String one(String... all) {
        return all[random.nextInt(all.length)];
    }

    private void put(List<String> list, String value) {
        if (list.isEmpty()) {
            list.add(value);
        } else {
            list.set(random.nextInt(list.size()), value);
        }
    }

    private String moved(String number) {
        return number.matches("\\d{1,9}") ? String.valueOf(Integer.parseInt(number) + random.nextInt(9) - 4) : number;
    }

    /** Writes some characters of a string as escapes. */
    private String escaped(String string) {
        if (string.length() < 2 || string.indexOf('\\') >= 0) {
            return string;
        }
        StringBuilder text = new StringBuilder("\"");
        for (char c : string.substring(1, string.length() - 1).toCharArray()) {
            text.append(random.nextBoolean() ? String.format(random.nextBoolean() ? "\\u%04x" : "\\u%04X", (int) c) : String.valueOf(c));
        }
        return text.append('"').toString();
    }

    /** A random position in the header at which one of {@code characters} stands, or any position if there is none. */
    private int place(String characters) {
        int start = random.nextInt(header.length);
        for (int i = 0; i < header.length; i++) {
            int at = (start + i) % header.length;
            if (header[at] >= 0 && characters.indexOf(header[at]) >= 0) {
                return at;
            }
        }
        return start;
    }

    private void insert(byte[] bytes, int at) {
        replace(at, 0, bytes);
    }

    private void replace(int at, int count, byte[] bytes) {
        ByteArrayOutputStream changed = new ByteArrayOutputStream();
        changed.write(header, 0, at);
        changed.writeBytes(bytes);
        int rest = Math.min(header.length, at + count);
        changed.write(header, rest, header.length - rest);
        header = changed.toByteArray();
    }
}
