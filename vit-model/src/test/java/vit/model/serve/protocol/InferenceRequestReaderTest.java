package vit.model.serve.protocol;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import vit.model.config.VitConfig;
import vit.model.json.Json;
import vit.model.serve.Mutations;
import vit.model.serve.RequestFault;

/** Bodies of requests: what is read, in how much memory, and that anything else is refused. */
@Timeout(1800)
class InferenceRequestReaderTest {

    private static final int PIXELS = 3 * 4 * 4;
    private static final InferenceModel MODEL = new InferenceModel("vit",
            VitConfig.builder().family("timm").image(4, 4).patch(2).width(16).depth(1).heads(2).mlp(20).classes(5).build());

    private record Body(byte[] bytes, long jsonLength) {}

    private static Body json(String text) {
        return new Body(text.getBytes(StandardCharsets.UTF_8), -1);
    }

    private static Body binary(String json, byte[] tensors) {
        byte[] head = json.getBytes(StandardCharsets.UTF_8);
        return new Body(ByteBuffer.allocate(head.length + tensors.length).put(head).put(tensors).array(), head.length);
    }

    private static float[] pixels(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] pixels = new float[PIXELS];
        for (int i = 0; i < PIXELS; i++) {
            pixels[i] = (float) random.nextDouble(-2, 2);
        }
        return pixels;
    }

    private static byte[] littleEndian(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return bytes.array();
    }

    private static final List<Body> VALID = List.of(
            json("{\"id\":\"a\",\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,3,4,4],\"datatype\":\"FP32\",\"data\":" + Json.write(pixels(1)) + "}]}"),
            json("{\"parameters\":{\"timeout\":250000,\"priority\":1,\"binary_data_output\":true,\"x\":[1,{\"y\":null}]},\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,3,4,4],"
                    + "\"datatype\":\"FP32\",\"data\":[[[" + "[0,1,-2,3.5],".repeat(11) + "[4e-1,5,6,-0.0]]]]}],\"outputs\":[{\"name\":\"embedding\",\"parameters\":{\"binary_data\":false}},{\"name\":\"logits\"}]}"),
            json("{\"inputs\":[{\"name\":\"image\",\"shape\":[2],\"datatype\":\"BYTES\",\"data\":[\"QUJDRA==\",\"QUI=\"]}],\"outputs\":[{\"name\":\"probabilities\"}]}"),
            binary("{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,3,4,4],\"datatype\":\"FP32\",\"parameters\":{\"binary_data_size\":192}}],\"outputs\":[{\"name\":\"logits\","
                    + "\"parameters\":{\"binary_data\":true}}]}", littleEndian(pixels(2))),
            binary("{\"inputs\":[{\"name\":\"image\",\"shape\":[1,2],\"datatype\":\"BYTES\",\"parameters\":{\"binary_data_size\":13}}]}",
                    new byte[] {3, 0, 0, 0, 1, 2, 3, 2, 0, 0, 0, 4, 5}),
            new Body(littleEndian(pixels(3)), 0),
            new Body(new byte[] {1, 2, 3, 4, 5}, 0));

    @Test
    void theValidRequestsOfTheMutationsAreValid() throws Exception {
        for (Body body : VALID) {
            check(new InferenceRequestReader(MODEL, body.jsonLength).request(body.bytes));
        }
        InferenceRequest second = new InferenceRequestReader(MODEL, -1).request(VALID.get(1).bytes);
        assertEquals(Duration.ofMillis(250), second.timeout());
        assertTrue(second.isUrgent() && second.wantsClasses());
        assertEquals(List.of(new InferenceRequest.Output("embedding", false), new InferenceRequest.Output("logits", true)), second.outputs());
        assertArrayEquals(new byte[] {'A', 'B', 'C', 'D'}, (byte[]) new InferenceRequestReader(MODEL, -1).request(VALID.get(2).bytes).images().getFirst());
        assertArrayEquals(new byte[] {4, 5}, (byte[]) new InferenceRequestReader(MODEL, VALID.get(4).jsonLength).request(VALID.get(4).bytes).images().getLast());
    }

    /** The JSON in front of the tensors is read once, and says how urgent the request is before the tensors are there. */
    @Test
    void theHeadSaysHowLongTheRequestMayTake() throws Exception {
        Body whole = binary("{\"parameters\":{\"timeout\":7000,\"priority\":1},\"inputs\":[{\"name\":\"image\",\"shape\":[1],\"datatype\":\"BYTES\",\"parameters\":"
                + "{\"binary_data_size\":5}}]}", new byte[] {1, 0, 0, 0, 9});
        InferenceRequestReader reader = new InferenceRequestReader(MODEL, whole.jsonLength);
        byte[] begun = Arrays.copyOf(whole.bytes, whole.bytes.length);
        Arrays.fill(begun, (int) whole.jsonLength, begun.length, (byte) 0);
        reader.head(begun);
        assertEquals(Duration.ofMillis(7), reader.timeout());
        assertTrue(reader.isUrgent());
        InferenceRequest request = reader.request(whole.bytes);
        assertEquals(1, request.images().size());
        assertArrayEquals(new byte[] {9}, (byte[]) request.images().getFirst());
        assertEquals(Duration.ofMillis(7), request.timeout());
        InferenceRequestReader raw = new InferenceRequestReader(MODEL, 0);
        raw.head(new byte[0]);
        assertNull(raw.timeout());
    }

    /** What is accepted has images, each of them whole, of finite numbers; outputs of the model, each once; and bounded parameters. */
    private static void check(InferenceRequest request) {
        require(!request.images().isEmpty());
        for (Object image : request.images()) {
            if (image instanceof float[] pixels) {
                require(pixels.length == PIXELS);
                for (float pixel : pixels) {
                    require(Float.isFinite(pixel));
                }
            } else {
                require(image instanceof byte[]);
            }
        }
        Set<String> outputs = new HashSet<>();
        request.outputs().forEach(output -> require(MODEL.outputs().contains(output.key()) && outputs.add(output.key())));
        require(!outputs.isEmpty());
        require(request.timeout() == null || request.timeout().isPositive() && request.timeout().compareTo(Duration.ofDays(1)) <= 0);
        require(request.id() == null || request.id().length() <= 1024);
    }

    private static void require(boolean condition) {
        if (!condition) {
            throw new IllegalStateException("an accepted request is not whole");
        }
    }

    private static void mutate(int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int accepted = 0;
        int refused = 0;
        for (int i = 0; i < count; i++) {
            Body body = VALID.get(random.nextInt(VALID.size()));
            byte[] bytes = Mutations.of(body.bytes, random);
            long length = body.jsonLength > 0 && random.nextInt(4) > 0 ? body.jsonLength + bytes.length - body.bytes.length : random.nextInt(8) == 0 ? random.nextLong(-1, 300) : body.jsonLength;
            try {
                check(new InferenceRequestReader(MODEL, Math.max(-1, length)).request(bytes));
                accepted++;
            } catch (RequestFault e) {
                refused++;
                if (e.getMessage() == null || e.getMessage().isBlank()) {
                    throw new AssertionError("a fault that says nothing, of " + Base64.getEncoder().encodeToString(bytes) + ", " + length);
                }
            } catch (Throwable e) {
                throw new AssertionError("seed " + seed + ", mutation " + i + ", header " + length + ", body " + Base64.getEncoder().encodeToString(bytes), e);
            }
        }
        System.out.println(count + " mutations of seed " + seed + ": " + accepted + " accepted, " + refused + " refused");
        assertTrue(accepted > count / 20 && refused > count / 5, accepted + " accepted, " + refused + " refused");
    }

    @Test
    void mutationsAreReadOrRefused() {
        mutate(100_000, 1);
    }

    @Test
    @Tag("heavy")
    void aMillionMutationsAreReadOrRefused() {
        mutate(1_000_000, System.nanoTime());
    }

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Bytes that were allocated to read this, accepted or not. */
    private static long allocated(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        long before = THREADS.getCurrentThreadAllocatedBytes();
        try {
            new InferenceRequestReader(MODEL, -1).request(bytes);
        } catch (RequestFault e) {
            // in so much memory
        }
        return THREADS.getCurrentThreadAllocatedBytes() - before;
    }

    /** Bodies are bounded; so must be what is made of them, garbage included. */
    @Test
    void noBodyTakesManyTimesItsSizeInMemory() {
        int size = 4 << 20;
        String tensor = "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,3,4,4],\"datatype\":\"FP32\",\"data\":[";
        StringBuilder names = new StringBuilder("{");
        for (int i = 0; names.length() < size; i++) {
            names.append(i == 0 ? "\"" : ",\"").append(Integer.toString(i, 36)).append("\":0");
        }
        String inParameters = "{\"parameters\":" + names + "}}";
        String[] bodies = {tensor + "0,".repeat(size / 2) + "0]}]}", tensor + "\"\",".repeat(size / 3) + "\"\"]}]}", tensor + "\"QQ==\",".repeat(size / 7) + "\"\"]}]}",
            tensor + "\"" + "QUJD".repeat(size / 4) + "\"]}]}", names + "}", inParameters, "{\"x\":[" + "{},".repeat(size / 3) + "{}]}", "{\"x\":\"" + "x".repeat(size) + "\"}",
            "{\"id\":\"" + "x".repeat(size) + "\"}", "{\"inputs\":[" + "{},".repeat(size / 3) + "{}]}", "{\"x\":" + "[".repeat(size) + "}"};
        allocated(bodies[0]);
        for (String body : bodies) {
            double times = (double) allocated(body) / body.length();
            System.out.println("%.1f times its size for %s…".formatted(times, body.substring(body.indexOf("data") > 0 ? tensor.length() - 1 : 0).substring(0, 20)));
            assertTrue(times < 6, times + " times the body: " + body.substring(0, 120));
        }
    }

    @Test
    void emptyFilesOfBinaryDataAreBounded() {
        String json = "{\"inputs\":[{\"name\":\"image\",\"shape\":[1000000],\"datatype\":\"BYTES\",\"parameters\":{\"binary_data_size\":4000000}}]}";
        Body body = binary(json, new byte[4_000_000]);
        assertThrows(RequestFault.class, () -> new InferenceRequestReader(MODEL, body.jsonLength).request(body.bytes));
        long before = THREADS.getCurrentThreadAllocatedBytes();
        assertThrows(RequestFault.class, () -> new InferenceRequestReader(MODEL, body.jsonLength).request(body.bytes));
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < body.bytes.length, allocated + " bytes");
        Body few = binary(json.replace("1000000", "1000"), Arrays.copyOf(new byte[0], 4_000_000));
        assertThrows(RequestFault.class, () -> new InferenceRequestReader(MODEL, few.jsonLength).request(few.bytes));
    }
}
