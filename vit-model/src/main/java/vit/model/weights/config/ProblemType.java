package vit.model.weights.config;

import java.util.Map;
import vit.model.InputException;
import vit.model.config.Scores;
import vit.model.json.JsonObject;

/**
 * {@code problem_type}, which transformers writes into the configuration of a model that it trained, even in timm's form. It may be one of the three words
 * that transformers accepts. Only the word for several labels per image changes the scores: transformers' image classification pipeline applies a
 * softmax to the logits of a regression as well, and a sigmoid to every model of one label.
 */
final class ProblemType {

    private static final String FIELD = "problem_type";
    private static final String SEVERAL = "multi_label_classification";

    private static final Map<String, Boolean> HAS_SEVERAL = Map.of(SEVERAL, true, "single_label_classification", false, "regression", false);

    private ProblemType() {}

    /** States the scores that the field asks for, if it is there. */
    static void state(JsonObject json, ConfigFields fields) throws InputException {
        if (json.has(FIELD) && ConfigField.choose(json.get(FIELD), HAS_SEVERAL)) {
            fields.state(ConfigField.SCORES, Scores.SIGMOID, json.get(FIELD));
        }
    }
}
