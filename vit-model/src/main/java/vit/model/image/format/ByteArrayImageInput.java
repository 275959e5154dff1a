package vit.model.image.format;

import java.io.EOFException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import javax.imageio.stream.ImageInputStreamImpl;

/**
 * An ImageIO stream over bytes in memory, without ImageIO's cache files and without a second copy. A decoder that keeps reading at the end is
 * stopped: TwelveMonkeys' WebP reader ignores the end of the file at every symbol, and a few damaged bytes kept it busy for minutes.
 */
final class ByteArrayImageInput extends ImageInputStreamImpl {

    private static final int PATIENCE = 1000;
    private static final int READS_BETWEEN_CHECKS = 64;

    private final byte[] data;
    private final int lookAhead;
    private int readsAtEnd;
    private final AllocationLimit limit;
    private int reads;

    /**
     * @param lookAhead number of zeros that appear to follow the last byte, for decoders that read further than they need
     * @param limit     checked while the decoder reads
     */
    ByteArrayImageInput(byte[] data, int lookAhead, AllocationLimit limit) {
        this.data = data;
        this.lookAhead = lookAhead;
        this.limit = limit;
    }

    private void count() {
        if (++reads % READS_BETWEEN_CHECKS == 0) {
            limit.check();
        }
    }

    @Override
    public int read() {
        count();
        bitOffset = 0;
        if (streamPos >= data.length + lookAhead) {
            return end();
        }
        int at = (int) streamPos++;
        return at < data.length ? data[at] & 0xFF : 0;
    }

    @Override
    public int read(byte[] to, int offset, int length) {
        count();
        bitOffset = 0;
        if (length == 0) {
            return 0;
        }
        int count = (int) Math.min(length, data.length + lookAhead - streamPos);
        if (count <= 0) {
            return end();
        }
        int real = Math.clamp(data.length - streamPos, 0, count);
        System.arraycopy(data, (int) Math.min(streamPos, data.length), to, offset, real);
        Arrays.fill(to, offset + real, offset + count, (byte) 0);
        streamPos += count;
        return count;
    }

    private int end() {
        if (++readsAtEnd > PATIENCE) {
            throw new UncheckedIOException(new EOFException("the data ends before the picture does"));
        }
        return -1;
    }

    /**
     * The length if there is no look-ahead, otherwise −1 (unknown). A plug-in that knows the length compares it with the picture's size by a rule of
     * thumb, which refuses pictures of one colour. The number of pixels has been checked before.
     */
    @Override
    public long length() {
        return lookAhead == 0 ? data.length : -1;
    }
}
