package vit.model.json;

/** UTF-8 as RFC 3629 defines it: the shortest form of each code point up to U+10FFFF, surrogates excepted. */
final class Utf8 {

    private Utf8() {}

    /** The index of the first byte that does not belong to well-formed UTF-8; −1 if there is none. */
    static int firstInvalid(byte[] bytes) {
        int i = 0;
        while (i < bytes.length) {
            int length = bytes[i] >= 0 ? 1 : sequence(bytes, i);
            if (length == 0) {
                return i;
            }
            i += length;
        }
        return -1;
    }

    /** The length of the sequence that starts with the byte above 0x7F at {@code i}; 0 if it is malformed. */
    private static int sequence(byte[] bytes, int i) {
        int lead = bytes[i] & 0xFF;
        int length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
        if (lead < 0xC2 || lead > 0xF4 || i + length > bytes.length) {
            return 0;
        }
        for (int k = 1; k < length; k++) {
            if ((bytes[i + k] & 0xC0) != 0x80) {
                return 0;
            }
        }
        int second = bytes[i + 1] & 0xFF;
        boolean outside = lead == 0xE0 && second < 0xA0 // overlong
                || lead == 0xED && second >= 0xA0 // a surrogate
                || lead == 0xF0 && second < 0x90 // overlong
                || lead == 0xF4 && second >= 0x90; // above U+10FFFF
        return outside ? 0 : length;
    }
}
