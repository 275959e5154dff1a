package vit.bench.peers;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import vit.model.InputException;
import vit.model.json.JsonObject;

/**
 * How far a peer's logits are from ours, of a peer whose numbers are not meant to be the same.
 *
 * @param images   number of images
 * @param error    largest difference, in units of the largest magnitude of ours
 * @param agreeing number of images whose largest logit is of the same class
 * @param classes  number of different classes that ours names; agreement says little if they are few
 */
record Accuracy(int images, double error, int agreeing, int classes) {

    /** Compares logits (B, classes). */
    static Accuracy of(float[] ours, float[] theirs, int images) {
        int width = ours.length / images;
        int agreeing = 0;
        int[] top = new int[images];
        for (int image = 0; image < images; image++) {
            top[image] = top(ours, image * width, width);
            agreeing += top[image] == top(theirs, image * width, width) ? 1 : 0;
        }
        return new Accuracy(images, Duel.error(ours, theirs), agreeing, (int) Arrays.stream(top).distinct().count());
    }

    private static int top(float[] logits, int start, int width) {
        int best = 0;
        for (int i = 1; i < width; i++) {
            best = logits[start + i] > logits[start + best] ? i : best;
        }
        return best;
    }

    Map<String, Object> toJson() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("images", images);
        object.put("error", error);
        object.put("top1_agreeing", agreeing);
        object.put("classes", classes);
        return object;
    }

    static Accuracy of(JsonObject json) throws InputException {
        return new Accuracy((int) json.number("images"), json.number("error"), (int) json.number("top1_agreeing"), (int) json.number("classes"));
    }
}
