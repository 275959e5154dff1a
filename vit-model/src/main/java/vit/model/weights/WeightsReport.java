package vit.model.weights;

import java.util.List;

/**
 * What was found when weights were opened.
 *
 * @param family  id of the weight family
 * @param ignored tensors of the file that the forward pass does not use, for example a pooler's
 * @param notes   what was assumed, and other remarks for the user
 */
public record WeightsReport(String family, List<String> ignored, List<String> notes) {}
