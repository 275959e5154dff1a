package vit.model.service;

import java.util.Optional;
import vit.model.AttentionMaps;
import vit.model.Prediction;
import vit.model.VitModel;
import vit.model.config.VitConfig;
import vit.model.image.Preprocessing;

/**
 * The classes of an image and where the model looks.
 *
 * @param prediction    the most probable classes; empty if the model has no classes
 * @param attention     of every block and head
 * @param pixels        (channels, height, width), what the model saw: the image after preprocessing
 * @param preprocessing the preprocessing that made them, of the model that answered
 */
public record Explanation(Optional<Prediction> prediction, AttentionMaps attention, float[] pixels, Preprocessing preprocessing) {

    static Explanation of(VitModel model, Ticket computed, int top) {
        VitConfig config = model.config();
        boolean classes = config.classes() > 0 && !config.isProjection();
        return new Explanation(
                classes ? Optional.of(Prediction.of(computed.logits, 0, config.classes(), model.labels(), top, model.scores())) : Optional.empty(),
                computed.attention, computed.pixels, model.preprocessing());
    }
}
