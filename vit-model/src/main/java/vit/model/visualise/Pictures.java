package vit.model.visualise;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import vit.model.AttentionMaps;
import vit.model.VitConfig;
import vit.model.image.Normalization;
import vit.model.image.RgbImage;

/** The pictures of the ViT literature, from the numbers of this package. */
public final class Pictures {

    /** An image is shown with at least so many pixels on its longer side. */
    private static final int SHOWN_SIDE = 384;

    /** A head's map, a position's map and a filter are shown with about so many. */
    private static final int CELL_SIDE = 96;

    private static final int GAP = 4;

    private Pictures() {}

    /**
     * What the model was given, with 8 bits a sample again.
     *
     * @param pixels (3, height, width), normalised
     */
    public static Picture seen(float[] pixels, VitConfig config, Normalization normalization) {
        int area = config.imageHeight() * config.imageWidth();
        return Picture.of(config.imageHeight(), config.imageWidth(), (x, y) -> {
            int rgb = 0;
            for (int c = 0; c < RgbImage.CHANNELS; c++) {
                double value = pixels[c * area + y * config.imageWidth() + x] * normalization.std().get(c) + normalization.mean().get(c);
                rgb = rgb << 8 | (int) Math.round(Math.clamp(value / normalization.scale(), 0.0, 255.0));
            }
            return rgb;
        });
    }

    /** Three side by side: the image, the image where attention is (as in figure 6 of the ViT paper), attention as heat over it. */
    public static Picture overlay(Picture image, PatchMap attention) {
        int scale = Math.max(1, SHOWN_SIDE / Math.max(image.height(), image.width()));
        int height = image.height() * scale;
        int width = image.width() * scale;
        Picture large = image.smooth(height, width);
        PatchMap shares = attention.normalised().resized(height, width);
        Picture masked = Picture.of(height, width, (x, y) -> ColourMap.mix(0, large.at(x, y), 0.08 + 0.92 * shares.at(y, x)));
        Picture heat = Picture.of(height, width, (x, y) ->
                ColourMap.mix(grey(large.at(x, y)), ColourMap.INFERNO.of(shares.at(y, x)), 0.25 + 0.5 * shares.at(y, x)));
        return Picture.grid(List.of(large, masked, heat), 3, GAP);
    }

    private static int grey(int rgb) {
        int luma = (int) Math.round(0.299 * (rgb >> 16) + 0.587 * (rgb >> 8 & 0xFF) + 0.114 * (rgb & 0xFF));
        return luma << 16 | luma << 8 | luma;
    }

    /** What the pooled output takes from the patches: a row a block from {@code first} to {@code last}, a column a head; each scaled by itself. */
    public static Picture heads(AttentionMaps maps, int first, int last) {
        List<Picture> cells = new ArrayList<>();
        for (int block = first; block <= last; block++) {
            for (int head = 0; head < maps.heads(); head++) {
                PatchMap map = PooledAttention.of(maps.config(), maps.head(block, head));
                cells.add(cell(map.normalised(), ColourMap.VIRIDIS, first == last ? 2 * CELL_SIDE : CELL_SIDE));
            }
        }
        return Picture.grid(cells, maps.heads(), GAP);
    }

    /**
     * A grid of grids: the map at a patch's place shows its similarity with all patches. All on one scale, from the least
     * similarity to 1.
     *
     * @param similarity (P, P)
     */
    public static Picture positions(VitConfig config, double[] similarity) {
        int patches = config.patches();
        double least = Arrays.stream(similarity).min().orElseThrow();
        double range = Math.max(1 - least, 1e-12);
        List<Picture> cells = new ArrayList<>();
        for (int i = 0; i < patches; i++) {
            double[] row = Arrays.stream(similarity, i * patches, (i + 1) * patches).map(s -> (s - least) / range).toArray();
            cells.add(cell(new PatchMap(config.gridHeight(), config.gridWidth(), row), ColourMap.VIRIDIS, CELL_SIDE));
        }
        return Picture.grid(cells, config.gridWidth(), GAP);
    }

    /** A map enlarged by a whole factor to about {@code side} pixels. */
    private static Picture cell(PatchMap map, ColourMap colours, int side) {
        int scale = Math.max(1, side / Math.max(map.height(), map.width()));
        return Picture.of(map, colours).blocky(map.height() * scale, map.width() * scale);
    }

    /** Filters in rows of seven, each scaled by itself about middle grey. */
    public static Picture filters(PatchFilters filters) {
        int scale = Math.max(1, CELL_SIDE / filters.patch());
        int side = filters.patch() * scale;
        List<Picture> cells = new ArrayList<>();
        for (int i = 0; i < filters.count(); i++) {
            cells.add(filter(filters, i).blocky(side, side));
        }
        return Picture.grid(cells, 7, GAP);
    }

    private static Picture filter(PatchFilters filters, int i) {
        int area = filters.patch() * filters.patch() * filters.channels();
        double largest = Arrays.stream(filters.filters(), i * area, (i + 1) * area).map(Math::abs).max().orElseThrow();
        return Picture.of(filters.patch(), filters.patch(), (x, y) -> {
            int rgb = 0;
            for (int c = 0; c < RgbImage.CHANNELS; c++) {
                double value = filters.at(i, Math.min(c, filters.channels() - 1), y, x) / largest;
                rgb = rgb << 8 | (int) Math.round(127.5 + 127.5 * value);
            }
            return rgb;
        });
    }
}
