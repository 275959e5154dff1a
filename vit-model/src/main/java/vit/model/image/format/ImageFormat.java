package vit.model.image.format;

import java.nio.charset.StandardCharsets;
import java.util.List;
import vit.model.InputException;
import vit.model.text.Pointer;

/** Recognises what a file is by its first bytes. */
final class ImageFormat {

    private static final String EXPECTED = "JPEG, PNG, GIF, BMP, WebP, TIFF or PPM";

    /** Files of other kinds that people name like an image, recognised by their first bytes. */
    private record Signature(int at, String text, String name) {}

    private static final List<Signature> OTHERS = List.of(
            new Signature(0, "II+\0", "a BigTIFF image"),
            new Signature(0, "MM\0+", "a BigTIFF image"),
            new Signature(4, "ftyphei", "a HEIC image"),
            new Signature(4, "ftypmif1", "a HEIF image"),
            new Signature(4, "ftypavif", "an AVIF image"),
            new Signature(4, "ftyp", "an MP4 or QuickTime file"),
            new Signature(0, "\0\0\0\fjP", "a JPEG 2000 image"),
            new Signature(0, "\u00FF\n", "a JPEG XL image"),
            new Signature(0, "8BPS", "a Photoshop file"),
            new Signature(0, "%PDF", "a PDF document"),
            new Signature(0, "PK\3\4", "a ZIP archive"),
            new Signature(0, "\u001F\u008B", "a gzip archive"),
            new Signature(0, "RIFF", "a RIFF file that is not WebP"),
            new Signature(0, "\u007FELF", "a program"));

    private ImageFormat() {}

    /**
     * Reads the headers.
     *
     * @throws InputException if the content is none of the formats, or its headers are unsound
     */
    static EncodedImage parse(FileBytes file) throws InputException {
        if (file.has(0, "\u00FF\u00D8\u00FF")) {
            return JpegFile.parse(file);
        }
        if (file.has(0, PngFile.SIGNATURE)) {
            return PngFile.parse(file);
        }
        if (file.has(0, "GIF87a") || file.has(0, "GIF89a")) {
            return GifFile.parse(file);
        }
        if (file.has(0, "BM") && BmpFile.plausible(file)) {
            return BmpFile.parse(file);
        }
        if (file.has(0, "RIFF") && file.has(8, "WEBP")) {
            return WebpFile.parse(file);
        }
        if (file.has(0, "II*\0") || file.has(0, "MM\0*")) {
            return TiffFile.parse(file);
        }
        if (PnmFile.plausible(file)) {
            return PnmFile.parse(file);
        }
        Pointer pointer = Pointer.in(file.data()).orElse(null);
        if (pointer != null) {
            throw file.fault(0).expected(EXPECTED).found(pointer.words()).remedy(pointer.remedy()).because("the file was not fetched");
        }
        throw file.fault(0).expected(EXPECTED).found(describe(file)).because("the content is not an image of a known format");
    }

    private static String describe(FileBytes file) {
        if (file.length() == 0) {
            return "an empty file";
        }
        for (Signature other : OTHERS) {
            if (file.has(other.at, other.text)) {
                return other.name;
            }
        }
        int shown = Math.min(file.length(), 24);
        for (int i = 0; i < shown; i++) {
            int b = file.data()[i];
            if (b >= 0 && b < ' ' && b != '\t' && b != '\n' && b != '\r') {
                return "unknown data";
            }
        }
        return "text that begins \"" + new String(file.data(), 0, shown, StandardCharsets.UTF_8).replaceAll("[\\s\\uFFFD]+", " ").strip() + '"';
    }
}
