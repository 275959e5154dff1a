package vit.bench.peers;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import vit.kernels.gelu.GeluKind;
import vit.model.config.HeadConfig;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfigBuilder;

/** The models whose embeddings are compared, each of a published size for images of 224 × 224. */
public enum EmbeddingModel {
    /** CLIP (Radford et al. 2021) of OpenAI: the normed class token, projected to 512 elements. The activation is QuickGELU. */
    CLIP_B16("clip-b16", "CLIP B/16", VitConfig.builder().patchBias(false).preNorm(true).layerNormEps(1e-5).gelu(GeluKind.QUICK)
            .head(HeadConfig.Kind.PROJECTION).classes(512).headBias(false)),
    /** DINOv2 (Oquab et al. 2023): the normed class token. Patches of 14 px make a grid of 16 × 16, and blocks have LayerScale. */
    DINOV2_S14("dinov2-s14", "DINOv2 S/14", VitConfig.builder().patch(14).width(384).heads(6).layerScale(true).classes(0)),
    /** SigLIP (Zhai et al. 2023): attention of a learned query to the 196 patches, then an MLP. The activation is the tanh form of GELU. */
    SIGLIP_B16("siglip-b16", "SigLIP B/16", VitConfig.builder().classToken(false).gelu(GeluKind.TANH).pooling(Pooling.PATCH_ATTENTION).classes(0));

    private final String id;
    private final String title;
    private final VitConfig config;

    EmbeddingModel(String id, String title, VitConfigBuilder builder) {
        this.id = id;
        this.title = title;
        this.config = builder.build();
    }

    static Optional<EmbeddingModel> find(String id) {
        return Arrays.stream(values()).filter(model -> model.id.equals(id)).findFirst();
    }

    static List<String> ids() {
        return Arrays.stream(values()).map(model -> model.id).toList();
    }

    /** The name in words, as publications write it. */
    public String title() {
        return title;
    }

    /** Its configuration. */
    public VitConfig config() {
        return config;
    }
}
