package vit.model.weights;

import java.io.IOException;
import vit.model.weights.format.BrokenFiles;

/** Broken configurations, each beside sound weights. */
public final class BrokenConfigs {

    private BrokenConfigs() {}

    public static void add(BrokenFiles f) throws IOException {
        documents(f);
        values(f);
        contradictions(f);
        huggingFace(f);
        timm(f);
    }

    /** The sound configuration in which {@code from} is replaced. */
    private static String own(String from, String to) {
        String changed = BrokenFiles.CONFIG.replace(from, to);
        if (changed.equals(BrokenFiles.CONFIG)) {
            throw new IllegalArgumentException(from);
        }
        return changed;
    }

    private static void documents(BrokenFiles f) throws IOException {
        f.config("empty", "", "byte 0", "empty");
        f.config("not JSON", "family: timm", "byte 0", "malformed");
        f.config("an array", "[1]", "byte 0", "wrong type");
        f.config("cut", BrokenFiles.CONFIG.substring(0, 60), "byte", "malformed");
        f.config("field twice", own("\"patch\":8", "\"patch\":8,\"patch\":8"), "patch", "malformed");
        f.config("of no known form", "{\"name\":\"x\"}", "family", "no known form");
        f.config("without fields", "{}", "family", "no known form");
        f.config("too large", new byte[(8 << 20) + 1], "", "too large");
        f.config("comment", "{\"family\":\"timm\" /* x */}", "byte", "malformed");
    }

    private static void values(BrokenFiles f) throws IOException {
        f.config("NaN epsilon", own("1e-6", "NaN"), "layer_norm_eps", "malformed");
        f.config("infinite epsilon", own("1e-6", "1e999"), "layer_norm_eps", "wrong type or range");
        f.config("negative epsilon", own("1e-6", "-1"), "", "layer_norm_eps");
        f.config("epsilon as a word", own("1e-6", "\"small\""), "layer_norm_eps", "wrong type");
        f.config("unknown family", own("timm", "resnet"), "family", "family is unknown");
        f.config("unknown GELU", own("erf", "relu"), "gelu", "not supported");
        f.config("unknown pooling", own("token", "median"), "pool", "not supported");
        f.config("no heads", own("\"heads\":2", "\"heads\":0"), "heads", "too small");
        f.config("negative patch", own("\"patch\":8", "\"patch\":-8"), "patch", "too small");
        f.config("image of three values", own("[16,16]", "[3,16,16]"), "image", "not a pair");
        f.config("image of 2^31", own("[16,16]", "[2147483648,16]"), "image[0]", "wrong type or range");
        f.config("unknown variant", own("\"family\":\"timm\"", "\"model\":\"vit_colossal\""), "model", "variant is unknown");
        f.config("too few labels", own("\"pool\"", "\"labels\":[\"a\"],\"pool\""), "", "labels do not fit");
        f.config("label not text", own("\"pool\"", "\"labels\":[{},2,3],\"pool\""), "labels[0]", "wrong type");
    }

    private static void contradictions(BrokenFiles f) throws IOException {
        f.config("other width", own("\"width\":8", "\"width\":16"), "width", "contradicts");
        f.config("other depth", own("\"depth\":1", "\"depth\":2"), "depth", "contradicts");
        f.config("depth of a million", own("\"depth\":1", "\"depth\":1000000"), "depth", "contradicts");
        f.config("other MLP", own("\"mlp\":12", "\"mlp\":32"), "mlp", "contradicts");
        f.config("other classes", own("\"classes\":3", "\"classes\":1000"), "classes", "contradicts");
        f.config("other channels", own("\"mlp\"", "\"channels\":1,\"mlp\""), "channels", "contradicts");
        f.config("other family", own("timm", "torchvision"), "family", "contradicts");
        f.config("bias denied", own("\"mlp\"", "\"qkv_bias\":false,\"mlp\""), "qkv_bias", "contradicts");
        f.contradicted("heads that do not divide", own("\"heads\":2", "\"heads\":3"), "blocks.0.attn.qkv.weight", "heads do not fit");
        f.contradicted("head width that does not fit", own("\"heads\":2", "\"heads\":2,\"head_dim\":5"), "blocks.0.attn.qkv.weight", "heads do not fit");
        f.contradicted("image of half a patch", own("[16,16]", "[36,32]"), "pos_embed", "do not fit the image");
        f.contradicted("image many times as large", own("[16,16]", "[800,800]"), "pos_embed", "do not fit the image");
    }

    private static void huggingFace(BrokenFiles f) throws IOException {
        f.config("Hugging Face beside timm", "{\"model_type\":\"vit\",\"hidden_size\":8,\"num_attention_heads\":2}", "family", "contradicts");
        f.config("Hugging Face of another model", "{\"model_type\":\"bert\",\"hidden_size\":8}", "model_type", "not a plain ViT");
        f.config("Hugging Face activation", "{\"model_type\":\"vit\",\"hidden_act\":\"relu\"}", "hidden_act", "not supported");
        f.config("Hugging Face size as a word", "{\"model_type\":\"vit\",\"hidden_size\":\"eight\"}", "hidden_size", "wrong type");
        f.config("Hugging Face patch not square", "{\"model_type\":\"vit\",\"patch_size\":[8,4]}", "patch_size", "not square");
        f.config("Hugging Face labels with a gap", "{\"model_type\":\"vit\",\"id2label\":{\"0\":\"a\",\"2\":\"b\"}}", "id2label.2", "out of range");
        f.config("Hugging Face labels not numbered", "{\"model_type\":\"vit\",\"id2label\":{\"zero\":\"a\"}}", "id2label.zero", "out of range");
    }

    private static void timm(BrokenFiles f) throws IOException {
        f.config("timm pooling", "{\"architecture\":\"vit_custom\",\"global_pool\":\"prr\"}", "global_pool", "does not compute");
        f.config("timm argument", "{\"architecture\":\"x\",\"model_args\":{\"attn_layer\":\"diff\"}}", "model_args.attn_layer", "does not compute");
        f.config("timm unknown argument", "{\"architecture\":\"x\",\"model_args\":{\"swiglu\":true}}", "model_args.swiglu", "not supported");
        f.config("timm ratio", "{\"architecture\":\"x\",\"model_args\":{\"embed_dim\":8,\"mlp_ratio\":-1}}", "model_args.mlp_ratio", "out of range");
        f.config("timm input size", "{\"architecture\":\"x\",\"pretrained_cfg\":{\"input_size\":[16,16]}}", "pretrained_cfg.input_size", "not a triple");
        f.config("timm architecture of another size", "{\"architecture\":\"vit_base_patch16_224.augreg_in1k\"}", "model_args.num_heads", "cannot be told");
    }
}
