package vit.model;

import java.util.List;
import vit.model.config.BackboneConfig;
import vit.model.config.BackboneConfig.Stage;
import vit.model.config.VitConfig;
import vit.model.config.VitConfigBuilder;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;

/** Models of some ten thousand parameters that run the same methods as another model, for warming up. */
final class SmallModel {

    /** A dimension with a whole panel at every vector width, and a ragged one. */
    private static final int SHALLOW = 68;

    /** The same for the index k of a sum: more than one block of steps, and a ragged one. */
    private static final int DEEP = 772;

    private SmallModel() {}

    /** The small model whose calls are counted. */
    static VitConfig plain(VitConfig config) {
        return tiny(config, 20, 20, SHALLOW);
    }

    /** The small model that takes other branches. */
    static VitConfig varied(VitConfig config) {
        return tiny(config, 36, SHALLOW, DEEP);
    }

    /**
     * A model of the same kind, so small that interpreted calls end soon. Its dimensions are 4 above a multiple of 16, and it has a few more than 25
     * or 45 tokens, so that at every vector width there are both whole and ragged vectors and tiles. This matters because C2 compiles a loop
     * that was never entered as a trap; the first real call that entered it would throw the code away.
     *
     * <p>Pooling by attention needs a width of heads times head width. Three heads make it 12 above a multiple of 16, which is ragged at 8 and at 16 lanes.
     */
    private static VitConfig tiny(VitConfig config, int imageWidth, int headDim, int mlp) {
        boolean attention = config.pooling().isAttention();
        int heads = attention ? 3 : 2;
        int width = attention ? heads * headDim : 20;
        VitConfigBuilder tiny = config.toBuilder().width(width).depth(2).heads(heads).headDim(headDim).mlp(mlp).classes(20);
        BackboneConfig backbone = config.stem().backbone();
        if (backbone == null) {
            return tiny.image(20, imageWidth).patch(4).build();
        }
        List<Stage> stages = backbone.stages().isEmpty() ? List.of() : List.of(new Stage(2, 24), new Stage(1, 40));
        int patch = Math.min(config.patch(), 2);
        int side = patch * BackboneConfig.stride(stages.size());
        return tiny.backbone(20, stages).backboneGroups(4).patch(patch).image(5 * side, imageWidth / 4 * side).build();
    }

    /** Small weights of both signs. The results do not matter. */
    record Constant(VitConfig config) implements ParameterSource {
        @Override
        public void read(Parameter parameter, float[] target) {
            for (int i = 0, size = Math.toIntExact(parameter.shape().size()); i < size; i++) {
                target[i] = (i % 13 - 6) / 64f;
            }
        }
    }
}
