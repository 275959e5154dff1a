package vit.model.onnx;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.weights.format.AtomicFile;

/**
 * Writes a model as an ONNX file, for other runtimes.
 *
 * <!-- given: VitModel model -->
 * <pre>{@code
 * OnnxExport.write(model, Path.of("model.onnx"));
 * }</pre>
 *
 * Every {@link vit.model.config.VitConfig} can be exported. The graph's input is {@code images}, float32 (batch, channels, height, width). Its output is
 * {@code logits} (batch, classes), or {@code embeddings} (batch, E) for a model whose head is a projection or that has no head. The batch may have any
 * size. The file is streamed, with one parameter in memory at a time, and appears under its name when it is whole ({@link AtomicFile}). Stateless; any
 * number of threads may call.
 *
 * <p>A protobuf message can have at most 2 GB. Larger models keep their weights in a second file beside the first, {@code NAME.data}, as ONNX's
 * external data; the two files belong together and must be moved together.
 */
public final class OnnxExport {

    /** The size of the largest protobuf message, minus room for the graph. */
    static final long MOST_BYTES_INSIDE = Integer.MAX_VALUE - (64L << 20);

    private static final int BUFFER_BYTES = 1 << 18;

    /** Tensors in the data file start at multiples of a page, so that runtimes can map them. */
    private static final long ALIGNMENT = 4096;

    private final ParameterSource source;
    private final OnnxOperators operators;
    private final VitGraph model;
    private final List<Initializer> initializers;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private float[] values = new float[0];

    private OnnxExport(ParameterSource source, OnnxOperators operators, OnnxWeights weights) {
        this.source = Objects.requireNonNull(source, "source");
        this.operators = Objects.requireNonNull(operators, "operators");
        this.model = new VitGraph(source.config(), operators, Objects.requireNonNull(weights, "weights"));
        this.initializers = model.graph().initializers();
    }

    /** Writes the model with standard operators; see {@link #write(ParameterSource, Path, OnnxOperators)}. */
    public static void write(ParameterSource source, Path file) throws IOException {
        write(source, file, OnnxOperators.STANDARD);
    }

    /**
     * Writes the model.
     *
     * @param source    its parameters: a model, an opened weight file, generated weights
     * @param file      to write or replace; its folder must exist
     * @param operators the operators that the graph may use
     * @throws IOException if reading or writing fails; an old file is then still there
     */
    public static void write(ParameterSource source, Path file, OnnxOperators operators) throws IOException {
        write(source, file, operators, OnnxWeights.FLOAT32);
    }

    /**
     * Writes the model.
     *
     * @param source    its parameters: a model, an opened weight file, generated weights
     * @param file      to write or replace; its folder must exist
     * @param operators the operators that the graph may use
     * @param weights   how the weights of linear layers are held
     * @throws IOException if reading or writing fails; an old file is then still there
     */
    public static void write(ParameterSource source, Path file, OnnxOperators operators, OnnxWeights weights) throws IOException {
        write(source, file, operators, weights, MOST_BYTES_INSIDE);
    }

    /**
     * As {@link #write(ParameterSource, Path, OnnxOperators, OnnxWeights)}, but with a data file for weights of more than {@code mostBytesInside} bytes.
     */
    static void write(ParameterSource source, Path file, OnnxOperators operators, OnnxWeights weights, long mostBytesInside) throws IOException {
        OnnxExport export = new OnnxExport(source, operators, weights);
        long bytes = export.initializers.stream().mapToLong(Initializer::bytes).sum();
        if (bytes <= mostBytesInside) {
            export.writeWhole(file);
        } else {
            export.writeDivided(file);
        }
    }

    private void writeWhole(Path file) throws IOException {
        ProtobufMessage graph = graph();
        long length = graph.size();
        for (Initializer initializer : initializers) {
            long tensor = head(initializer).begin(9, initializer.bytes()).size() + initializer.bytes();
            length += new ProtobufMessage().begin(5, tensor).size() + tensor;
        }
        try (AtomicFile target = AtomicFile.create(file)) {
            target.write(ByteBuffer.wrap(header().begin(7, length).toBytes()));
            target.write(ByteBuffer.wrap(graph.toBytes()));
            for (Initializer initializer : initializers) {
                ProtobufMessage head = head(initializer).begin(9, initializer.bytes());
                ProtobufMessage start = new ProtobufMessage().begin(5, head.size() + initializer.bytes());
                target.write(ByteBuffer.wrap(start.toBytes()));
                target.write(ByteBuffer.wrap(head.toBytes()));
                stream(initializer, target);
            }
            target.commit();
        }
    }

    private void writeDivided(Path file) throws IOException {
        Path data = file.resolveSibling(file.getFileName() + ".data");
        ProtobufMessage graph = graph();
        long at = 0;
        try (AtomicFile target = AtomicFile.create(data)) {
            for (Initializer initializer : initializers) {
                if (!(initializer instanceof Initializer.OfParameter)) {
                    byte[] tensor = small(initializer);
                    graph.bytes(5, tensor);
                    continue;
                }
                long start = (at + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
                target.write(ByteBuffer.allocate(Math.toIntExact(start - at)));
                stream(initializer, target);
                at = start + initializer.bytes();
                ProtobufMessage tensor = head(initializer);
                property(tensor, 13, "location", data.getFileName().toString());
                property(tensor, 13, "offset", Long.toString(start));
                property(tensor, 13, "length", Long.toString(initializer.bytes()));
                graph.message(5, tensor.number(14, 1)); // data_location: external
            }
            target.commit();
        }
        AtomicFile.write(file, header().message(7, graph).toBytes());
    }

    /** The fields of ModelProto before its graph. */
    private ProtobufMessage header() {
        ProtobufMessage message = new ProtobufMessage().number(1, VitGraph.IR_VERSION).text(2, "vit");
        message.message(8, new ProtobufMessage().text(1, "").number(2, VitGraph.OPSET));
        if (operators == OnnxOperators.ONNX_RUNTIME) {
            message.message(8, new ProtobufMessage().text(1, GraphLayers.MICROSOFT).number(2, 1));
        }
        return message;
    }

    /** The fields of GraphProto before its initializers. */
    private ProtobufMessage graph() {
        ProtobufMessage message = new ProtobufMessage();
        model.graph().nodes().forEach(node -> message.message(1, node));
        message.text(2, "vit");
        message.message(11, tensorType(VitGraph.IMAGES, model.imageDimensions()));
        message.message(12, tensorType(model.output(), model.outputDimensions()));
        return message;
    }

    /** A ValueInfoProto: float32, with a batch of any size, then {@code dimensions}. */
    private static ProtobufMessage tensorType(String name, long... dimensions) {
        ProtobufMessage shape = new ProtobufMessage().message(1, new ProtobufMessage().text(2, "batch"));
        for (long dimension : dimensions) {
            shape.message(1, new ProtobufMessage().number(1, dimension));
        }
        ProtobufMessage tensor = new ProtobufMessage().number(1, Initializer.FLOAT).message(2, shape);
        return new ProtobufMessage().text(1, name).message(2, new ProtobufMessage().message(1, tensor));
    }

    /** A TensorProto without its elements. */
    private static ProtobufMessage head(Initializer initializer) {
        ProtobufMessage tensor = new ProtobufMessage();
        for (long dimension : initializer.dimensions()) {
            tensor.number(1, dimension);
        }
        tensor.number(2, initializer.type());
        return tensor.text(8, initializer.name());
    }

    private static void property(ProtobufMessage message, int field, String key, String value) {
        message.message(field, new ProtobufMessage().text(1, key).text(2, value));
    }

    /** A constant that is not a parameter, as a whole TensorProto. */
    private static byte[] small(Initializer initializer) {
        ByteBuffer elements = ByteBuffer.allocate(Math.toIntExact(initializer.bytes())).order(ByteOrder.LITTLE_ENDIAN);
        switch (initializer) {
            case Initializer.Integers integers -> elements.asLongBuffer().put(integers.values());
            case Initializer.Reals reals -> elements.asFloatBuffer().put(reals.values());
            case Initializer.Int8Zeros _ -> { } // as it was allocated
            case Initializer.OfParameter streamed -> throw new IllegalArgumentException(streamed.name() + " is streamed");
        }
        return head(initializer).bytes(9, elements.array()).toBytes();
    }

    private void stream(Initializer initializer, AtomicFile target) throws IOException {
        switch (initializer) {
            case Initializer.Integers integers -> {
                for (long value : integers.values()) {
                    room(Long.BYTES, target);
                    buffer.putLong(value);
                }
            }
            case Initializer.Reals reals -> {
                for (float value : reals.values()) {
                    put(value, target);
                }
            }
            case Initializer.Int8Zeros zeros -> put(new byte[zeros.count()], target);
            case Initializer.Learned learned -> stream(learned, target);
            case Initializer.Int8Elements elements -> put(int8(elements.parameter()).elements(), target);
            case Initializer.Int8Scales scales -> {
                for (float scale : int8(scales.parameter()).scales()) {
                    put(scale, target);
                }
            }
        }
        flush(target);
    }

    private Int8Kernel int8(Parameter weight) throws IOException {
        read(weight);
        return Int8Kernel.of(values, weight.out(), weight.in());
    }

    /** Reads a parameter into the first of {@link #values}. */
    private int read(Parameter parameter) throws IOException {
        int size = Math.toIntExact(parameter.shape().size());
        if (values.length < size) {
            values = new float[size];
        }
        source.read(parameter, values);
        return size;
    }

    private void stream(Initializer.Learned learned, AtomicFile target) throws IOException {
        int size = read(learned.parameter());
        int rows = learned.transposed() ? learned.parameter().out() : 1;
        int columns = size / rows;
        for (int column = 0; column < columns; column++) {
            for (int row = 0; row < rows; row++) {
                put(values[row * columns + column], target);
            }
        }
    }

    private void put(byte[] bytes, AtomicFile target) throws IOException {
        flush(target);
        target.write(ByteBuffer.wrap(bytes));
    }

    private void put(float value, AtomicFile target) throws IOException {
        room(Float.BYTES, target);
        buffer.putFloat(value);
    }

    private void room(int bytes, AtomicFile target) throws IOException {
        if (buffer.remaining() < bytes) {
            flush(target);
        }
    }

    private void flush(AtomicFile target) throws IOException {
        buffer.flip();
        target.write(buffer);
        buffer.clear();
    }
}
