package vit.model.serve.protocol;

import com.fasterxml.jackson.core.Base64Variant;
import com.fasterxml.jackson.core.Base64Variants;
import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import vit.model.serve.RequestFault;

/**
 * Reads the body of a request for inference: JSON, JSON followed by binary tensors, or one tensor alone. Values of unknown fields and parameters are skipped,
 * as the protocol asks. For one body.
 *
 * <p>JSON in front of binary tensors is short and the tensors are long. So it can be read first, with {@link #head}: it says how long the request may take, and whether
 * the tensors are worth their reading.
 */
public final class InferenceRequestReader {

    private static final int MAX_NESTING = 16;
    private static final int MAX_NUMBER = 64;
    private static final int MAX_NAME = 256;
    private static final int MAX_SHAPE = 8;
    private static final int MAX_INPUTS = 8;
    private static final int MAX_ID = 1024;

    /** Names are kept until the end of the document, so that one given twice is found; a body can hold millions. */
    private static final int MAX_FIELDS = 10_000;

    private static final Base64Variant BASE64 = Base64Variants.MIME_NO_LINEFEEDS.withPaddingAllowed();

    /** A string may be a whole image; its length is limited by that of the body. */
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(JsonFactory.Feature.CHARSET_DETECTION) // UTF-8 only
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_NESTING).maxNumberLength(MAX_NUMBER).maxNameLength(MAX_NAME).maxStringLength(Integer.MAX_VALUE).build())
            .build();

    private static final long MICROS_IN_A_DAY = Duration.ofDays(1).toMillis() * 1000;

    private final InferenceModel model;
    private final long jsonLength;
    private final List<InputTensor> inputs = new ArrayList<>();
    private final List<String> outputNames = new ArrayList<>();
    private final List<Boolean> outputBinary = new ArrayList<>(); // null where the output does not say
    private String id;
    private boolean allBinary;
    private Duration timeout;
    private boolean urgent;
    private int fields; // seen so far
    private boolean hasReadJson;

    /**
     * Begins with a body.
     *
     * @param jsonLength how many bytes of JSON it begins with; negative: all of it is JSON; 0: it is one tensor without JSON, either pixels or the bytes of an image file
     */
    public InferenceRequestReader(InferenceModel model, long jsonLength) {
        this.model = model;
        this.jsonLength = jsonLength;
    }

    /**
     * Reads the JSON in front of the tensors, if there is any.
     *
     * @param body its first bytes, of which the JSON is a part
     */
    public void head(byte[] body) throws RequestFault {
        if (jsonLength > 0) {
            json(body, (int) jsonLength);
        }
    }

    /** From the call to the answer; null for the service's deadline. Known when the JSON was read. */
    public Duration timeout() {
        return timeout;
    }

    /** Whether the request goes before those that are not urgent. Known when the JSON was read. */
    public boolean isUrgent() {
        return urgent;
    }

    /** Reads the whole body, after {@link #head} or without it. */
    public InferenceRequest request(byte[] body) throws RequestFault {
        if (jsonLength == 0) {
            return raw(body);
        }
        if (jsonLength > body.length) {
            throw RequestFault.bad("Inference-Header-Content-Length is " + jsonLength + ", and the body has " + body.length + " bytes");
        }
        int length = jsonLength < 0 ? body.length : (int) jsonLength;
        if (!hasReadJson) {
            json(body, length);
        }
        return request(ByteBuffer.wrap(body, length, body.length - length));
    }

    private void json(byte[] body, int length) throws RequestFault {
        try (JsonParser parser = FACTORY.createParser(body, 0, length)) {
            document(parser);
        } catch (JacksonException e) {
            throw RequestFault.bad("the JSON of the request cannot be read: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw new UncheckedIOException(e); // the bytes are in memory
        }
        hasReadJson = true;
    }

    private InferenceRequest raw(byte[] body) throws RequestFault {
        int each = model.imageElements() * Float.BYTES;
        InputTensor tensor = new InputTensor();
        List<Object> images;
        if (body.length > 0 && body.length % each == 0) {
            tensor.name = InferenceModel.PIXELS;
            tensor.datatype = "FP32";
            tensor.shape = new long[] {body.length / each, model.config().channels(), model.config().imageHeight(), model.config().imageWidth()};
            images = tensor.images(model, ByteBuffer.wrap(body));
        } else {
            images = List.of(body);
        }
        return new InferenceRequest(null, images, outputs(true), null, false);
    }

    private void document(JsonParser parser) throws IOException, RequestFault {
        expect(parser.nextToken() == JsonToken.START_OBJECT, "the request", "an object");
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String field = field(parser);
            switch (field) {
                case "id" -> id = text(parser, "id", MAX_ID);
                case "parameters" -> parameters(parser);
                case "inputs" -> inputs(parser);
                case "outputs" -> outputs(parser);
                default -> skip(parser);
            }
        }
        expect(parser.nextToken() == null, "the request", "nothing after the object");
    }

    /** The name of a field, whose value is the current token then. */
    private String field(JsonParser parser) throws IOException, RequestFault {
        count();
        String name = parser.currentName();
        parser.nextToken();
        return name;
    }

    private void count() throws RequestFault {
        expect(++fields <= MAX_FIELDS, "the request", "at most " + MAX_FIELDS + " fields");
    }

    /** Skips a value, and counts the fields in it. */
    private void skip(JsonParser parser) throws IOException, RequestFault {
        int depth = parser.currentToken().isStructStart() ? 1 : 0;
        while (depth > 0) {
            JsonToken token = parser.nextToken();
            if (token == JsonToken.FIELD_NAME) {
                count();
            } else if (token.isStructStart()) {
                depth++;
            } else if (token.isStructEnd()) {
                depth--;
            }
        }
    }

    private void parameters(JsonParser parser) throws IOException, RequestFault {
        expect(parser.currentToken() == JsonToken.START_OBJECT, "'parameters'", "an object");
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = field(parser);
            switch (name) {
                case "timeout" -> {
                    long micros = integer(parser, "the parameter 'timeout'", 0, Long.MAX_VALUE);
                    timeout = micros == 0 ? null : Duration.ofNanos(1000 * Math.min(micros, MICROS_IN_A_DAY));
                }
                case "priority" -> urgent = integer(parser, "the parameter 'priority'", 0, Long.MAX_VALUE) == 1; // 0 is the default, 1 the highest
                case "binary_data_output" -> allBinary = flag(parser, "the parameter 'binary_data_output'");
                default -> skip(parser);
            }
        }
    }

    private void inputs(JsonParser parser) throws IOException, RequestFault {
        expect(parser.currentToken() == JsonToken.START_ARRAY, "'inputs'", "an array");
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            expect(inputs.size() < MAX_INPUTS, "'inputs'", "at most " + MAX_INPUTS + " tensors");
            expect(parser.currentToken() == JsonToken.START_OBJECT, "an element of 'inputs'", "an object");
            InputTensor tensor = new InputTensor();
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String field = field(parser);
                switch (field) {
                    case "name" -> tensor.name = text(parser, "the name of an input", MAX_NAME);
                    case "datatype" -> tensor.datatype = text(parser, "the datatype of an input", MAX_NAME);
                    case "shape" -> tensor.shape = shape(parser);
                    case "parameters" -> tensor.binarySize = binarySize(parser);
                    case "data" -> tensor.values = values(parser);
                    default -> skip(parser);
                }
            }
            expect(tensor.name != null && tensor.datatype != null && tensor.shape != null, "an input", "'name', 'datatype' and 'shape'");
            inputs.add(tensor);
        }
    }

    private static long[] shape(JsonParser parser) throws IOException, RequestFault {
        expect(parser.currentToken() == JsonToken.START_ARRAY, "the shape of an input", "an array");
        long[] shape = new long[MAX_SHAPE];
        int count = 0;
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            expect(count < MAX_SHAPE, "the shape of an input", "at most " + MAX_SHAPE + " numbers");
            shape[count++] = integer(parser, "the shape of an input", 0, Integer.MAX_VALUE);
        }
        return Arrays.copyOf(shape, count);
    }

    private long binarySize(JsonParser parser) throws IOException, RequestFault {
        expect(parser.currentToken() == JsonToken.START_OBJECT, "the parameters of an input", "an object");
        long size = -1;
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = field(parser);
            if (name.equals("binary_data_size")) {
                size = integer(parser, "the parameter 'binary_data_size'", 0, Integer.MAX_VALUE);
            } else {
                skip(parser);
            }
        }
        return size;
    }

    /** Numbers or strings, in arrays of any depth. */
    private InputTensor.Values values(JsonParser parser) throws IOException, RequestFault {
        expect(parser.currentToken() == JsonToken.START_ARRAY, "the data of an input", "an array");
        InputTensor.Values values = new InputTensor.Values(model.imageElements());
        for (int depth = 1; depth > 0;) {
            switch (parser.nextToken()) {
                case START_ARRAY -> depth++;
                case END_ARRAY -> depth--;
                case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> values.add(parser.getFloatValue());
                case VALUE_STRING -> values.add(file(parser, values));
                case null, default -> throw RequestFault.bad("the data of an input: expected numbers or strings");
            }
        }
        return values;
    }

    private static byte[] file(JsonParser parser, InputTensor.Values values) throws IOException, RequestFault {
        expect(values.files() < InputTensor.MOST_FILES, "the data of an input", "at most " + InputTensor.MOST_FILES + " strings");
        try {
            return parser.getBinaryValue(BASE64);
        } catch (JacksonException e) {
            throw RequestFault.bad("the data of an input has a string that is not base64; encoded images can be sent as binary data too");
        }
    }

    private void outputs(JsonParser parser) throws IOException, RequestFault {
        expect(parser.currentToken() == JsonToken.START_ARRAY, "'outputs'", "an array");
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            expect(parser.currentToken() == JsonToken.START_OBJECT, "an element of 'outputs'", "an object");
            String name = null;
            Boolean binary = null;
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String field = field(parser);
                switch (field) {
                    case "name" -> name = text(parser, "the name of an output", MAX_NAME);
                    case "parameters" -> binary = binaryData(parser);
                    default -> skip(parser);
                }
            }
            if (name == null || !model.outputs().contains(name.toLowerCase(Locale.ROOT))) {
                throw RequestFault.bad("the model has no output '" + name + "'; it has " + String.join(", ", model.outputs()));
            }
            expect(outputNames.stream().noneMatch(name::equalsIgnoreCase), "'outputs'", "each output once");
            outputNames.add(name);
            outputBinary.add(binary);
        }
    }

    private Boolean binaryData(JsonParser parser) throws IOException, RequestFault {
        expect(parser.currentToken() == JsonToken.START_OBJECT, "the parameters of an output", "an object");
        Boolean binary = null;
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = field(parser);
            if (name.equals("binary_data")) {
                binary = flag(parser, "the parameter 'binary_data'");
            } else {
                skip(parser);
            }
        }
        return binary;
    }

    private InferenceRequest request(ByteBuffer binary) throws RequestFault {
        List<Object> images = null;
        for (InputTensor input : inputs) {
            if (!input.isPixels() && !input.name.equalsIgnoreCase(InferenceModel.IMAGE)) {
                throw RequestFault.bad("the model has no input '" + input.name + "'; it has pixels and image");
            }
            expect(images == null, "'inputs'", "one of pixels and image");
            images = input.images(model, input.binarySize < 0 ? null : section(binary, input));
        }
        expect(images != null, "'inputs'", "one of pixels and image");
        expect(!binary.hasRemaining(), "the body", "no bytes behind those of its tensors, found " + binary.remaining());
        return new InferenceRequest(id, images, outputs(allBinary), timeout, urgent);
    }

    private static ByteBuffer section(ByteBuffer binary, InputTensor input) throws RequestFault {
        if (input.binarySize > binary.remaining()) {
            throw RequestFault.bad("input '" + input.name + "' has " + input.binarySize + " bytes by 'binary_data_size', and the body has " + binary.remaining()
                    + " left; is the header Inference-Header-Content-Length missing?");
        }
        ByteBuffer section = binary.slice(binary.position(), (int) input.binarySize);
        binary.position(binary.position() + (int) input.binarySize);
        return section;
    }

    private List<InferenceRequest.Output> outputs(boolean binaryUnlessStated) {
        List<InferenceRequest.Output> outputs = new ArrayList<>();
        if (outputNames.isEmpty()) {
            model.outputs().forEach(name -> outputs.add(new InferenceRequest.Output(name, binaryUnlessStated)));
        }
        for (int i = 0; i < outputNames.size(); i++) {
            Boolean binary = outputBinary.get(i);
            outputs.add(new InferenceRequest.Output(outputNames.get(i), binary == null ? binaryUnlessStated : binary));
        }
        return outputs;
    }

    private static String text(JsonParser parser, String what, int most) throws IOException, RequestFault {
        expect(parser.currentToken() == JsonToken.VALUE_STRING && parser.getTextLength() <= most, what, "a string of at most " + most + " characters");
        return parser.getText();
    }

    private static boolean flag(JsonParser parser, String what) throws IOException, RequestFault {
        expect(parser.currentToken() == JsonToken.VALUE_TRUE || parser.currentToken() == JsonToken.VALUE_FALSE, what, "true or false");
        return parser.getBooleanValue();
    }

    /** A whole number; Triton's clients write some of them as strings. */
    private static long integer(JsonParser parser, String what, long least, long most) throws IOException, RequestFault {
        try {
            long value = switch (parser.currentToken()) {
                case VALUE_NUMBER_INT -> parser.getLongValue();
                case VALUE_STRING -> Long.parseLong(parser.getText());
                case null, default -> throw new NumberFormatException();
            };
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException e) {
            // reported below
        }
        throw RequestFault.bad(what + ": expected a whole number" + (most == Long.MAX_VALUE ? " of " + least + " or more" : ", " + least + " to " + most));
    }

    private static void expect(boolean condition, String what, String expected) throws RequestFault {
        if (!condition) {
            throw RequestFault.bad(what + ": expected " + expected);
        }
    }
}
