package vit.model.text;

/**
 * Makes text from untrusted files (file names, labels, tensor names) safe to send to a terminal. Control characters move the cursor, change colours
 * and titles, or make the terminal answer as if somebody typed; directional overrides show text in another order than it has; line separators forge
 * lines. Each of them becomes a question mark. Stateless; any number of threads may call.
 */
public final class PrintableText {

    private static final char INSTEAD = '?';

    /** Characters that a terminal shows two columns wide, as pairs of first and last: Unicode's East Asian Width, roughly. */
    private static final int[] WIDE = {0x1100, 0x115F, 0x2E80, 0x303E, 0x3041, 0xA4CF, 0xAC00, 0xD7A3, 0xF900, 0xFAFF, 0xFE30, 0xFE6F, 0xFF00, 0xFF60,
        0xFFE0, 0xFFE6, 0x1F300, 0x1F64F, 0x1F900, 0x1F9FF, 0x20000, 0x3FFFD};

    private PrintableText() {}

    /** Whether a code point appears as itself and has no other effect. */
    public static boolean isHarmless(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR, Character.SURROGATE -> false;
            case Character.FORMAT -> codePoint == 0x200C || codePoint == 0x200D; // joiners, which scripts and emoji need
            default -> true;
        };
    }

    /** {@code text} on one line, with a question mark in place of each code point that is not harmless. */
    public static String line(Object text) {
        String all = String.valueOf(text);
        if (all.codePoints().allMatch(PrintableText::isHarmless)) {
            return all;
        }
        StringBuilder clean = new StringBuilder(all.length());
        all.codePoints().forEach(c -> clean.appendCodePoint(isHarmless(c) ? c : INSTEAD));
        return clean.toString();
    }

    /** The number of columns of a terminal that {@code text} takes. */
    public static int columns(String text) {
        return text.codePoints().map(PrintableText::columns).sum();
    }

    /** As much of {@code text} as fits into {@code columns}, from the beginning; an ellipsis shows that something was cut off. */
    public static String cut(String text, int columns) {
        if (columns(text) <= columns) {
            return text;
        }
        StringBuilder kept = new StringBuilder();
        int left = columns - 1;
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            int c = text.codePointAt(i);
            left -= columns(c);
            if (left < 0) {
                break;
            }
            kept.appendCodePoint(c);
        }
        return columns < 1 ? "" : kept.append('…').toString();
    }

    private static int columns(int codePoint) {
        int type = Character.getType(codePoint);
        if (type == Character.NON_SPACING_MARK || type == Character.ENCLOSING_MARK || type == Character.FORMAT) {
            return 0;
        }
        for (int i = 0; i < WIDE.length; i += 2) {
            if (codePoint >= WIDE[i] && codePoint <= WIDE[i + 1]) {
                return 2;
            }
        }
        return 1;
    }
}
