package vit.model.onnx;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** An ONNX file that protobuf's own parser has read. The field numbers are those of onnx.proto. */
record OnnxFile(long irVersion, long opset, List<Node> nodes, Map<String, Constant> constants, List<Value> inputs, List<Value> outputs) {

    /** An operator; the standard domain is empty. An optional input or output that is left out has an empty name. */
    record Node(String name, String domain, String operator, List<String> inputs, List<String> outputs, Map<String, Object> attributes) {}

    /** An initializer: the type of its elements (1: float, 7: int64), its dimensions and its bytes. */
    record Constant(int type, List<Long> dimensions, byte[] bytes) {
        float[] floats() {
            float[] values = new float[bytes.length / Float.BYTES];
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
            return values;
        }

        long[] integers() {
            long[] values = new long[bytes.length / Long.BYTES];
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().get(values);
            return values;
        }

        long size() {
            return dimensions.stream().reduce(1L, Math::multiplyExact);
        }
    }

    /** An input or output: its name and its dimensions. A free dimension has a name. */
    record Value(String name, List<Object> dimensions) {}

    /** The operator of this name. */
    Node node(String name) {
        return nodes.stream().filter(node -> node.name().equals(name)).findFirst().orElseThrow(() -> new AssertionError("no operator is called " + name));
    }

    /** How many operators are of this kind. */
    long count(String operator) {
        return nodes.stream().filter(node -> node.operator().equals(operator)).count();
    }

    static OnnxFile read(Path file) throws IOException {
        UnknownFieldSet model = UnknownFieldSet.parseFrom(Files.readAllBytes(file));
        UnknownFieldSet graph = message(model, 7);
        List<Node> nodes = new ArrayList<>();
        for (ByteString bytes : graph.getField(1).getLengthDelimitedList()) {
            UnknownFieldSet node = UnknownFieldSet.parseFrom(bytes);
            Map<String, Object> attributes = new LinkedHashMap<>();
            for (ByteString attribute : node.getField(5).getLengthDelimitedList()) {
                UnknownFieldSet a = UnknownFieldSet.parseFrom(attribute);
                attributes.put(text(a, 1), value(a));
            }
            nodes.add(new Node(text(node, 3), node.hasField(7) ? text(node, 7) : "", text(node, 4), texts(node, 1), texts(node, 2), attributes));
        }
        Map<String, Constant> constants = new LinkedHashMap<>();
        for (ByteString bytes : graph.getField(5).getLengthDelimitedList()) {
            UnknownFieldSet tensor = UnknownFieldSet.parseFrom(bytes);
            if (constants.put(text(tensor, 8), new Constant(Math.toIntExact(number(tensor, 2)), tensor.getField(1).getVarintList(),
                    elements(tensor, file))) != null) {
                throw new IOException("constant " + text(tensor, 8) + " is there twice");
            }
        }
        return new OnnxFile(number(model, 1), number(message(model, 8), 2), nodes, constants, values(graph, 11), values(graph, 12));
    }

    private static byte[] elements(UnknownFieldSet tensor, Path file) throws IOException {
        if (!tensor.hasField(14)) {
            return tensor.getField(9).getLengthDelimitedList().getFirst().toByteArray();
        }
        Map<String, String> place = new LinkedHashMap<>();
        for (ByteString entry : tensor.getField(13).getLengthDelimitedList()) {
            UnknownFieldSet e = UnknownFieldSet.parseFrom(entry);
            place.put(text(e, 1), text(e, 2));
        }
        byte[] data = Files.readAllBytes(file.resolveSibling(place.get("location")));
        int offset = Integer.parseInt(place.get("offset"));
        return java.util.Arrays.copyOfRange(data, offset, offset + Integer.parseInt(place.get("length")));
    }

    private static Object value(UnknownFieldSet attribute) throws IOException {
        return switch ((int) number(attribute, 20)) {
            case 1 -> Float.intBitsToFloat(attribute.getField(2).getFixed32List().getFirst());
            case 2 -> number(attribute, 3);
            case 3 -> text(attribute, 4);
            case 7 -> attribute.getField(8).getVarintList();
            default -> throw new IOException("an attribute of type " + number(attribute, 20));
        };
    }

    private static List<Value> values(UnknownFieldSet graph, int field) throws IOException {
        List<Value> values = new ArrayList<>();
        for (ByteString bytes : graph.getField(field).getLengthDelimitedList()) {
            UnknownFieldSet value = UnknownFieldSet.parseFrom(bytes);
            UnknownFieldSet tensor = message(message(value, 2), 1);
            List<Object> dimensions = new ArrayList<>();
            for (ByteString dimension : message(tensor, 2).getField(1).getLengthDelimitedList()) {
                UnknownFieldSet d = UnknownFieldSet.parseFrom(dimension);
                dimensions.add(d.hasField(2) ? text(d, 2) : (Object) number(d, 1));
            }
            values.add(new Value(text(value, 1), dimensions));
        }
        return values;
    }

    private static UnknownFieldSet message(UnknownFieldSet parent, int field) throws IOException {
        return UnknownFieldSet.parseFrom(parent.getField(field).getLengthDelimitedList().getFirst());
    }

    private static long number(UnknownFieldSet message, int field) {
        return message.getField(field).getVarintList().getFirst();
    }

    private static String text(UnknownFieldSet message, int field) {
        return texts(message, field).getFirst();
    }

    private static List<String> texts(UnknownFieldSet message, int field) {
        return message.getField(field).getLengthDelimitedList().stream().map(bytes -> bytes.toString(StandardCharsets.UTF_8)).toList();
    }
}
