package vit.model.weights.format;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import vit.model.InputException;
import vit.model.text.Pointer;

/**
 * What a file that was named as weights really is, judged by its first bytes: one of the formats that are read, or one of the things that people
 * name by mistake, with advice on what to do.
 */
public enum FileKind {
    SAFETENSORS("safetensors", null),
    ZIP("a zip archive", null),
    JSON("JSON", "name the weights with --weights and their configuration with --config"),
    EMPTY("an empty file", "fetch the file again; the download may have failed"),
    GIT_LFS(Pointer.GIT_LFS.words(), Pointer.GIT_LFS.remedy()),
    GIT_ANNEX(Pointer.GIT_ANNEX.words(), Pointer.GIT_ANNEX.remedy()),
    HTML("an HTML page, as servers send for an error or a login", "fetch the file again; a browser shows what the page says"),
    XML("an XML document, as servers send for an error", "fetch the file again"),
    PICKLE("a Python pickle (.pth, .pt, .bin), which can run code and is never read", Constants.CONVERT),
    TENSORFLOW("TensorFlow's own format", Constants.CONVERT),
    NPY("a single NumPy array (.npy)", "save the arrays together with numpy.savez"),
    HDF5("HDF5 (.h5)", Constants.CONVERT),
    GGUF("GGUF, a quantised format", Constants.ORIGINAL),
    GGML("ggml, a quantised format", Constants.ORIGINAL),
    ONNX("ONNX", Constants.ORIGINAL),
    TFLITE("TensorFlow Lite", Constants.ORIGINAL),
    MSGPACK("MessagePack, as Flax saves", Constants.CONVERT),
    GZIP("compressed by gzip", "decompress the file"),
    XZ("compressed by xz", "decompress the file"),
    BZIP2("compressed by bzip2", "decompress the file"),
    ZSTANDARD("compressed by Zstandard", "decompress the file"),
    SEVEN_ZIP("a 7z archive", "unpack the archive"),
    RAR("a RAR archive", "unpack the archive"),
    TAR("a tar archive", "unpack the archive"),
    IMAGE("an image", "images are named after the options, weights with --weights"),
    PDF("a PDF document", null),
    PROGRAM("a program or a library", null),
    TEXT("text", null),
    OTHER("content of no known format", null);

    /** Texts that the constants above use; an enum's own static fields are not initialised before its constants. */
    private static final class Constants {
        private static final String CONVERT = "convert the weights to safetensors with the framework that wrote them";
        private static final String ORIGINAL = "use the original weights, as safetensors";
    }

    public static final String CONVERT = Constants.CONVERT;

    private static final int LOOKED_AT = 512;

    private final String words;
    private final String remedy; // or null

    FileKind(String words, String remedy) {
        this.words = words;
        this.remedy = remedy;
    }

    /** The kind of {@code source}. */
    static FileKind of(ByteSource source) throws IOException {
        byte[] start = source.start(LOOKED_AT);
        if (start.length == 0) {
            return EMPTY;
        }
        // A header length below 4 GB ends in four zero bytes. No magic number continues with four zeros, and no text does.
        if (start.length >= 8 && (start[4] | start[5] | start[6] | start[7]) == 0 && !has(start, "PK\005\006")) {
            return SAFETENSORS;
        }
        FileKind magic = byMagic(start, source.name().toLowerCase(Locale.ROOT));
        return magic != null ? magic : isText(start) ? byText(start) : start.length <= 8 || start[8] == '{' ? SAFETENSORS : OTHER;
    }

    /** Opens the tensors of {@code source}, which then belongs to the result. */
    static TensorFile open(ByteSource source) throws IOException {
        return switch (of(source)) {
            case SAFETENSORS -> SafetensorsFile.open(source, SafetensorsFile.newBuffer());
            case ZIP -> NpzFile.open(source);
            case FileKind other -> throw other.refusal(source.name());
        };
    }

    private static FileKind byMagic(byte[] start, String name) {
        if (has(start, "PK\003\004") || has(start, "PK\005\006")) {
            return ZIP;
        }
        if (start[0] == (byte) 0x80 && start.length > 1 && start[1] >= 2 && start[1] <= 5 && !name.endsWith(".msgpack")) {
            return PICKLE;
        }
        if (has(start, "\u0093NUMPY")) {
            return NPY;
        }
        if (has(start, "\u0089HDF\r\n")) {
            return HDF5;
        }
        if (has(start, "GGUF")) {
            return GGUF;
        }
        if (has(start, "lmgg") || has(start, "fmgg") || has(start, "tjgg") || has(start, "algg")) {
            return GGML;
        }
        if (start.length > 8 && new String(start, 4, 4, StandardCharsets.ISO_8859_1).equals("TFL3")) {
            return TFLITE;
        }
        if (start[0] == 8 && start.length > 2 && start[1] > 0 && start[1] < 32 && start[2] == 0x12) { // ir_version or schema_version, then a message
            return name.endsWith(".pb") ? TENSORFLOW : ONNX;
        }
        if (name.endsWith(".msgpack") && (start[0] & 0xF0) == 0x80 || name.endsWith(".msgpack") && (start[0] & 0xFE) == 0xDE) {
            return MSGPACK;
        }
        return packed(start);
    }

    private static FileKind packed(byte[] start) {
        if (has(start, "\u001F\u008B")) {
            return GZIP;
        }
        if (has(start, "\u00FD7zXZ")) {
            return XZ;
        }
        if (has(start, "BZh") && start.length > 4 && start[4] == 0x31) {
            return BZIP2;
        }
        if (has(start, "\u0028\u00B5\u002F\u00FD")) {
            return ZSTANDARD;
        }
        if (has(start, "7z\u00BC\u00AF")) {
            return SEVEN_ZIP;
        }
        if (has(start, "Rar!")) {
            return RAR;
        }
        if (start.length > 262 && new String(start, 257, 5, StandardCharsets.ISO_8859_1).equals("ustar")) {
            return TAR;
        }
        if (has(start, "\u00FF\u00D8\u00FF") || has(start, "\u0089PNG") || has(start, "GIF8") || has(start, "RIFF") || has(start, "II*\0") || has(start, "MM\0*")) {
            return IMAGE;
        }
        if (has(start, "%PDF")) {
            return PDF;
        }
        return has(start, "\u007FELF") || has(start, "MZ") && !isText(start) ? PROGRAM : null;
    }

    private static FileKind byText(byte[] start) {
        String text = new String(start, StandardCharsets.UTF_8).replace("\uFEFF", "").stripLeading().toLowerCase(Locale.ROOT);
        if (Pointer.in(start).equals(Optional.of(Pointer.GIT_LFS))) {
            return GIT_LFS;
        }
        if (text.contains("/annex/objects/")) {
            return GIT_ANNEX;
        }
        if (text.startsWith("<!doctype html") || text.startsWith("<html") || text.startsWith("<head") || text.startsWith("<!--")) {
            return HTML;
        }
        if (text.startsWith("<")) {
            return text.contains("<html") ? HTML : XML;
        }
        return text.startsWith("{") || text.startsWith("[") ? JSON : TEXT;
    }

    private static boolean isText(byte[] bytes) {
        for (byte b : bytes) {
            if (b >= 0 && b < ' ' && b != '\t' && b != '\n' && b != '\r' && b != '\f') {
                return false;
            }
        }
        return true;
    }

    private static boolean has(byte[] bytes, String magic) {
        for (int i = 0; i < magic.length(); i++) {
            if (i >= bytes.length || (bytes[i] & 0xFF) != magic.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** The exception for a file of this kind that was named as weights. */
    InputException refusal(String file) {
        InputException.Report report = InputException.in(file).at(0).expected("safetensors or npz").found(words);
        if (remedy != null) {
            report.remedy(remedy);
        }
        return report.because(this == EMPTY ? "the file is empty" : "the file is not of a weight format that is read");
    }
}
