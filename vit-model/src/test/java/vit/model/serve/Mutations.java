package vit.model.serve;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Changes valid input a little: what a parser meets when something goes wrong, or when somebody tries. */
public final class Mutations {

    private static final String[] WORDS = {"0", "-1", "1e999", "NaN", "null", "true", "\"\"", "[]", "{}", "[", "]", "{", "}", ",", ":", "\"", "\\", "\\u0000", "\\ud800", "2147483648",
        "9223372036854775808", "4294967295", "0.1", "-0.0", "1E-50", "\u0000", "\r\n", " ", "\r\n\r\n", "%00", "../", ";", "chunked", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n",
        "Expect: 100-continue\r\n", "Connection: close\r\n", "HTTP/1.0", "Inference-Header-Content-Length: 7\r\n", "\"shape\":[1,3,8,8]", "\"data\":[]", "binary_data_size"};

    private Mutations() {}

    /** The bytes with one to four changes. */
    public static byte[] of(byte[] valid, SplittableRandom random) {
        byte[] bytes = valid.clone();
        for (int changes = 1 + random.nextInt(4) * random.nextInt(2); changes > 0; changes--) {
            bytes = once(bytes, random);
        }
        return bytes;
    }

    private static byte[] once(byte[] bytes, SplittableRandom random) {
        int at = random.nextInt(bytes.length + 1);
        int length = Math.min(bytes.length - at, random.nextInt(1, 20));
        return switch (random.nextInt(7)) {
            case 0 -> {
                byte[] flipped = bytes.clone();
                if (at < bytes.length) {
                    flipped[at] ^= (byte) (1 << random.nextInt(8));
                }
                yield flipped;
            }
            case 1 -> replaced(bytes, at, length, new byte[0]);
            case 2 -> replaced(bytes, at, 0, Arrays.copyOfRange(bytes, at, at + length));
            case 3 -> replaced(bytes, at, 0, word(random));
            case 4 -> replaced(bytes, at, length, word(random));
            case 5 -> {
                byte[] noise = new byte[length];
                random.nextBytes(noise);
                yield replaced(bytes, at, length, noise);
            }
            default -> random.nextInt(4) == 0 ? Arrays.copyOf(bytes, at) : replaced(bytes, at, Math.min(1, length), new byte[] {(byte) ('0' + random.nextInt(10))});
        };
    }

    private static byte[] word(SplittableRandom random) {
        return WORDS[random.nextInt(WORDS.length)].getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] replaced(byte[] bytes, int at, int length, byte[] by) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.write(bytes, 0, at);
        all.writeBytes(by);
        all.write(bytes, at + length, bytes.length - at - length);
        return all.toByteArray();
    }
}
