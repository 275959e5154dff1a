package vit.model.json;

import vit.model.InputException;

/**
 * Reads values of configurations as leniently as the tools that write and read them: a number may be written as a string, a string as a number, a
 * boolean as 0 or 1. The headers of weight files are read strictly instead, by {@link JsonValue}.
 */
public final class Relaxed {

    /** Longer texts do not count as numbers. */
    private static final int MAX_DIGITS = 64;

    private Relaxed() {}

    /**
     * An integer of 32 bits: {@code 12}, {@code 12.0} or {@code "12"}.
     *
     * @throws InputException if the value is none
     */
    public static int integer(JsonValue value) throws InputException {
        Double number = spelt(value);
        if (number != null && number == Math.rint(number) && Math.abs(number) <= Integer.MAX_VALUE) {
            return (int) (double) number;
        }
        return value.integer(); // throws with what was expected
    }

    /**
     * A finite number, or a string that is one.
     *
     * @throws InputException if the value is neither
     */
    public static double number(JsonValue value) throws InputException {
        Double number = spelt(value);
        return number != null ? number : value.number();
    }

    /** The number that the value is or spells; null for any other value. */
    private static Double spelt(JsonValue value) throws InputException {
        if (value.kind() == JsonKind.NUMBER) {
            return value.number();
        }
        String text = value.kind() == JsonKind.TEXT ? value.text().strip() : "";
        if (text.length() > MAX_DIGITS || !text.matches("[-+]?[0-9]*\\.?[0-9]+([eE][-+]?[0-9]+)?")) {
            return null;
        }
        double number = Double.parseDouble(text);
        return Double.isFinite(number) ? Double.valueOf(number) : null;
    }

    /** Whether the value is a number or a string that spells one. */
    public static boolean isNumber(JsonValue value) throws InputException {
        return spelt(value) != null;
    }

    /**
     * A string, or the digits of a number, or the word of a boolean.
     *
     * @throws InputException if the value is none of them
     */
    public static String text(JsonValue value) throws InputException {
        return switch (value.kind()) {
            case NUMBER, FLAG -> value.toString();
            default -> value.text();
        };
    }

    /**
     * A boolean, or 0 or 1. The strings "true" and "false" are refused: Python takes both for true.
     *
     * @throws InputException if the value is neither
     */
    public static boolean flag(JsonValue value) throws InputException {
        if (value.kind() == JsonKind.NUMBER && (value.number() == 0 || value.number() == 1)) {
            return value.number() == 1;
        }
        return value.flag();
    }

    /** {@link #integer(JsonValue)} of a field that must be there. */
    public static int integer(JsonObject object, String name) throws InputException {
        return integer(object.get(name));
    }

    /** {@link #number(JsonValue)} of a field; {@code otherwise} where it is absent or null. */
    public static int integer(JsonObject object, String name, int otherwise) throws InputException {
        return object.has(name) ? integer(object.get(name)) : otherwise;
    }

    /** The field's number, or {@code otherwise} if it is absent or null. */
    public static double number(JsonObject object, String name, double otherwise) throws InputException {
        return object.has(name) ? number(object.get(name)) : otherwise;
    }

    /** {@link #text(JsonValue)} of a field; {@code otherwise} where it is absent or null. */
    public static String text(JsonObject object, String name, String otherwise) throws InputException {
        return object.has(name) ? text(object.get(name)) : otherwise;
    }

    /** {@link #flag(JsonValue)} of a field; {@code otherwise} where it is absent or null. */
    public static boolean flag(JsonObject object, String name, boolean otherwise) throws InputException {
        return object.has(name) ? flag(object.get(name)) : otherwise;
    }
}
