package vit.model.weights.family;

import java.util.List;
import java.util.Set;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;
import vit.model.config.VitConfigBuilder;
import vit.model.parameters.Parameters;
import vit.model.positions.PositionResampling;
import vit.model.positions.RelativeResampling;

/** A scheme of tensor names, layouts and conventions. Implementations are stateless and listed in {@link WeightFamilies}. */
public interface WeightFamily {

    /** The name under which configurations know the family. */
    String id();

    /** Other names for it in a configuration's {@code family}. */
    List<String> aliases();

    /** Whether a configuration that names {@code other} may go with a file of this family. */
    default boolean goesWith(WeightFamily other) {
        return this == other;
    }

    /** What the tensors of such a file are called after, for example {@code Hugging Face}. */
    String library();

    /** The kind of model, as people call it, for example {@code CLIP image tower}. */
    String title(VitConfig config);

    /** The signs by which a file with these tensors is of this family, if they hold. */
    Signs signs(TensorDirectory tensors);

    /** The signs by which such a file can be read as one of this family if a configuration names it; no more than {@link #signs} requires. */
    default Signs signsIfNamed(TensorDirectory tensors) {
        return signs(tensors);
    }

    /** A builder with the family's conventions; sizes are those of ViT-B/16. */
    VitConfigBuilder defaults();

    /** Whether the final LayerNorm precedes or follows this pooling, if neither a file nor a configuration says so. */
    default FinalNorm finalNorm(Pooling pooling) {
        return FinalNorm.BEFORE_POOLING;
    }

    /** The method by which this library resamples learned positions to another grid of patches. */
    default PositionResampling positionResampling() {
        return PositionResampling.TIMM;
    }

    /** The method by which this library resamples tables of relative positions to another grid of patches. */
    default RelativeResampling relativeResampling() {
        return RelativeResampling.GEOMETRIC;
    }

    /** Which tokens of the library's models have a learned position; null if its models differ in that. */
    default Positions positions() {
        return Positions.LEARNED;
    }

    /** Whether the library's models always have as many rows of patches as columns. */
    default boolean hasSquareGridsOnly() {
        return false;
    }

    /**
     * Whether the library resamples positions to whatever image it is given, so that the image processor decides the model's image and not the
     * configuration, which states the image of the table.
     */
    default boolean imageFollowsPreprocessing() {
        return false;
    }

    /** The conventions, besides heads and image, that remain open without a configuration, each with its usual value; for a warning. */
    default List<String> unstatedConventions(VitConfig assumed) {
        return List.of();
    }

    /**
     * Tells what names and shapes determine of the configuration.
     *
     * @throws InputException if a tensor is missing or has an impossible shape
     */
    void infer(Inference into) throws InputException;

    /**
     * The place of each parameter of {@code config} in a file.
     *
     * @param parameters the list for {@code config}
     * @param tensors    decide between variants of the family's names; an empty directory stands for the names that are written
     */
    List<TensorView> views(VitConfig config, Parameters parameters, TensorDirectory tensors);

    /**
     * The canonical names of square matrices that a file leaves out because they are the identity.
     *
     * @param tensors those of the file
     */
    default Set<String> identities(VitConfig config, TensorDirectory tensors) {
        return Set.of();
    }

    /** Whether this is a tensor that published files contain although the forward pass does not use it. */
    default boolean isUnused(String name, TensorDirectory tensors) {
        return false;
    }
}
