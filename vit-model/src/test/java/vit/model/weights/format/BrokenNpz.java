package vit.model.weights.format;

import static vit.model.weights.format.RawNpz.dictionary;
import static vit.model.weights.format.RawNpz.npy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import vit.model.weights.format.BrokenFiles.Raw;

/** Broken npz files: archives of the sound model's tensors in which one entry or the directory is changed. */
final class BrokenNpz {

    private static final String NAME = "norm.bias";
    private static final byte[] DATA = new byte[32];

    private BrokenNpz() {}

    static void add(BrokenFiles f) throws IOException {
        arrays(f);
        archives(f);
        directories(f);
    }

    /** The sound archive, with {@code bytes} in the entry of {@link #NAME}. */
    private static byte[] with(byte[] bytes) {
        RawNpz file = new RawNpz();
        for (Map.Entry<String, Raw> tensor : BrokenFiles.tensors().entrySet()) {
            if (tensor.getKey().equals(NAME)) {
                file.entry(NAME + ".npy", true, bytes);
            } else {
                file.array(tensor.getKey(), true, "<f4", false, "(" + tensor.getValue().shape() + ",)", tensor.getValue().bytes());
            }
        }
        return file.bytes();
    }

    private static byte[] literal(String literal) {
        return with(npy(1, literal, DATA));
    }

    private static void arrays(BrokenFiles f) throws IOException {
        f.weights("npy bad magic", with("This is no array".getBytes(StandardCharsets.UTF_8)), NAME, "does not start as a NumPy array");
        f.weights("npy empty", with(new byte[0]), NAME, "shorter");
        f.weights("npy version 9", with(npy(9, dictionary("<f4", false, "(8,)"), DATA)), NAME, "version is unknown");
        f.weights("npy header too long", with(npy(2, 1 << 30, new byte[10], DATA)), NAME, "header length");
        f.weights("npy header negative", with(npy(2, -1, new byte[10], DATA)), NAME, "header length");
        f.weights("npy header cut", with(npy(1, 1000, "{'descr'".getBytes(StandardCharsets.UTF_8), DATA)), NAME, "shorter");
        f.weights("npy header not a dictionary", literal("[1, 2]"), NAME, "malformed");
        f.weights("npy header not closed", literal("{'descr': '<f4', 'fortran_order': False, 'shape': (8,)"), NAME, "malformed");
        f.weights("npy header without shape", literal("{'descr': '<f4', 'fortran_order': False, }"), NAME, "incomplete");
        f.weights("npy header without descr", literal("{'fortran_order': False, 'shape': (8,), }"), NAME, "incomplete");
        f.weights("npy header without order", literal("{'descr': '<f4', 'shape': (8,), }"), NAME, "incomplete");
        f.weights("npy header with a key twice", literal("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (8,), }"), NAME, "repeats a key");
        f.weights("npy header with another key", literal("{'descr': '<f4', 'code': 'x', 'fortran_order': False, 'shape': (8,), }"), NAME, "unknown key");
        f.weights("npy header with code", literal("{'descr': __import__('os'), 'fortran_order': False, 'shape': (8,), }"), NAME, "malformed");
        f.weights("npy header with more behind it", literal("{'descr': '<f4', 'fortran_order': False, 'shape': (8,), } x"), NAME, "malformed");
        f.weights("npy Python objects", literal(dictionary("|O", false, "(8,)")), NAME, "never read");
        f.weights("npy structured type", literal("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (8,), }"), NAME, "malformed");
        f.weights("npy complex type", literal(dictionary("<c8", false, "(4,)")), NAME, "type is not supported");
        f.weights("npy text type", literal(dictionary("<U8", false, "(1,)")), NAME, "type is not supported");
        f.weights("npy type without byte order", literal(dictionary("f4", false, "(8,)")), NAME, "type is not supported");
        f.weights("npy negative dimension", literal(dictionary("<f4", false, "(-8,)")), NAME, "malformed");
        f.weights("npy dimension of 2^40", literal(dictionary("<f4", false, "(1099511627776,)")), NAME, "malformed");
        f.weights("npy shape overflows", literal(dictionary("<f4", false, "(2147483647, 2147483647, 2147483647)")), NAME, "impossible");
        f.weights("npy bytes overflow", literal(dictionary("<f8", false, "(2147483647, 2147483647)")), NAME, "impossible");
        f.weights("npy of 33 dimensions", literal(dictionary("<f4", false, "(" + "1,".repeat(33) + "8)")), NAME, "malformed");
        f.weights("npy shorter than its shape", literal(dictionary("<f4", false, "(9,)")), NAME, "does not match");
        f.weights("npy longer than its shape", literal(dictionary("<f4", false, "(7,)")), NAME, "does not match");
        f.weights("npy wrong shape", literal(dictionary("<f4", false, "(2, 4)")), NAME, "shape");
        f.weights("npy integers", literal(dictionary("<i4", false, "(8,)")), NAME, "floating-point");
    }

    private static void archives(BrokenFiles f) throws IOException {
        f.weights("npz without arrays", new RawNpz().entry("x", false, new byte[1]).bytes(), "", "no npz file");
        f.weights("npz with a folder", new RawNpz().entry("a/", false, new byte[0]).array("b", false, "<f4", false, "(8,)", DATA).bytes(), "a/", "not a NumPy array");
        f.weights("PyTorch archive", new RawNpz().entry("archive/data.pkl", false, new byte[9]).bytes(), "archive/data.pkl", "pickle");
        byte[] zeros = new byte[20 << 20];
        f.weights("zip bomb", new RawNpz().array("pos_embed", true, "<f4", false, "(5242880,)", zeros).bytes(), "pos_embed", "times its size");
        f.weights("npz missing tensor", new RawNpz().array("patch_embed.proj.weight", true, "<f4", false, "(8, 3, 8, 8)", new byte[6144]).bytes(),
                "pos_embed", "missing");
    }

    private static void directories(BrokenFiles f) throws IOException {
        byte[] deflated = BrokenFiles.npz(BrokenFiles.tensors(), true);
        byte[] stored = BrokenFiles.npz(BrokenFiles.tensors(), false);
        f.weights("npz cut in the directory", Arrays.copyOf(deflated, deflated.length - 30), "", "directory is malformed");
        f.weights("npz cut in the middle", Arrays.copyOf(deflated, deflated.length / 2), "", "directory is malformed");
        f.weights("npz promising less", patched(deflated, 24, size -> size - 4), NAME, "does not match");
        f.weights("npz promising more", patched(deflated, 24, size -> size + 4), NAME, "does not match");
        f.weights("npz promising 2^31", patched(deflated, 24, _ -> 0x7FFF_FFFF), NAME, "times its size");
        f.weights("npz unknown compression", patched(deflated, 10, method -> method & 0xFFFF_0000 | 12), "", "directory is malformed");
        f.weights("npz encrypted", patched(deflated, 8, flags -> flags | 1), "", "directory is malformed");
        f.weights("npz cut stream", patched(deflated, 20, size -> size - 8), NAME, "");
        byte[] twice = deflated.clone();
        rename(twice, "norm.bias.npy", "head.bias.npy");
        f.weights("npz duplicate entry", twice, "head.bias.npy", "");
        // These two faults show only when the elements are read.
        f.weights("npz wrong checksum", patched(stored, 16, crc -> crc ^ 1), NAME, "corrupt");
        byte[] flipped = stored.clone();
        flipped[data(flipped)] ^= 1;
        f.weights("npz flipped bit", flipped, NAME, "corrupt");
    }

    /** Changes the 32 bits at {@code offset} of the directory entry of {@link #NAME}. */
    private static byte[] patched(byte[] archive, int offset, java.util.function.IntUnaryOperator change) {
        byte[] copy = archive.clone();
        ByteBuffer bytes = ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN);
        int at = find(copy, NAME + ".npy", copy.length) - 46 + offset; // the directory follows the entries; 46 bytes precede the name
        bytes.putInt(at, change.applyAsInt(bytes.getInt(at)));
        return copy;
    }

    /** The last position of {@code text} that is before {@code before}. */
    private static int find(byte[] bytes, String text, int before) {
        return new String(bytes, StandardCharsets.ISO_8859_1).lastIndexOf(text, before);
    }

    /** The last byte of the stored entry of {@link #NAME}. */
    private static int data(byte[] stored) {
        int name = new String(stored, StandardCharsets.ISO_8859_1).indexOf(NAME + ".npy");
        int size = ByteBuffer.wrap(stored).order(ByteOrder.LITTLE_ENDIAN).getInt(name - 30 + 22);
        return name + NAME.length() + 4 + size - 1;
    }

    private static void rename(byte[] archive, String from, String to) {
        String text = new String(archive, StandardCharsets.ISO_8859_1);
        for (int at = text.indexOf(from); at >= 0; at = text.indexOf(from, at + 1)) {
            System.arraycopy(to.getBytes(StandardCharsets.ISO_8859_1), 0, archive, at, to.length());
        }
    }
}
