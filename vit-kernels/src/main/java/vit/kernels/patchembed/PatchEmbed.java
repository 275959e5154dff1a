package vit.kernels.patchembed;

import java.lang.foreign.MemorySegment;
import java.util.List;
import vit.kernels.contract.Doubles;
import vit.kernels.contract.Require;
import vit.kernels.jit.Rehearsal;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Implementation;
import vit.kernels.tensor.Shape;
import vit.kernels.tensor.Tensor;

/**
 * From images to patches, and from projected patches to tokens (Dosovitskiy et al. 2020, equation 1). The projection between the two is a linear
 * layer. With patches of p×p pixels, an image has P = (H/p)·(W/p) patches, in row-major order of their grid. R prefix tokens (class, distillation,
 * registers) precede them, so an image has T = R + P tokens.
 *
 * <p>Every worker of a team calls a method with the same arguments and computes its share. There is no barrier inside, so a caller puts a {@link
 * Worker#barrier()} before anything that reads a result. The first {@code batch} images are used; tensors may have more. Shapes that do not fit and
 * memory that overlaps throw {@link IllegalArgumentException}.
 */
public final class PatchEmbed {

    private PatchEmbed() {}

    /** Rehearsals of the methods that hold the vector code of {@link #assemble}, so that they can be compiled ahead of use. */
    public static List<Rehearsal> rehearsals() {
        MemorySegment row = Rehearsal.elements();
        return List.of(Rehearsal.ofElements("PatchEmbedSimd.add", (n, times) -> {
            for (int i = 0; i < times; i++) {
                PatchEmbedSimd.add(row, 0, row, 0, row, 0, n);
            }
        }));
    }

    /**
     * Cuts images into patches and flattens each to one row, in the given order. Every pixel of the ⌊H/p⌋·p × ⌊W/p⌋·p pixels that patches cover goes to
     * exactly one place. A border that is narrower than a patch is left out, as by a convolution of stride p.
     *
     * @param patches (B·P, channels·p·p), overwritten
     * @param images  (B, channels, H, W); H and W are at least {@code patch}
     * @param patch   p, the side of a patch in pixels
     * @param order   the order of the elements inside a flattened patch
     * @param batch   B, the number of images in use
     * @param w       the calling member of the team
     */
    public static void patchify(Tensor patches, Tensor images, int patch, PatchOrder order, int batch, Worker w) {
        int count = checkPatches(patches, images, patch, batch);
        Require.disjoint("patches", patches, "images", images);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                Shape s = images.shape();
                double[] out = new double[batch * count * patches.columns()];
                PatchEmbedReference.patchify(out, imageRows(images, batch), patch, order, batch,
                        s.dimension(1), s.dimension(2), s.dimension(3));
                Doubles.write(patches, out);
            }
            return;
        }
        PatchEmbedSimd.patchify(patches, images, patch, order, w.from(batch * count), w.to(batch * count));
    }

    /**
     * The inverse of {@link #patchify}. It is also its backward pass: from the gradient of the patches it computes the gradient of the images.
     *
     * @param images  (B, channels, H, W), overwritten, with 0 where no patch is
     * @param patches (B·P, channels·p·p)
     * @param patch   p, the side of a patch in pixels
     * @param order   the order of the elements inside a flattened patch
     * @param batch   B, the number of images in use
     * @param w       the calling member of the team
     */
    public static void unpatchify(Tensor images, Tensor patches, int patch, PatchOrder order, int batch, Worker w) {
        int count = checkPatches(patches, images, patch, batch);
        Require.disjoint("images", images, "patches", patches);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                Shape s = images.shape();
                double[] out = new double[batch * s.dimension(1) * s.dimension(2) * s.dimension(3)];
                PatchEmbedReference.unpatchify(out, Doubles.read(patches, batch * count), patch, order, batch,
                        s.dimension(1), s.dimension(2), s.dimension(3));
                Doubles.write(images, out);
            }
            return;
        }
        PatchEmbedSimd.unpatchify(images, patches, patch, order, w.from(batch * count), w.to(batch * count));
        Shape s = images.shape();
        int rows = batch * s.dimension(1) * s.dimension(2);
        PatchEmbedSimd.clearBorder(images, patch, w.from(rows), w.to(rows));
    }

    /** Checks both tensors and returns P. */
    private static int checkPatches(Tensor patches, Tensor images, int patch, int batch) {
        Require.rank("images", images, 4, "(B, channels, H, W)");
        Shape s = images.shape();
        Require.range("batch", batch, 0, s.dimension(0));
        if (patch < 1 || s.dimension(2) < patch || s.dimension(3) < patch) {
            throw new IllegalArgumentException("images: expected height and width of at least the patch " + patch + ", found shape " + s);
        }
        int count = Math.multiplyExact(s.dimension(2) / patch, s.dimension(3) / patch);
        Require.rows("patches", patches, (long) batch * count, s.dimension(1) * patch * patch);
        return count;
    }

    private static double[] imageRows(Tensor images, int batch) {
        return Doubles.read(images, batch * images.shape().dimension(1) * images.shape().dimension(2));
    }

    /**
     * {@code tokens = concat(prefix, projected) + positions} in every image.
     *
     * @param tokens               (B, T, C), overwritten
     * @param projected            (B·P, C)
     * @param prefix               (R, C), the same for every image; null if R = 0
     * @param positions            (Q + P, C): rows for the first Q prefix tokens, then for the patches; null for no positions
     * @param positionedPrefix     Q, the number of prefix tokens that get a position: all of them, none, or the class token alone
     * @param batch                B, the number of images in use
     * @param patches              P
     * @param w                    the calling member of the team
     */
    public static void assemble(
            Tensor tokens, Tensor projected, Tensor prefix, Tensor positions, int positionedPrefix,
            int batch, int patches, Worker w) {
        int C = tokens.columns();
        int R = prefix == null ? 0 : prefix.rows();
        checkTokens("tokens", tokens, "projected", projected, batch, R, patches);
        Require.disjoint("tokens", tokens, "projected", projected);
        if (prefix != null) {
            Require.exactly("prefix", prefix, R, C);
        }
        if (positions != null) {
            Require.range("prefix tokens with a position", positionedPrefix, 0, R);
            Require.exactly("positions", positions, positionedPrefix + patches, C);
        }
        int rows = batch * (R + patches);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] out = new double[rows * C];
                PatchEmbedReference.assemble(out, Doubles.read(projected, batch * patches), Doubles.readOrNull(prefix),
                        Doubles.readOrNull(positions), positionedPrefix, batch, patches, C);
                Doubles.write(tokens, out);
            }
            return;
        }
        PatchEmbedSimd.assemble(tokens, projected, prefix, positions, positionedPrefix, patches, w.from(rows), w.to(rows));
    }

    /**
     * The backward pass of {@link #assemble}. The gradient of every summand is the gradient of its token. The gradient of a parameter adds the images
     * in ascending order to what {@code dprefix} and {@code dpositions} hold, so two calls with half a batch each give the bits of one call.
     *
     * @param dprojected           (B·P, C), overwritten
     * @param dprefix              (R, C), accumulated; null if it is not wanted
     * @param dpositions           (Q + P, C) as in the forward pass, accumulated; null if it is not wanted, as for fixed positions
     * @param dtokens              (B, T, C)
     * @param positionedPrefix     Q, as in the forward pass
     * @param batch                B, the number of images in use
     * @param prefixTokens         R
     * @param patches              P
     * @param w                    the calling member of the team
     */
    public static void assembleBackward(
            Tensor dprojected, Tensor dprefix, Tensor dpositions, Tensor dtokens, int positionedPrefix,
            int batch, int prefixTokens, int patches, Worker w) {
        int C = dtokens.columns();
        int R = prefixTokens;
        int T = R + patches;
        checkTokens("dtokens", dtokens, "dprojected", dprojected, batch, R, patches);
        Require.disjoint("dprojected", dprojected, "dtokens", dtokens);
        if (dprefix != null) {
            Require.exactly("dprefix", dprefix, R, C);
        }
        if (dpositions != null) {
            Require.range("prefix tokens with a position", positionedPrefix, 0, R);
            Require.exactly("dpositions", dpositions, positionedPrefix + patches, C);
        }
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                backwardReference(dprojected, dprefix, dpositions, dtokens, positionedPrefix, batch, R, patches);
            }
            return;
        }
        PatchEmbedSimd.assembleBackward(dprojected, dprefix, dpositions, dtokens, positionedPrefix,
                batch, R, patches, w.from(T), w.to(T));
    }

    private static void backwardReference(
            Tensor dprojected, Tensor dprefix, Tensor dpositions, Tensor dtokens, int positionedPrefix,
            int batch, int prefixTokens, int patches) {
        int C = dtokens.columns();
        double[] projected = new double[batch * patches * C];
        double[] prefix = Doubles.readOrNull(dprefix);
        double[] positions = Doubles.readOrNull(dpositions);
        PatchEmbedReference.assembleBackward(projected, prefix, positions,
                Doubles.read(dtokens, batch * (prefixTokens + patches)), positionedPrefix,
                batch, prefixTokens, patches, C);
        Doubles.write(dprojected, projected);
        if (prefix != null) {
            Doubles.write(dprefix, prefix);
        }
        if (positions != null) {
            Doubles.write(dpositions, positions);
        }
    }

    /**
     * Joins a table for the columns of the grid and one for its rows to positions of all patches: patch (y, x) gets {@code [columns[x]; rows[y]]}, the
     * first half of the channels from its column and the second from its row (Dosovitskiy et al. 2020, appendix D.4).
     *
     * @param positions (gridHeight · gridWidth, C), patches row by row, overwritten
     * @param columns   (gridWidth, C/2)
     * @param rows      (gridHeight, C/2)
     * @param w         the calling member of the team
     */
    public static void joinAxes(Tensor positions, Tensor columns, Tensor rows, Worker w) {
        int half = columns.columns();
        checkAxes("columns", columns, "rows", rows);
        Require.exactly("positions", positions, Math.multiplyExact(columns.rows(), rows.rows()), 2 * half);
        Require.disjoint("positions", positions, "columns", columns);
        Require.disjoint("positions", positions, "rows", rows);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] out = new double[positions.rows() * 2 * half];
                PatchEmbedReference.joinAxes(out, Doubles.read(columns), Doubles.read(rows), columns.rows(), rows.rows(), half);
                Doubles.write(positions, out);
            }
            return;
        }
        PatchEmbedSimd.joinAxes(positions, columns, rows, w.from(positions.rows()), w.to(positions.rows()));
    }

    /**
     * The backward pass of {@link #joinAxes} and of the addition of the positions in {@link #assemble}: the gradients of both tables from that of the
     * tokens. The gradient of an element is one chain of additions over the images, ascending, and in each image over the patches of the column or row,
     * ascending. It begins at the value that the element holds, so two calls with half a batch each give the bits of one call.
     *
     * @param dcolumns     (gridWidth, C/2), accumulated
     * @param drows        (gridHeight, C/2), accumulated
     * @param dtokens      (B, T, C) with T = R + gridHeight · gridWidth
     * @param batch        B, the number of images in use
     * @param prefixTokens R, tokens before the patches
     * @param w            the calling member of the team
     */
    public static void joinAxesBackward(Tensor dcolumns, Tensor drows, Tensor dtokens, int batch, int prefixTokens, Worker w) {
        int half = dcolumns.columns();
        checkAxes("dcolumns", dcolumns, "drows", drows);
        Require.range("batch", batch, 0, Integer.MAX_VALUE);
        Require.range("prefix tokens", prefixTokens, 0, Integer.MAX_VALUE);
        long tokens = prefixTokens + (long) dcolumns.rows() * drows.rows();
        Require.rows("dtokens", dtokens, batch * tokens, 2 * half);
        Require.disjoint("dcolumns", dcolumns, "dtokens", dtokens);
        Require.disjoint("drows", drows, "dtokens", dtokens);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] columns = Doubles.read(dcolumns);
                double[] rows = Doubles.read(drows);
                PatchEmbedReference.joinAxesBackward(columns, rows, Doubles.read(dtokens, Math.toIntExact(batch * tokens)), batch, prefixTokens,
                        dcolumns.rows(), drows.rows(), half);
                Doubles.write(dcolumns, columns);
                Doubles.write(drows, rows);
            }
            return;
        }
        int tables = dcolumns.rows() + drows.rows();
        PatchEmbedSimd.joinAxesBackward(dcolumns, drows, dtokens, batch, prefixTokens, w.from(tables), w.to(tables));
    }

    private static void checkAxes(String columnsName, Tensor columns, String rowsName, Tensor rows) {
        Require.exactly(rowsName, rows, rows.rows(), columns.columns());
        Require.disjoint(columnsName, columns, rowsName, rows);
    }

    private static void checkTokens(
            String tokensName, Tensor tokens, String projectedName, Tensor projected, int batch, int prefixTokens, int patches) {
        Require.range("batch", batch, 0, Integer.MAX_VALUE);
        Require.range("prefix tokens", prefixTokens, 0, Integer.MAX_VALUE);
        Require.range("patches", patches, 0, Integer.MAX_VALUE);
        Require.rows(tokensName, tokens, batch * ((long) prefixTokens + patches), tokens.columns());
        Require.rows(projectedName, projected, (long) batch * patches, tokens.columns());
    }
}
