package vit.model.cli;

import java.util.Collection;
import java.util.List;
import java.util.Locale;

/** The names that a user may have meant by another one. */
final class Suggestions {

    /** One slip of the keyboard is forgiven in every so many letters. */
    private static final int LETTERS_PER_SLIP = 3;

    private static final int MOST = 2;

    private Suggestions() {}

    /**
     * The nearest of {@code names}, at most two: names that begin with {@code written}, or else those that fewest slips make of it, where a slip is a
     * letter too many, a missing, wrong or capital one, or two that changed places. Empty if none is near.
     */
    static List<String> of(String written, Collection<String> names) {
        String word = written.toLowerCase(Locale.ROOT);
        List<String> begun = names.stream().filter(name -> letters(word) >= LETTERS_PER_SLIP && name.startsWith(word)).sorted().limit(MOST).toList();
        if (!begun.isEmpty()) {
            return begun;
        }
        int forgiven = letters(word) / LETTERS_PER_SLIP;
        int least = names.stream().mapToInt(name -> slips(word, name)).min().orElse(Integer.MAX_VALUE);
        return least > forgiven ? List.of() : names.stream().filter(name -> slips(word, name) == least).sorted().limit(MOST).toList();
    }

    private static int letters(String name) {
        return name.startsWith("--") ? name.length() - 2 : name.length();
    }

    /** The optimal string alignment distance. */
    private static int slips(String from, String to) {
        if (Math.abs(from.length() - to.length()) > to.length()) {
            return Integer.MAX_VALUE; // a word of any length may have been written
        }
        int[][] slips = new int[from.length() + 1][to.length() + 1];
        for (int i = 0; i <= from.length(); i++) {
            for (int j = 0; j <= to.length(); j++) {
                if (i == 0 || j == 0) {
                    slips[i][j] = i + j;
                    continue;
                }
                int replaced = slips[i - 1][j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                slips[i][j] = Math.min(replaced, 1 + Math.min(slips[i - 1][j], slips[i][j - 1]));
                if (i > 1 && j > 1 && from.charAt(i - 1) == to.charAt(j - 2) && from.charAt(i - 2) == to.charAt(j - 1)) {
                    slips[i][j] = Math.min(slips[i][j], slips[i - 2][j - 2] + 1);
                }
            }
        }
        return slips[from.length()][to.length()];
    }
}
