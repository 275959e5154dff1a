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
     * Writes the bias of every head: bias[h·T + i, j] = table[index[i, j], h]. Where a query repeats an earlier one of the worker's share, its elements are
     * copied from there.
     *
     * @param bias  (H·T, T), overwritten
     * @param table (entries, H)
     * @param index the entry of every pair
     * @param w     the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit
     */
    public static void gather(Tensor bias, Tensor table, BiasIndex index, Worker w) {
        check("bias", bias, table, index);
        int tokens = index.tokens();
        int from = w.from(bias.rows());
        for (int row = from, end = w.to(bias.rows()); row < end; row++) {
            int query = row % tokens;
            int repeated = row - index.lag() < from ? tokens : index.repeatsFrom(query);
            gather(bias.segment(), bias.rowOffset(row), table, row / tokens, index, query * tokens, repeated);
            if (repeated < tokens) {
                MemorySegment.copy(bias.segment(), bias.rowOffset(row - index.lag()) + (long) (repeated - index.lag()) * Float.BYTES, bias.segment(),
                        bias.rowOffset(row) + (long) repeated * Float.BYTES, (long) (tokens - repeated) * Float.BYTES);
            }
        }
    }

    /** Writes the first {@code keys} elements of a row. */
    private static void gather(MemorySegment bias, long at, Tensor table, int head, BiasIndex index, int first, int keys) {
        MemorySegment source = table.segment();
        long column = (long) head * Float.BYTES;
        for (int j = 0; j < keys; j++) {
            bias.set(Tensor.FLOAT, at + (long) j * Float.BYTES, source.get(Tensor.FLOAT, table.rowOffset(index.entry(first + j)) + column));
        }
    }

    /**
     * The gradient of {@link #gather}: dtable[index[i, j], h] += dbias[h·T + i, j]. Each element of {@code dtable} is one chain of additions in
     * ascending order of (i, j), which begins at the value it holds. The workers divide the entries.
     *
     * @param dtable (entries, H), accumulated
     * @param dbias  (H·T, T)
     * @param index  the entry of every pair
     * @param w      the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit
     */
    public static void scatter(Tensor dtable, Tensor dbias, BiasIndex index, Worker w) {
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
    private static void add(Tensor dtable, int head, MemorySegment dbias, long at, BiasIndex index, int first, int tokens, int from, int to) {
        MemorySegment target = dtable.segment();
        for (int j = 0; j < tokens; j++) {
            int entry = index.entry(first + j);
            if (entry >= from && entry < to) {
                long sum = dtable.rowOffset(entry) + (long) head * Float.BYTES;
                target.set(Tensor.FLOAT, sum, target.get(Tensor.FLOAT, sum) + dbias.get(Tensor.FLOAT, at + (long) j * Float.BYTES));
            }
        }
    }

    private static void check(String name, Tensor bias, Tensor table, BiasIndex index) {
        Require.exactly(name, bias, (long) table.columns() * index.tokens(), index.tokens());
        Require.range("the rows of the table", table.rows(), index.entries(), index.entries());
    }
}
