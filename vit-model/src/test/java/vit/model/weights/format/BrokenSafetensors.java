package vit.model.weights.format;

import static vit.model.weights.format.RawSafetensors.entry;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import vit.model.weights.format.BrokenFiles.Raw;

/** Broken safetensors files. Tensor {@code norm.bias} is the third from the end of the sound file and takes 32 bytes. */
final class BrokenSafetensors {

    private static final byte[] DATA = new byte[32];

    private BrokenSafetensors() {}

    static void add(BrokenFiles files) throws IOException {
        lengths(files);
        headers(files);
        tensors(files);
        layouts(files);
        models(files);
        otherFormats(files);
    }

    private static void lengths(BrokenFiles f) throws IOException {
        byte[] sound = BrokenFiles.safetensors(BrokenFiles.tensors());
        byte[] header = "{}".getBytes(StandardCharsets.UTF_8);
        f.weights("empty file", new byte[0], "byte 0", "empty");
        f.weights("seven bytes", new byte[7], "byte 0", "too short");
        f.weights("header length only", Arrays.copyOf(sound, 8), "byte 0", "header length");
        f.weights("header length zero", RawSafetensors.bytes(0, header, DATA), "byte 0", "header length");
        f.weights("header length beyond the file", RawSafetensors.bytes(1000, header, DATA), "byte 0", "header length");
        f.weights("header length negative", RawSafetensors.bytes(-1, header, DATA), "byte 0", "header length");
        f.weights("header length of 2^62", RawSafetensors.bytes(1L << 62, header, DATA), "byte 0", "header length");
        f.weights("header length of 101 million", RawSafetensors.bytes(101_000_000, header, DATA), "byte 0", "header length");
        f.weights("cut in the header", Arrays.copyOf(sound, 100), "byte 0", "header length");
        f.weights("cut in the data", Arrays.copyOf(sound, sound.length - 1), "head.bias.data_offsets", "outside the file's data");
    }

    private static void headers(BrokenFiles f) throws IOException {
        f.weights("header not JSON", RawSafetensors.bytes("{hello world}", DATA), "byte 9", "malformed");
        f.weights("header an array", RawSafetensors.bytes("[1]", DATA), "byte 8", "does not start");
        f.weights("header starting with a blank", RawSafetensors.bytes(" {}", DATA), "byte 8", "does not start");
        f.weights("header cut inside JSON", RawSafetensors.bytes("{\"a\":{\"dtype\":\"F32\"", DATA), "byte", "malformed");
        f.weights("header followed by text", RawSafetensors.bytes("{} x", new byte[0]), "byte 11", "malformed");
        f.weights("header not UTF-8", RawSafetensors.bytes(new byte[] {'{', '"', (byte) 0xFF, '"', ':', '1', '}'}, DATA), "byte", "malformed");
        f.weights("JSON nested deep", RawSafetensors.bytes("{\"a\":" + "[".repeat(100_000), DATA), "byte", "malformed");
        f.weights("JSON string of a megabyte", RawSafetensors.bytes("{\"a\":\"" + "x".repeat(1 << 21) + "\"}", DATA), "byte", "malformed");
        f.weights("JSON of many values", RawSafetensors.bytes("{\"a\":[" + "1,".repeat(300_000) + "1]}", DATA), "\"a", "too many values");
        f.weights("JSON number of 1000 digits", RawSafetensors.bytes("{\"a\":" + "9".repeat(1000) + "}", DATA), "byte", "malformed");
        f.weights("duplicate tensor", raw("norm.bias", entry("F32", "8", "0,32")), "norm.bias", "malformed");
        f.weights("duplicate field", raw("x", "{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[8],\"data_offsets\":[0,32]}"), "x.dtype", "malformed");
        f.weights("metadata not an object", raw("__metadata__", "[1]"), "__metadata__", "wrong type");
        f.weights("metadata not text", raw("__metadata__", "{\"a\":1}"), "__metadata__.a", "wrong type");
    }

    /** The sound file with one more tensor of 32 bytes whose header entry is {@code json}. */
    private static byte[] raw(String name, String json) {
        RawSafetensors file = new RawSafetensors();
        BrokenFiles.tensors().forEach((tensor, raw) -> file.tensor(tensor, Dtype.F32, raw.shape(), raw.bytes()));
        return file.raw(name, json, DATA).bytes();
    }

    private static void tensors(BrokenFiles f) throws IOException {
        f.weights("tensor not an object", raw("x", "7"), "\"x\"", "wrong type");
        f.weights("no dtype", raw("x", "{\"shape\":[8],\"data_offsets\":[0,32]}"), "x.dtype", "missing");
        f.weights("no shape", raw("x", "{\"dtype\":\"F32\",\"data_offsets\":[0,32]}"), "x.shape", "missing");
        f.weights("no offsets", raw("x", "{\"dtype\":\"F32\",\"shape\":[8]}"), "x.data_offsets", "missing");
        f.weights("unknown field", raw("x", "{\"dtype\":\"F32\",\"shape\":[8],\"data_offsets\":[0,32],\"y\":1}"), "x.y", "unknown field");
        f.weights("unknown dtype", raw("x", entry("F31", "8", "0,32")), "x.dtype", "dtype is not supported");
        f.weights("dtype not text", raw("x", "{\"dtype\":32,\"shape\":[8],\"data_offsets\":[0,32]}"), "x.dtype", "wrong type");
        f.weights("negative shape", raw("x", entry("F32", "-8", "0,32")), "x.shape", "impossible");
        f.weights("fractional shape", raw("x", entry("F32", "8.0", "0,32")), "x.shape", "wrong type");
        f.weights("dimension of 2^32", raw("x", entry("F32", "4294967296", "0,32")), "x.shape", "wrong type");
        f.weights("dimension of 2^80", raw("x", entry("F32", "1208925819614629174706176", "0,32")), "x.shape", "wrong type");
        f.weights("shape product overflows", raw("x", entry("F32", "2147483647,2147483647,2147483647", "0,32")), "x.shape", "impossible");
        f.weights("shape bytes overflow", raw("x", entry("F64", "2147483647,2147483647", "0,32")), "x.shape", "impossible");
        f.weights("shape of zero times overflow", raw("x", entry("F32", "0,2147483647,2147483647,2147483647", "0,32")), "x.data_offsets", "do not match");
        f.weights("offsets of three", raw("x", entry("F32", "8", "0,16,32")), "x.data_offsets", "not a pair");
        f.weights("offsets not integers", raw("x", entry("F32", "8", "0.5,32")), "x.data_offsets[0]", "wrong type");
        f.weights("offset of 2^64", raw("x", entry("F32", "8", "0,18446744073709551616")), "x.data_offsets[1]", "wrong type");
        f.weights("end before begin", raw("x", entry("F32", "8", "64,32")), "x.data_offsets", "outside");
        f.weights("negative begin", raw("x", entry("F32", "8", "-32,0")), "x.data_offsets", "outside");
        f.weights("end beyond the file", raw("x", entry("F32", "8", "100000,100032")), "x.data_offsets", "outside");
        f.weights("offsets do not match the shape", raw("x", entry("F32", "9", "0,32")), "x.data_offsets", "do not match");
    }

    private static void layouts(BrokenFiles f) throws IOException {
        f.weights("overlap", raw("x", entry("F32", "8", "16,48")), "byte", "overlap");
        f.weights("same place twice", raw("x", entry("F32", "8", "0,32")), "byte", "overlap");
        RawSafetensors hole = new RawSafetensors();
        hole.raw("a", entry("F32", "2", "0,8"), DATA).raw("b", entry("F32", "2", "24,32"), new byte[0]);
        f.weights("hole", hole.bytes(), "\"b\"", "hole");
        byte[] sound = BrokenFiles.safetensors(BrokenFiles.tensors());
        f.weights("a byte left over", Arrays.copyOf(sound, sound.length + 1), "byte " + sound.length, "follow the last tensor");
    }

    private static void models(BrokenFiles f) throws IOException {
        f.weights("no tensors", RawSafetensors.bytes("{}", new byte[0]), "", "not recognised");
        f.weights("tensors of another model", raw("lstm.weight", entry("F32", "8", "0,32"), Map.of()), "", "not recognised");
        f.weights("missing tensor", changed("blocks.0.norm2.bias", null), "blocks.0.norm2.bias", "missing");
        f.weights("missing first tensor of a block", changed("blocks.0.norm1.weight", null), "blocks.0.norm1.weight", "missing");
        f.weights("missing positions", changed("pos_embed", null), "pos_embed", "missing");
        f.weights("missing patch projection bias", changed("patch_embed.proj.bias", null), "patch_embed.proj.bias", "missing");
        f.weights("unexpected tensor", changed("norm_post.weight", new Raw("F32", "8", DATA)), "norm_post.weight", "unexpected");
        f.weights("unexpected block", changed("blocks.2.norm1.weight", new Raw("F32", "8", DATA)), "blocks.2.norm1.weight", "unexpected");
        f.weights("wrong shape", changed("norm.bias", new Raw("F32", "4,2", DATA)), "norm.bias", "shape");
        f.weights("transposed matrix", changed("blocks.0.mlp.fc2.weight", new Raw("F32", "12,8", new byte[384])), "blocks.0.mlp.fc2.weight", "shape");
        f.weights("wrong rank", changed("pos_embed", new Raw("F32", "5,8", new byte[160])), "pos_embed", "shape");
        f.weights("patch not square", changed("patch_embed.proj.weight", new Raw("F32", "8,3,8,4", new byte[3072])), "patch_embed.proj.weight", "not square");
        f.weights("qkv not three parts", changed("blocks.0.attn.qkv.weight", new Raw("F32", "23,8", new byte[736])), "blocks.0.attn.qkv.weight", "shape");
        f.weights("integer weights", changed("norm.bias", new Raw("I32", "8", DATA)), "norm.bias", "floating-point");
        f.weights("empty matrix", changed("patch_embed.proj.weight", new Raw("F32", "0,3,8,8", new byte[0])), "patch_embed.proj.weight", "shape");
        f.weights("positions of another image", changed("pos_embed", new Raw("F32", "1,7,8", new byte[224])), "pos_embed", "do not fit the image");
    }

    private static byte[] raw(String name, String json, Map<String, Raw> before) {
        RawSafetensors file = new RawSafetensors();
        before.forEach((tensor, raw) -> file.tensor(tensor, Dtype.F32, raw.shape(), raw.bytes()));
        return file.raw(name, json, DATA).bytes();
    }

    /** The sound file with one tensor replaced or added, or left out if the new one is null. */
    private static byte[] changed(String name, Raw raw) {
        Map<String, Raw> tensors = BrokenFiles.tensors();
        if (raw == null) {
            tensors.remove(name);
        } else {
            tensors.put(name, raw);
        }
        return BrokenFiles.safetensors(tensors);
    }

    private static void otherFormats(BrokenFiles f) throws IOException {
        f.weights("text file", "these are not weights, but a text that somebody saved".getBytes(StandardCharsets.UTF_8), "byte 0", "not of a weight format");
        f.weights("pickle", new byte[] {(byte) 0x80, 2, (byte) 0x8A, 10, 'l', (byte) 0xFC, (byte) 0x9C, 'F', (byte) 0xF9}, "byte 0", "not of a weight format");
        f.weights("HDF5", "\u0089HDF\r\n\u001a\n0123".getBytes(StandardCharsets.ISO_8859_1), "byte 0", "not of a weight format");
        f.weights("GGUF", "GGUF\u0003\0\0\0\0\0\0\0".getBytes(StandardCharsets.ISO_8859_1), "byte 0", "not of a weight format");
        f.weights("a single npy", RawNpz.npy(1, RawNpz.dictionary("<f4", false, "(8,)"), DATA), "byte 0", "not of a weight format");
        f.path("weights that do not exist", f.folder().resolve("nowhere.safetensors"), "no such file");
        f.path("weights that are a folder", f.folder(), "holds no weights");
    }
}
