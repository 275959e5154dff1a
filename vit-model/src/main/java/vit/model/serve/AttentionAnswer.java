package vit.model.serve;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import vit.model.AttentionMaps;
import vit.model.Prediction;
import vit.model.config.VitConfig;
import vit.model.service.Explanation;
import vit.model.visualise.AttentionRollout;
import vit.model.visualise.Pictures;
import vit.model.visualise.PooledAttention;

/** The classes of an image, what the model saw of it, and where it looks, as the fields of an answer. */
final class AttentionAnswer {

    /** Shares of attention are written with five digits after the point. */
    private static final double SCALE = 1e5;

    private AttentionAnswer() {}

    static void write(Explanation explanation, Map<String, Object> answer) {
        AttentionMaps maps = explanation.attention();
        VitConfig config = maps.config();
        answer.put("top", explanation.prediction().map(AttentionAnswer::classes).orElse(List.of()));
        answer.put("picture", "data:image/png;base64," + Base64.getEncoder().encodeToString(Pictures.seen(explanation.pixels(), config, explanation.preprocessing().normalization()).toPng()));
        answer.put("grid", List.of(config.gridHeight(), config.gridWidth()));
        answer.put("blocks", maps.depth());
        answer.put("heads", maps.heads());
        answer.put("rollout", rollout(maps));
        answer.put("attention", IntStream.range(0, maps.depth()).mapToObj(block -> heads(maps, block)).toList());
    }

    static List<Map<String, Object>> classes(Prediction prediction) {
        return prediction.top().stream().map(Prediction.Ranked::fields).toList();
    }

    private static List<Object> rollout(AttentionMaps maps) {
        List<double[]> means = IntStream.range(0, maps.depth()).mapToObj(maps::mean).toList();
        List<Object> rows = new ArrayList<>();
        for (int last = 0; last < means.size(); last++) {
            rows.add(shares(AttentionRollout.pooled(maps.config(), means.subList(0, last + 1))));
        }
        return rows;
    }

    private static List<Object> heads(AttentionMaps maps, int block) {
        List<Object> heads = new ArrayList<>();
        for (int head = 0; head < maps.heads(); head++) {
            heads.add(shares(PooledAttention.of(maps.config(), maps.head(block, head)).values()));
        }
        return heads;
    }

    /** The shares of the patches, which together are one. */
    private static double[] shares(double[] patches) {
        double sum = 0;
        for (double patch : patches) {
            sum += patch;
        }
        double[] shares = new double[patches.length];
        for (int i = 0; i < shares.length; i++) {
            shares[i] = sum > 0 ? Math.round(patches[i] / sum * SCALE) / SCALE : 0;
        }
        return shares;
    }
}
