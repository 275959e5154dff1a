package vit.kernels.attention;

import java.lang.foreign.MemorySegment;
import vit.kernels.contract.Doubles;
import vit.kernels.contract.Require;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Implementation;
import vit.kernels.tensor.Tensor;

/**
 * The relative position bias of {@link Attention} (Raffel et al. 2020, section 2.1; for images Liu et al. 2021, equation 4, and Bao et al. 2022). A
 * table holds one number for each head and each entry, which stands for a position of a key relative to a query. An index tells the entry of every
 * pair of a query and a key: bias[h, i, j] = table[index[i, j], h].
 *
 * <p>Every worker of a team calls a method with the same arguments and computes its share. There is no barrier inside, and a result is complete once
 * the team has passed its next barrier. Outputs must share no memory with inputs.
 */
public final class RelativeBias {

    private RelativeBias() {}

    /**
     * Writes the bias of every head: bias[h·T + i, j] = table[index[i·T + j], h].
     *
     * @param bias  (H·T, T), overwritten
     * @param table (entries, H)
     * @param index T·T numbers of entries, for query i and key j at i·T + j
     * @param w     the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, or a number in {@code index} is not that of an entry
     */
    public static void gather(Tensor bias, Tensor table, int[] index, Worker w) {
        check("bias", bias, table, index);
        int tokens = bias.columns();
        MemorySegment target = bias.segment();
        MemorySegment source = table.segment();
        for (int row = w.from(bias.rows()), end = w.to(bias.rows()); row < end; row++) {
            long at = bias.rowOffset(row);
            long head = (long) (row / tokens) * Float.BYTES;
            int first = row % tokens * tokens;
            for (int j = 0; j < tokens; j++) {
                target.set(Tensor.FLOAT, at + (long) j * Float.BYTES, source.get(Tensor.FLOAT, table.rowOffset(index[first + j]) + head));
            }
        }
    }

    /**
     * The gradient of {@link #gather}: dtable[index[i·T + j], h] += dbias[h·T + i, j]. Each element of {@code dtable} is one chain of additions in
     * ascending order of (i, j), which begins at the value it holds. The workers divide the entries.
     *
     * @param dtable (entries, H), accumulated
     * @param dbias  (H·T, T)
     * @param index  as in {@link #gather}
     * @param w      the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, or a number in {@code index} is not that of an entry
     */
    public static void scatter(Tensor dtable, Tensor dbias, int[] index, Worker w) {
        check("dbias", dbias, dtable, index);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] sums = Doubles.read(dtable);
                RelativeBiasReference.scatter(sums, Doubles.read(dbias), index, dtable.columns(), dbias.columns());
                Doubles.write(dtable, sums);
            }
            return;
        }
        int tokens = dbias.columns();
        int from = w.from(dtable.rows());
        int to = w.to(dtable.rows());
        for (int row = 0; row < dbias.rows(); row++) {
            add(dtable, row / tokens, dbias.segment(), dbias.rowOffset(row), index, row % tokens * tokens, tokens, from, to);
        }
    }

    /** Adds a row of {@code dbias} to the entries {@code from} to {@code to} (exclusive) of a head. */
    private static void add(Tensor dtable, int head, MemorySegment dbias, long at, int[] index, int first, int tokens, int from, int to) {
        MemorySegment target = dtable.segment();
        for (int j = 0; j < tokens; j++) {
            int entry = index[first + j];
            if (entry >= from && entry < to) {
                long sum = dtable.rowOffset(entry) + (long) head * Float.BYTES;
                target.set(Tensor.FLOAT, sum, target.get(Tensor.FLOAT, sum) + dbias.get(Tensor.FLOAT, at + (long) j * Float.BYTES));
            }
        }
    }

    private static void check(String name, Tensor bias, Tensor table, int[] index) {
        int tokens = bias.columns();
        Require.exactly(name, bias, (long) table.columns() * tokens, tokens);
        Require.range("the length of index", index.length, (long) tokens * tokens, (long) tokens * tokens);
        int entries = table.rows();
        for (int at = 0; at < index.length; at++) {
            if (index[at] < 0 || index[at] >= entries) {
                throw new IllegalArgumentException("index of query " + at / tokens + " and key " + at % tokens + ": expected 0 to "
                        + (entries - 1) + ", found " + index[at]);
            }
        }
    }
}
