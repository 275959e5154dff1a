package vit.model.onnx;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import vit.model.parameters.Parameter;

/**
 * A graph under construction: the nodes, in the order in which they are added, and the constants that they read. The order is topological, because a node
 * is added after its inputs. Values are known by name. Unless stated otherwise, a node has one output with the name of the node. Field numbers are those
 * of onnx.proto. For one thread.
 */
final class OnnxGraph {

    private static final int ATTRIBUTE_FLOAT = 1;
    private static final int ATTRIBUTE_INT = 2;
    private static final int ATTRIBUTE_STRING = 3;
    private static final int ATTRIBUTE_INTS = 7;

    private final List<ProtobufMessage> nodes = new ArrayList<>();
    private final Set<String> made = new HashSet<>();
    private final Map<String, Initializer> initializers = new LinkedHashMap<>();

    /** An operator under construction. */
    final class Node {
        private final ProtobufMessage message = new ProtobufMessage();
        private final String name;
        private final String operator;
        private final List<ProtobufMessage> attributes = new ArrayList<>();

        private Node(String name, String operator, String... inputs) {
            this.name = name;
            this.operator = operator;
            for (String input : inputs) {
                message.text(1, input);
            }
        }

        Node attribute(String attribute, long value) {
            attributes.add(new ProtobufMessage().text(1, attribute).number(3, value).number(20, ATTRIBUTE_INT));
            return this;
        }

        Node attribute(String attribute, float value) {
            attributes.add(new ProtobufMessage().text(1, attribute).real(2, value).number(20, ATTRIBUTE_FLOAT));
            return this;
        }

        Node attribute(String attribute, String value) {
            attributes.add(new ProtobufMessage().text(1, attribute).text(4, value).number(20, ATTRIBUTE_STRING));
            return this;
        }

        Node list(String attribute, long... values) {
            ProtobufMessage ints = new ProtobufMessage().text(1, attribute);
            for (long value : values) {
                ints.number(8, value);
            }
            attributes.add(ints.number(20, ATTRIBUTE_INTS));
            return this;
        }

        /** Sets the domain of the operator, if it is not the standard one. */
        Node domain(String domain) {
            message.text(7, domain);
            return this;
        }

        /** Adds the operator with one output that has the node's name; returns that name. */
        String add() {
            return add(name);
        }

        /** Adds the operator with these outputs; returns the first. */
        String add(String... outputs) {
            for (String output : outputs) {
                message.text(2, output);
            }
            message.text(3, name).text(4, operator);
            attributes.forEach(attribute -> message.message(5, attribute));
            nodes.add(message);
            made.addAll(List.of(outputs));
            return outputs[0];
        }
    }

    /** Whether there is a value of this name that an operator has made. */
    boolean has(String value) {
        return made.contains(value);
    }

    /** Starts an operator of the default domain. */
    Node node(String name, String operator, String... inputs) {
        return new Node(name, operator, inputs);
    }

    /** A learned tensor in its own shape, under its canonical name. */
    String learned(Parameter parameter) {
        return constant(new Initializer.Learned(parameter.name(), parameter, false));
    }

    /** The weight (out, in) of a linear layer as (in, out), the layout of MatMul, under the name {@code ….kernel}. */
    String kernel(Parameter weight) {
        return constant(new Initializer.Learned(name(weight, "kernel"), weight, true));
    }

    /** The elements of the weight (out, in) of a linear layer as int8, (in, out), under the name {@code ….kernel}. */
    String int8Kernel(Parameter weight) {
        return constant(new Initializer.Int8Elements(name(weight, "kernel"), weight));
    }

    /** The scales of {@link #int8Kernel}, (out), under the name {@code ….scales}. */
    String int8Scales(Parameter weight) {
        return constant(new Initializer.Int8Scales(name(weight, "scales"), weight));
    }

    /** The offsets of {@link #int8Kernel}, (out). */
    String int8Zeros(int count) {
        return constant(new Initializer.Int8Zeros("zeros." + count, count));
    }

    private static String name(Parameter weight, String last) {
        return weight.name().substring(0, weight.name().length() - "weight".length()) + last;
    }

    /** A list of whole numbers. */
    String integers(String name, long... values) {
        return constant(new Initializer.Integers(name, new long[] {values.length}, values));
    }

    /** A table of whole numbers. */
    String integerTable(String name, long[] values, long... dimensions) {
        return constant(new Initializer.Integers(name, dimensions, values));
    }

    /** A single whole number. */
    String scalarInteger(String name, long value) {
        return constant(new Initializer.Integers(name, new long[0], new long[] {value}));
    }

    /** A single number. */
    String scalar(String name, double value) {
        return constant(new Initializer.Reals(name, new long[0], new float[] {(float) value}));
    }

    /** A table. */
    String reals(String name, float[] values, long... dimensions) {
        return constant(new Initializer.Reals(name, dimensions, values));
    }

    private String constant(Initializer initializer) {
        initializers.putIfAbsent(initializer.name(), initializer);
        return initializer.name();
    }

    List<ProtobufMessage> nodes() {
        return nodes;
    }

    List<Initializer> initializers() {
        return List.copyOf(initializers.values());
    }
}
