package vit.model.image.format;

import vit.model.InputException;

/**
 * The bytes of an image file. Reading past the end throws an {@link InputException} that names the file, the place and what was being read.
 *
 * @param source the file's name, for messages
 * @param data   not copied
 */
record FileBytes(String source, byte[] data) {

    int length() {
        return data.length;
    }

    /** Fails unless {@code count} bytes of {@code what} stand at {@code at}. */
    void require(long at, long count, String what) throws InputException {
        if (at < 0 || count < 0 || at + count > data.length) {
            throw fault(Math.clamp(at, 0, data.length)).expected(count + " bytes of " + what).found(Math.max(data.length - at, 0))
                    .because("the image is truncated");
        }
    }

    int u8(int at) throws InputException {
        require(at, 1, "a header");
        return data[at] & 0xFF;
    }

    /** Most significant byte first. */
    int u16be(int at) throws InputException {
        require(at, 2, "a header");
        return (data[at] & 0xFF) << 8 | data[at + 1] & 0xFF;
    }

    /** Least significant byte first. */
    int u16le(int at) throws InputException {
        require(at, 2, "a header");
        return (data[at + 1] & 0xFF) << 8 | data[at] & 0xFF;
    }

    /** Most significant byte first. */
    long u32be(int at) throws InputException {
        return (long) u16be(at) << 16 | u16be(at + 2);
    }

    /** Least significant byte first. */
    long u32le(int at) throws InputException {
        return (long) u16le(at + 2) << 16 | u16le(at);
    }

    /** Whether the ASCII characters of {@code text} stand at {@code at}. */
    boolean has(int at, String text) {
        if (at < 0 || at + text.length() > data.length) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            if ((data[at + i] & 0xFF) != text.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** Starts an error message about the byte at {@code at}. */
    InputException.Report fault(long at) {
        return InputException.in(source).at(at);
    }
}
