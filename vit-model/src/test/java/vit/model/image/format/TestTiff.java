package vit.model.image.format;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.TreeMap;

/** Builds small TIFF files tag by tag. */
final class TestTiff {

    private final ByteOrder order;
    private final TreeMap<Integer, long[]> tags = new TreeMap<>();
    private byte[][] parts = {};

    TestTiff(boolean little, int height, int width, int samples, int bits, int photometric) {
        this.order = little ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
        long[] depths = new long[samples];
        java.util.Arrays.fill(depths, bits);
        with(256, width).with(257, height).with(258, depths).with(259, 1).with(262, photometric).with(277, samples).with(278, height);
    }

    /** Sets a tag. A value of 0x10000 or more is stored as LONG, a smaller one as SHORT. */
    TestTiff with(int tag, long... values) {
        tags.put(tag, values);
        return this;
    }

    /** Sets the strips. */
    TestTiff strips(byte[]... strips) {
        parts = strips;
        return with(273, new long[strips.length]).with(279, lengths(strips));
    }

    /** Sets tiles of {@code side}×{@code side} pixels instead of strips. */
    TestTiff tiles(int side, byte[]... tiles) {
        parts = tiles;
        return with(322, side).with(323, side).with(324, new long[tiles.length]).with(325, lengths(tiles));
    }

    private static long[] lengths(byte[][] parts) {
        long[] lengths = new long[parts.length];
        for (int i = 0; i < parts.length; i++) {
            lengths[i] = parts[i].length;
        }
        return lengths;
    }

    /** The file. */
    byte[] file() {
        long[] offsets = tags.getOrDefault(273, tags.get(324));
        int at = head().length;
        for (int i = 0; i < parts.length; i++) {
            offsets[i] = at;
            at += parts[i].length;
        }
        return TestImages.concat(head(), TestImages.concat(parts));
    }

    private byte[] head() {
        int values = 8 + 2 + 12 * tags.size() + 4;
        ByteBuffer out = ByteBuffer.allocate(values).order(order);
        ByteArrayOutputStream behind = new ByteArrayOutputStream();
        byte mark = (byte) (order == ByteOrder.LITTLE_ENDIAN ? 'I' : 'M');
        out.put(mark).put(mark).putShort((short) 42).putInt(8).putShort((short) tags.size());
        for (Map.Entry<Integer, long[]> tag : tags.entrySet()) {
            boolean wide = tag.getKey() == 273 || tag.getKey() == 279 || tag.getKey() == 324 || tag.getKey() == 325;
            long[] numbers = tag.getValue();
            ByteBuffer stored = ByteBuffer.allocate(Math.max(4, numbers.length * (wide ? 4 : 2))).order(order);
            for (long number : numbers) {
                if (wide) {
                    stored.putInt((int) number);
                } else {
                    stored.putShort((short) number);
                }
            }
            out.putShort(tag.getKey().shortValue()).putShort((short) (wide ? 4 : 3)).putInt(numbers.length);
            if (stored.capacity() <= 4) {
                out.put(stored.array());
            } else {
                out.putInt(values + behind.size());
                behind.writeBytes(stored.array());
            }
        }
        return TestImages.concat(out.array(), behind.toByteArray());
    }
}
