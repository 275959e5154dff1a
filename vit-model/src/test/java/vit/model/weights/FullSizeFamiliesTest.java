package vit.model.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.config.VitConfig;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameters;
import vit.model.weights.config.ConfigFile;

/**
 * One model of the size B of every family, from its published configuration: a file with generated weights under the family's names, with that configuration
 * beside it, loads, has the published number of parameters, and gives a finite embedding of one image. A minute, 0.4 GB on disk at a time and 1 GB of memory:
 * {@code mvn -Pheavy -pl vit-model -am test -Dtest=FullSizeFamiliesTest -Dsurefire.failIfNoSpecifiedTests=false}
 */
@Tag("heavy")
class FullSizeFamiliesTest {

    @TempDir
    private Path folder;

    /** Numbers as in {@link PublishedSizesTest}, in units of 10000. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        {"model_type":"vit","num_labels":1000,"architectures":["ViTForImageClassification"]}|8657
        {"architecture":"vit_base_patch16_224","num_classes":1000}|8657
        {"architecture":"deit_base_distilled_patch16_224","num_classes":1000}|8734
        {"architecture":"deit3_base_patch16_224","num_classes":1000}|8659
        {"architecture":"vit_base_patch16_clip_quickgelu_224","num_classes":512}|8619
        {"architecture":"vit_base_patch14_reg4_dinov2","num_classes":0,"model_args":{"img_size":224}}|
        {"architecture":"vit_base_patch16_siglip_224","num_classes":0}|9288
        {"architecture":"beit_base_patch16_224","num_classes":1000}|8653
        {"architecture":"vit_base_patch16_dinov3","num_classes":0}|8564
        {"architecture":"eva02_base_patch16_clip_224","num_classes":512}|8626
        {"architecture":"vit_base_patch16_reg4_gap_256","num_classes":1000}|8662
        {"model_type":"deit","num_labels":1000,"architectures":["DeiTForImageClassificationWithTeacher"]}|8734
        {"model_type":"clip","projection_dim":512,"vision_config":{"patch_size":16}}|8619
        {"model_cfg":{"embed_dim":512,"vision_cfg":{"patch_size":16}}}|8619
        {"model_type":"siglip","vision_config":{"model_type":"siglip_vision_model"}}|9288
        {"model_type":"dinov2"}|
        {"model_type":"dinov2_with_registers","patch_size":14}|
        {"model_type":"vit_mae"}|
        {"model_type":"ijepa"}|
        {"model_type":"beit","use_relative_position_bias":true,"num_labels":1000,"architectures":["BeitForImageClassification"]}|8653
        {"model_type":"dinov3_vit","hidden_size":768,"intermediate_size":3072,"num_attention_heads":12,"num_register_tokens":4}|8566
        {"family":"dino","model":"vit_base_patch16_224","classes":0}|
        {"family":"dino-registers","model":"vit_base_patch14_224","classes":0}|
        {"family":"torchvision","model":"vit_base_patch16_224","classes":1000}|8657
        {"family":"jax","model":"vit_base_patch16_224","classes":1000}|8657
        {"family":"vit-pytorch","model":"vit_base_patch16_224","classes":1000}|
        {"family":"vit-pytorch-simple","model":"vit_base_patch16_224","classes":1000}|
        """)
    void aFileOfFullSizeLoadsAndRuns(String document, Long tenThousands) throws IOException {
        VitConfig config = Weights.configuration(ConfigFile.read("config.json", document.getBytes(StandardCharsets.UTF_8))).vit();
        Path file = folder.resolve(document.contains("model_cfg") ? "open_clip_model.safetensors" : "model.safetensors");
        WeightsWriter.write(file, new GeneratedWeights(config, 3), Map.of());
        Files.writeString(folder.resolve(document.contains("model_cfg") ? "open_clip_config.json" : "config.json"), document);
        try (VitModel model = VitModel.load(file); VitSession session = model.newSession(SessionOptions.threads(2))) {
            assertEquals(config, model.config(), document);
            long count = Parameters.of(model.config()).count();
            if (tenThousands != null) {
                assertEquals(tenThousands, Math.round(count / 1e4), document);
            }
            float[] image = new float[3 * config.imageHeight() * config.imageWidth()];
            new GeneratedWeights(config, 0).fill(image, image.length, "image", 1.7, 0);
            float[] embedding = new float[config.embeddingWidth()];
            session.embed(image, 1, embedding);
            double squares = 0;
            for (float value : embedding) {
                squares += (double) value * value;
            }
            assertTrue(squares > 0 && Double.isFinite(squares), document);
            System.out.printf(Locale.ROOT, "%s: %,d parameters, |embedding| %.3g%n", model.report().recognition().architecture(), count, Math.sqrt(squares));
        } finally {
            Files.delete(file);
        }
    }
}
