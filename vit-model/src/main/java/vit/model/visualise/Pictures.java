package vit.model.visualise;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import vit.model.AttentionMaps;
import vit.model.PatchGroups;
import vit.model.TokenMerging;
import vit.model.config.VitConfig;
import vit.model.image.Normalization;
import vit.model.image.RgbImage;
import vit.model.plot.ColourBar;
import vit.model.plot.ColourMap;
import vit.model.plot.Picture;
import vit.model.plot.Scale;
import vit.model.plot.Sheet;

/** The pictures of the ViT literature, from the numbers of this package, each with title, labels and scale. */
public final class Pictures {

    /** The longer side of an image is shown with at least this many pixels. */
    private static final int LEAST_SIDE = 384;

    /** … and with at most this many, since three images are shown side by side. */
    private static final int MOST_SIDE = 640;

    /** A head's map, a position's map and a filter are shown with about this many pixels a side. */
    private static final int CELL_SIDE = 96;

    /** The maps of all positions together are about this many pixels wide. */
    private static final int POSITIONS_SIDE = 1200;

    /** Beyond this many rows or columns of maps only every second, third, … is shown. */
    private static final int MOST_POSITIONS = 24;

    private static final int HEADS_A_ROW = 6; // when a single block is shown

    /** The least attended patches keep this much of their brightness, so that one can still see what they are. */
    private static final double DIMMEST = 0.25;

    private static final double HEAT = 0.7; // opacity over the grey image
    private static final int MIDDLE_GREY = 0x808080;
    private static final int TICKS = 5;

    private Pictures() {}

    /**
     * The model's input as a picture, converted back to 8 bits per sample.
     *
     * @param pixels (3, height, width), normalised
     */
    public static Picture seen(float[] pixels, VitConfig config, Normalization normalization) {
        int area = config.imageHeight() * config.imageWidth();
        return Picture.of(config.imageHeight(), config.imageWidth(), (x, y) -> {
            int rgb = 0;
            for (int c = 0; c < RgbImage.CHANNELS; c++) {
                int from = Math.min(c, config.channels() - 1);
                double sample = (pixels[from * area + y * config.imageWidth() + x] * normalization.std().get(from)
                        + normalization.mean().get(from)) / normalization.scale();
                rgb = rgb << 8 | Math.clamp(Math.round(sample), 0, 255);
            }
            return rgb;
        });
    }

    /**
     * The rollout over an image, in three pictures: the image; the image with attention as its brightness (as in figure 6 of the ViT paper);
     * attention as heat over it.
     *
     * @param attention the share of each patch, see {@link PooledAttention}
     */
    public static Picture rollout(Picture image, PatchMap attention, VitConfig config) {
        double least = Arrays.stream(attention.values()).min().orElseThrow();
        double most = Arrays.stream(attention.values()).max().orElseThrow();
        String range = Scale.percent(least) + " to " + Scale.percent(most);
        return overlay(new Sheet("Attention rollout")
                .note("How much of the output comes from each patch through all blocks, if information flows in proportion to attention ("
                        + PooledAttention.describe(config) + ").")
                .note("A patch has " + range + "; each would have " + Scale.percent(1.0 / attention.values().length) + " if all counted alike."),
                image, attention);
    }

    /** The image in the size in which it is shown. */
    private static Picture enlarged(Picture image) {
        double longer = Math.max(image.height(), image.width());
        double scale = Math.clamp(longer, LEAST_SIDE, MOST_SIDE) / longer;
        int height = (int) Math.max(1, Math.round(image.height() * scale));
        int width = (int) Math.max(1, Math.round(image.width() * scale));
        return scale == 1 ? image : image.smooth(height, width);
    }

    private static Picture overlay(Sheet sheet, Picture image, PatchMap attention) {
        Picture shown = enlarged(image);
        int height = shown.height();
        int width = shown.width();
        PatchMap shares = attention.normalised().resized(height, width);
        Picture dimmed = Picture.of(height, width,
                (x, y) -> ColourMap.mix(0, shown.at(x, y), DIMMEST + (1 - DIMMEST) * shares.at(y, x)));
        Picture heat = Picture.of(height, width,
                (x, y) -> ColourMap.mix(grey(shown.at(x, y)), ColourMap.INFERNO.of(shares.at(y, x)), HEAT));
        double least = Arrays.stream(attention.values()).min().orElseThrow();
        double most = Arrays.stream(attention.values()).max().orElseThrow();
        Scale percent = Scale.exactly(100 * least, 100 * most, TICKS);
        return sheet.columns(List.of("what the model sees", "bright where it looks", "attention as heat"))
                .cell(shown).cell(dimmed).cell(heat)
                .bar(new ColourBar("share of a patch, %", percent,
                        share -> ColourMap.mix(MIDDLE_GREY, ColourMap.INFERNO.of(share), HEAT), percent::label))
                .draw(3);
    }

    /** An image beside its patches, each in the colour of its features. */
    public static Picture features(Picture image, PatchColours colours) {
        Picture shown = enlarged(image);
        PatchMap grid = colours.components()[0];
        Picture patches = Picture.of(grid.height(), grid.width(), (x, y) -> colours.at(y, x));
        return new Sheet("Patch features")
                .note("Patches of one colour are alike to the model. Red, green and blue are the first three principal components of the patch tokens that the last"
                        + " block gives; they hold " + Scale.percent(colours.shares()[0]) + ", " + Scale.percent(colours.shares()[1]) + " and "
                        + Scale.percent(colours.shares()[2]) + " of the tokens' variance.")
                .columns(List.of("what the model sees", "patches by their features"))
                .cell(shown).cell(patches.blocky(shown.height(), shown.width()))
                .draw(2);
    }

    /** An image beside its patches, each in the mean colour of those that a session has merged with it. */
    public static Picture merged(Picture image, PatchGroups groups, TokenMerging merging) {
        Picture shown = enlarged(image);
        return new Sheet("Merged patches")
                .note("Patches without a line between them have become one token by the end; a group may lie in several places. " + groups.groups().size()
                        + " patches are " + groups.count() + " tokens (merged: " + merging.describe() + ").")
                .columns(List.of("what the model sees", "patches by their tokens"))
                .cell(shown).cell(MergedPatches.draw(shown, groups))
                .draw(2);
    }

    private static int grey(int rgb) {
        int luma = (int) Math.round(0.299 * (rgb >> 16) + 0.587 * (rgb >> 8 & 0xFF) + 0.114 * (rgb & 0xFF));
        return luma << 16 | luma << 8 | luma;
    }

    /**
     * What the pooled output takes from the patches, with a row per block and a column per head. The colours of a map reach from 0 to its own largest
     * share, which is printed below it.
     */
    public static Picture heads(AttentionMaps maps) {
        Sheet sheet = headSheet("Attention of every head", maps.config());
        for (int block = 0; block < maps.depth(); block++) {
            for (int head = 0; head < maps.heads(); head++) {
                addHead(sheet, maps, block, head, "", CELL_SIDE);
            }
        }
        return sheet.columns(numbered("head ", maps.heads())).rows(numbered("block ", maps.depth())).draw(maps.heads());
    }

    /** The heads of one block, larger. */
    public static Picture heads(AttentionMaps maps, int block) {
        Sheet sheet = headSheet("Attention of the heads of block " + block, maps.config());
        for (int head = 0; head < maps.heads(); head++) {
            addHead(sheet, maps, block, head, "head " + head + ": ", 2 * CELL_SIDE);
        }
        return sheet.draw(Math.min(HEADS_A_ROW, maps.heads()));
    }

    private static Sheet headSheet(String title, VitConfig config) {
        return new Sheet(title).note("What each head takes from the patches (" + PooledAttention.describe(config)
                        + "). Below each map is the share of its brightest patch; if all patches had the same share, it would be "
                        + Scale.percent(1.0 / config.patches()) + ".")
                .bar(ColourBar.of("share, relative to the head's largest", Scale.exactly(0, 1, TICKS), ColourMap.VIRIDIS));
    }

    private static void addHead(Sheet sheet, AttentionMaps maps, int block, int head, String name, int side) {
        PatchMap map = PooledAttention.of(maps.config(), maps.head(block, head));
        double most = Arrays.stream(map.values()).max().orElseThrow();
        double[] shares = Arrays.stream(map.values()).map(value -> most > 0 ? value / most : 0).toArray();
        sheet.cell(cell(new PatchMap(map.height(), map.width(), shares), side), name + Scale.percent(most));
    }

    private static List<String> numbered(String name, int count) {
        return IntStream.range(0, count).mapToObj(i -> name + i).toList();
    }

    /**
     * A grid of grids: the map at a patch's place shows the similarity of that patch with all patches. All maps have one scale, from the least
     * similarity to 1.
     *
     * @param similarity (P, P)
     */
    public static Picture positions(VitConfig config, double[] similarity) {
        int patches = config.patches();
        int every = (Math.max(config.gridHeight(), config.gridWidth()) + MOST_POSITIONS - 1) / MOST_POSITIONS;
        double least = Math.min(Arrays.stream(similarity).min().orElseThrow(), 1 - 1e-6);
        int columns = (config.gridWidth() + every - 1) / every;
        int rows = (config.gridHeight() + every - 1) / every;
        int side = Math.min(CELL_SIDE, POSITIONS_SIDE / Math.max(columns, rows));
        Sheet sheet = new Sheet("Similarity of the position embeddings")
                .note("The map in row r and column c shows how similar the position of the patch in row r and column c is to that of each patch."
                        + (every == 1 ? "" : " Of the rows and columns one in " + every + " is shown."));
        for (int y = 0; y < config.gridHeight(); y += every) {
            for (int x = 0; x < config.gridWidth(); x += every) {
                int i = y * config.gridWidth() + x;
                double[] row = Arrays.stream(similarity, i * patches, (i + 1) * patches).map(s -> (s - least) / (1 - least)).toArray();
                sheet.cell(cell(new PatchMap(config.gridHeight(), config.gridWidth(), row), side));
            }
        }
        return sheet.columns(steps("", columns, every)).rows(steps("row ", rows, every))
                .bar(ColourBar.of("cosine similarity", Scale.exactly(least, 1, TICKS), ColourMap.VIRIDIS)).draw(columns);
    }

    private static List<String> steps(String name, int count, int every) {
        return IntStream.range(0, count).mapToObj(i -> (i == 0 && name.isEmpty() ? "col. " : name) + i * every).toList();
    }

    /** A map enlarged by a whole factor to about {@code side} pixels. */
    private static Picture cell(PatchMap map, int side) {
        int longer = Math.max(map.height(), map.width());
        int scale = Math.max(1, Math.round((float) side / longer));
        return picture(map, ColourMap.VIRIDIS).blocky(map.height() * scale, map.width() * scale);
    }

    /** A map in colours, with one pixel per patch. */
    static Picture picture(PatchMap map, ColourMap colours) {
        return Picture.of(map.height(), map.width(), (x, y) -> colours.of(map.at(y, x)));
    }
}
