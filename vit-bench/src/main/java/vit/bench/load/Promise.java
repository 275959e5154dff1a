package vit.bench.load;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A promise of the service, and what was measured.
 *
 * @param name    what is promised, in a few words
 * @param figures what was measured, as the beginning of a sentence after a colon
 * @param goal    what was promised; empty if the figures are to be reported only
 * @param verdict whether the figures keep the promise
 */
record Promise(String name, String figures, String goal, Verdict verdict) {

    /** What the figures say. */
    enum Verdict {
        MET("met"),
        MISSED("not met"),
        UNKNOWN("not measured"),
        REPORTED("reported");

        private final String words;

        Verdict(String words) {
            this.words = words;
        }

        static Verdict of(boolean met) {
            return met ? MET : MISSED;
        }
    }

    String sentence() {
        return name + ": " + judgement();
    }

    /** The sentence without the name. */
    String judgement() {
        return figures + (goal.isEmpty() ? "" : " (goal: " + goal + ")") + ": " + verdict.words + ".";
    }

    Map<String, Object> toJson() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("promise", name);
        object.put("figures", figures);
        object.put("goal", goal);
        object.put("verdict", verdict.words);
        return object;
    }
}
