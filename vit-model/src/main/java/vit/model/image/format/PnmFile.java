package vit.model.image.format;

import java.io.IOException;
import vit.model.InputException;
import vit.model.image.RgbImage;

/**
 * A portable bitmap, graymap or pixmap (Netpbm's P1 … P6), binary or as text. Samples are scaled by the file's largest value as Pillow scales
 * them: rounded half to even; grey of more than 8 bits follows {@link DecodeOptions#scaleGrey16()}.
 */
final class PnmFile implements EncodedImage {

    private static final int LONGEST_NUMBER = 10;
    private static final int MOST_SAMPLE = 65_535;

    private final FileBytes file;
    private final int kind; // 1 … 6
    private int at;
    private final long width;
    private final long height;
    private final int most; // the largest sample

    private PnmFile(FileBytes file) throws InputException {
        this.file = file;
        this.kind = file.u8(1) - '0';
        this.at = 2;
        this.width = number("the width");
        this.height = number("the height");
        this.most = bitmap() ? 1 : (int) number("the largest sample");
        if (most < 1 || most > MOST_SAMPLE) {
            throw file.fault(at).expected("1 … " + MOST_SAMPLE).found(most).because("the largest sample is out of range");
        }
        if (at < file.length() && !white(file.u8(at))) {
            throw file.fault(at).expected("one white space before the pixels").found("byte " + file.u8(at)).because("the portable pixmap's text is unsound");
        }
        at++;
    }

    /** Whether a kind of the format and white space or a comment begin the file. */
    static boolean plausible(FileBytes file) throws InputException {
        return file.length() > 2 && file.u8(0) == 'P' && file.u8(1) >= '1' && file.u8(1) <= '6' && (white(file.u8(2)) || file.u8(2) == '#');
    }

    static PnmFile parse(FileBytes file) throws InputException {
        PnmFile pnm = new PnmFile(file);
        if (!pnm.text() && pnm.width > 0 && pnm.height > 0 && pnm.width <= DecodeOptions.MAX_SIDE && pnm.height <= DecodeOptions.MAX_SIDE) {
            file.require(pnm.at, pnm.rowBytes() * pnm.height, "pixels");
        }
        return pnm;
    }

    private boolean bitmap() {
        return kind == 1 || kind == 4;
    }

    private boolean text() {
        return kind <= 3;
    }

    private int channels() {
        return kind == 3 || kind == 6 ? RgbImage.CHANNELS : 1;
    }

    private long rowBytes() {
        return bitmap() ? (width + 7) / 8 : width * channels() * (most > 255 ? 2 : 1);
    }

    private static boolean white(int c) {
        return c == ' ' || c >= '\t' && c <= '\r';
    }

    /** Skips white space and comments. */
    private void skip() {
        byte[] data = file.data();
        while (at < data.length && (white(data[at]) || data[at] == '#')) {
            if (data[at] == '#') {
                while (at < data.length && data[at] != '\n' && data[at] != '\r') {
                    at++;
                }
            } else {
                at++;
            }
        }
    }

    /** The next number of the text; white space, a comment or the end must follow it. */
    private long number(String what) throws InputException {
        skip();
        int start = at;
        long number = 0;
        byte[] data = file.data();
        while (at < data.length && data[at] >= '0' && data[at] <= '9' && at - start < LONGEST_NUMBER) {
            number = 10 * number + data[at++] - '0';
        }
        if (at == data.length && at == start) {
            throw file.fault(at).expected(what).found("the end").because("the image is truncated");
        }
        if (at == start || at < data.length && !white(data[at]) && data[at] != '#') {
            throw file.fault(at).expected(what + ", a number of at most " + LONGEST_NUMBER + " digits").because("the portable pixmap's text is unsound");
        }
        return number;
    }

    @Override
    public long height() {
        return height;
    }

    @Override
    public long width() {
        return width;
    }

    @Override
    public DecodeCost cost() {
        long pixels = height * width;
        return DecodeCost.of(pixels * RgbImage.CHANNELS + 2L * most, 20 * pixels * channels() + 2 * file.length());
    }

    @Override
    public long mostPixels() {
        return text() ? file.length() : file.length() * 8L;
    }

    @Override
    public RgbImage decode(DecodeOptions options) throws IOException {
        int pixels = (int) (height * width);
        byte[] rgb = new byte[pixels * RgbImage.CHANNELS];
        if (kind == 1) {
            textBits(rgb);
        } else if (kind == 4) {
            bits(rgb);
        } else {
            samples(rgb, options);
        }
        return new RgbImage(file.source(), (int) height, (int) width, rgb);
    }

    /** Digits 0 (white) and 1 (black), with or without space between them. */
    private void textBits(byte[] rgb) throws InputException {
        for (int out = 0; out < rgb.length; out += RgbImage.CHANNELS) {
            skip();
            int digit = file.u8(at);
            if (digit != '0' && digit != '1') {
                throw file.fault(at).expected("0 or 1").found("byte " + digit).because("the portable pixmap's text is unsound");
            }
            at++;
            RasterPixels.grey(digit == '0' ? 255 : 0, rgb, out);
        }
    }

    private void bits(byte[] rgb) {
        int out = 0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++, out += RgbImage.CHANNELS) {
                int bit = file.data()[at + x / 8] >> 7 - x % 8 & 1;
                RasterPixels.grey(bit == 0 ? 255 : 0, rgb, out);
            }
            at += (int) rowBytes();
        }
    }

    private void samples(byte[] rgb, DecodeOptions options) throws InputException {
        byte[] table = table(options);
        int count = rgb.length / RgbImage.CHANNELS * channels();
        int out = 0;
        for (int i = 0; i < count; i++) {
            byte value = table[text() ? textSample() : binarySample()];
            if (channels() == 1) {
                RasterPixels.grey(value, rgb, out);
                out += RgbImage.CHANNELS;
            } else {
                rgb[out++] = value;
            }
        }
    }

    private int textSample() throws InputException {
        long sample = number("a sample");
        if (sample > most) {
            throw file.fault(at).expected("at most " + most).found(sample).because("a sample is above the portable pixmap's largest");
        }
        return (int) sample;
    }

    private int binarySample() {
        int sample = file.data()[at++] & 0xFF;
        if (most > 255) {
            sample = sample << 8 | file.data()[at++] & 0xFF;
        }
        return Math.min(sample, most);
    }

    /** The 8-bit value of each sample. */
    private byte[] table(DecodeOptions options) {
        boolean grey16 = channels() == 1 && most > 255;
        int full = grey16 ? MOST_SAMPLE : 255;
        byte[] table = new byte[most + 1];
        for (int v = 0; v <= most; v++) {
            int scaled = (int) Math.rint((double) v / most * full);
            table[v] = (byte) (grey16 ? options.scaleGrey16() ? scaled >> 8 : Math.min(scaled, 255) : scaled);
        }
        return table;
    }
}
