package vit.model.weights.format;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Builds safetensors bytes without checking anything, so that broken ones can be made. */
public final class RawSafetensors {

    private final StringBuilder header = new StringBuilder();
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();

    /** Adds a tensor whose header entry is {@code json} and whose data are {@code bytes}. */
    RawSafetensors raw(String name, String json, byte[] bytes) {
        header.append(header.isEmpty() ? "" : ",").append('"').append(name).append("\":").append(json);
        data.writeBytes(bytes);
        return this;
    }

    /** Adds a well-formed tensor. */
    RawSafetensors tensor(String name, Dtype dtype, String shape, byte[] bytes) {
        int begin = data.size();
        return raw(name, entry(dtype.name(), shape, begin + "," + (begin + bytes.length)), bytes);
    }

    static String entry(String dtype, String shape, String offsets) {
        return "{\"dtype\":\"" + dtype + "\",\"shape\":[" + shape + "],\"data_offsets\":[" + offsets + "]}";
    }

    byte[] bytes() {
        return bytes("{" + header + "}", data.toByteArray());
    }

    public static byte[] bytes(String header, byte[] data) {
        return bytes(header.getBytes(StandardCharsets.UTF_8), data);
    }

    public static byte[] bytes(byte[] header, byte[] data) {
        return bytes(header.length, header, data);
    }

    public static byte[] bytes(long headerLength, byte[] header, byte[] data) {
        return ByteBuffer.allocate(8 + header.length + data.length).order(ByteOrder.LITTLE_ENDIAN)
                .putLong(headerLength).put(header).put(data).array();
    }
}
