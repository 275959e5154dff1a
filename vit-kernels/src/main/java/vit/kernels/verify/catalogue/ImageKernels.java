package vit.kernels.verify.catalogue;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import vit.kernels.patchembed.PatchEmbed;
import vit.kernels.patchembed.PatchEmbedReference;
import vit.kernels.patchembed.PatchOrder;
import vit.kernels.tensor.Tensor;

/** From an image to tokens: patches, the sequence with its prefix and positions, and position tables by axis. */
final class ImageKernels {

    private ImageKernels() {}

    static List<Kernel> all() {
        List<Kernel> kernels = new ArrayList<>();
        for (PatchOrder order : PatchOrder.values()) {
            String name = order.name().toLowerCase(Locale.ROOT).replace('_', ' ');
            kernels.add(new Kernel("patchify " + name, draw -> new Image(draw).patchify(order)));
            kernels.add(new Kernel("unpatchify " + name, draw -> new Image(draw).unpatchify(order)));
        }
        kernels.add(new Kernel("assemble", draw -> new Sequence(draw).assemble()));
        kernels.add(new Kernel("assemble backward", draw -> new Sequence(draw).assembleBackward()));
        kernels.add(new Kernel("join axes", draw -> new Axes(draw).join()));
        kernels.add(new Kernel("join axes backward", draw -> new Axes(draw).joinBackward()));
        return kernels;
    }

    /** Images and their patches. Rows and columns of pixels that fill no patch are left out. */
    private static final class Image {
        final int batch;
        final int channels;
        final int patch;
        final int height;
        final int width;
        final Tensor images; // (B, channels, H, W)
        final Tensor patches; // (B·P, channels·p·p)

        Image(Draw draw) {
            batch = draw.size(2, 1, 3);
            channels = draw.size(3, 1, 4);
            patch = draw.size(3, 1, 9);
            height = draw.size(4 * patch, patch, 4 * patch + 1);
            width = draw.size(5 * patch, patch, 5 * patch + 1);
            images = draw.tensor(draw.any(), batch, channels, height, width);
            patches = draw.tensor(draw.any(), batch * (height / patch) * (width / patch), channels * patch * patch);
        }

        Call patchify(PatchOrder order) {
            return Call.of(w -> PatchEmbed.patchify(patches, images, patch, order, batch, w)).output("patches", patches).truths(() -> {
                double[] expected = new double[patches.rows() * patches.columns()];
                PatchEmbedReference.patchify(expected, images.toDoubles(), patch, order, batch, channels, height, width);
                return List.of(Truth.exact(expected));
            });
        }

        /** What fills no patch keeps what it held, or becomes zero, as the kernel documents; the reference begins with the same. */
        Call unpatchify(PatchOrder order) {
            return Call.of(w -> PatchEmbed.unpatchify(images, patches, patch, order, batch, w)).output("images", images).truths(() -> {
                double[] expected = new double[batch * channels * height * width];
                PatchEmbedReference.unpatchify(expected, patches.toDoubles(), patch, order, batch, channels, height, width);
                return List.of(Truth.exact(expected));
            });
        }
    }

    /** Tokens of images: R of a prefix, of which the first have a position, then P patches. */
    private static final class Sequence {
        final Draw draw;
        final int batch;
        final int patches;
        final int prefixTokens;
        final int positioned;
        final int width;
        final Tensor tokens; // (B, T, C)
        final Tensor projected; // (B·P, C)
        final Tensor prefix; // (R, C)
        final Tensor positions; // (Q + P, C)

        Sequence(Draw draw) {
            this.draw = draw;
            batch = draw.size(2, 1, 3);
            patches = draw.size(20, 1, 9);
            prefixTokens = draw.size(1, 1, 4);
            positioned = draw.size(1, 0, prefixTokens);
            width = draw.columns(93);
            tokens = draw.tensor(batch, prefixTokens + patches, width);
            projected = draw.tensor(batch * patches, width);
            prefix = draw.tensor(prefixTokens, width);
            positions = draw.tensor(positioned + patches, width);
        }

        /** The double sum of two floats, rounded to float, is the float sum: 53 ≥ 2·24 + 2 bits. */
        Call assemble() {
            return Call.of(w -> PatchEmbed.assemble(tokens, projected, prefix, positions, positioned, batch, patches, w)).output("tokens", tokens)
                    .truths(() -> {
                        double[] expected = new double[tokens.rows() * width];
                        PatchEmbedReference.assemble(expected, projected.toDoubles(), prefix.toDoubles(), positions.toDoubles(), positioned, batch,
                                patches, width);
                        return List.of(Truth.exact(expected));
                    });
        }

        /** One addition for each image. */
        Call assembleBackward() {
            double[] prefix0 = prefix.toDoubles();
            double[] positions0 = positions.toDoubles();
            return Call.of(w -> PatchEmbed.assembleBackward(projected, prefix, positions, tokens, positioned, batch, prefixTokens, patches, w))
                    .output("dprojected", projected).output("dprefix", prefix).output("dpositions", positions)
                    .truths(() -> {
                        double[] dtokens = tokens.toDoubles();
                        double[] ofProjected = new double[batch * patches * width];
                        double[] ofPrefix = prefix0.clone();
                        double[] ofPositions = positions0.clone();
                        double[] prefixSizes = Doubled.absolute(prefix0);
                        double[] positionSizes = Doubled.absolute(positions0);
                        PatchEmbedReference.assembleBackward(new double[ofProjected.length], prefixSizes, positionSizes, Doubled.absolute(dtokens),
                                positioned, batch, prefixTokens, patches, width);
                        PatchEmbedReference.assembleBackward(ofProjected, ofPrefix, ofPositions, dtokens, positioned, batch, prefixTokens, patches,
                                width);
                        return List.of(Truth.exact(ofProjected), Truth.within(ofPrefix, i -> Truth.gamma(batch) * prefixSizes[i]),
                                Truth.within(ofPositions, i -> Truth.gamma(batch) * positionSizes[i]));
                    });
        }
    }

    /** Position tables of the columns and the rows of a grid of patches. */
    private static final class Axes {
        final Draw draw;
        final int across;
        final int down;
        final int half;
        final Tensor columns; // (across, C/2)
        final Tensor rows; // (down, C/2)

        Axes(Draw draw) {
            this.draw = draw;
            across = draw.size(5, 1, 6);
            down = draw.size(4, 1, 6);
            half = draw.columns(46);
            columns = draw.tensor(across, half);
            rows = draw.tensor(down, half);
        }

        Call join() {
            Tensor positions = draw.tensor(across * down, 2 * half);
            return Call.of(w -> PatchEmbed.joinAxes(positions, columns, rows, w)).output("positions", positions).truths(() -> {
                double[] expected = new double[across * down * 2 * half];
                PatchEmbedReference.joinAxes(expected, columns.toDoubles(), rows.toDoubles(), across, down, half);
                return List.of(Truth.exact(expected));
            });
        }

        /** An addition for each image and each patch of the line. */
        Call joinBackward() {
            int batch = draw.size(2, 1, 3);
            int prefix = draw.size(1, 0, 3);
            Tensor dtokens = draw.tensor(batch, prefix + across * down, 2 * half);
            double[] columns0 = columns.toDoubles();
            double[] rows0 = rows.toDoubles();
            return Call.of(w -> PatchEmbed.joinAxesBackward(columns, rows, dtokens, batch, prefix, w))
                    .output("dcolumns", columns).output("drows", rows)
                    .truths(() -> {
                        double[] ofColumns = columns0.clone();
                        double[] ofRows = rows0.clone();
                        double[] columnSizes = Doubled.absolute(columns0);
                        double[] rowSizes = Doubled.absolute(rows0);
                        double[] upstream = dtokens.toDoubles();
                        PatchEmbedReference.joinAxesBackward(ofColumns, ofRows, upstream, batch, prefix, across, down, half);
                        PatchEmbedReference.joinAxesBackward(columnSizes, rowSizes, Doubled.absolute(upstream), batch, prefix, across, down, half);
                        return List.of(Truth.within(ofColumns, i -> Truth.gamma(batch * down) * columnSizes[i]),
                                Truth.within(ofRows, i -> Truth.gamma(batch * across) * rowSizes[i]));
                    });
        }
    }
}
