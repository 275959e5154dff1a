package vit.kernels.attention;

import vit.kernels.contract.Require;

/**
 * Tells which entry of a table belongs to each pair of a query and a key, for {@link RelativeBias}. The numbers are checked once, when the index is made.
 *
 * <p>If entries stand for positions in a grid that is W wide, the pair of query i and key j has the same entry as the pair of i − W and j − W, because both
 * queries and keys are one row further down. So the bias of a query is mostly a piece of that of an earlier query. This class finds how far apart such queries
 * are, from the numbers alone, and from which key on each query repeats the earlier one. Any index is allowed; one without repetitions has no such pieces.
 *
 * <p>Immutable, so that threads may share it.
 */
public final class BiasIndex {

    private final int[] entry; // (T, T)
    private final int tokens; // T
    private final int entries;
    private final int lag; // a query repeats entries of the query this many before it; 1 to T − 1, or 0 if T = 1
    private final int[] repeatsFrom; // (T): the first key that is repeated; T if none is

    private BiasIndex(int[] entry, int tokens, int entries) {
        this.entry = entry;
        this.tokens = tokens;
        this.entries = entries;
        this.lag = lag(entry, tokens);
        this.repeatsFrom = new int[tokens];
        for (int query = 0; query < tokens; query++) {
            repeatsFrom[query] = query < lag || lag == 0 ? tokens : repeatsFrom(entry, tokens, query, lag);
        }
    }

    /**
     * Checks and copies an index.
     *
     * @param index   T·T numbers of entries, for query i and key j at i·T + j
     * @param tokens  T, at least 1
     * @param entries how many entries the table has, at least 1
     * @throws IllegalArgumentException if the length does not fit, or a number is not that of an entry
     */
    public static BiasIndex of(int[] index, int tokens, int entries) {
        Require.range("tokens", tokens, 1, Integer.MAX_VALUE);
        Require.range("entries", entries, 1, Integer.MAX_VALUE);
        Require.range("the length of index", index.length, (long) tokens * tokens, (long) tokens * tokens);
        for (int at = 0; at < index.length; at++) {
            if (index[at] < 0 || index[at] >= entries) {
                throw new IllegalArgumentException("index of query " + at / tokens + " and key " + at % tokens + ": expected 0 to "
                        + (entries - 1) + ", found " + index[at]);
            }
        }
        return new BiasIndex(index.clone(), tokens, entries);
    }

    /** The distance at which the last query repeats the most of an earlier one. */
    private static int lag(int[] entry, int tokens) {
        int best = tokens > 1 ? 1 : 0;
        int least = tokens;
        for (int lag = 1; lag < tokens; lag++) {
            int from = repeatsFrom(entry, tokens, tokens - 1, lag);
            if (from < least) {
                least = from;
                best = lag;
            }
        }
        return best;
    }

    /** The first key k ≥ lag such that entry(query, j) = entry(query − lag, j − lag) for every key j ≥ k; T if there is none. */
    private static int repeatsFrom(int[] entry, int tokens, int query, int lag) {
        int key = tokens;
        while (key > lag && entry[query * tokens + key - 1] == entry[(query - lag) * tokens + key - 1 - lag]) {
            key--;
        }
        return key;
    }

    /** T, the number of queries and of keys. */
    public int tokens() {
        return tokens;
    }

    /** How many entries the table has. */
    public int entries() {
        return entries;
    }

    /** The entry of the pair with this number, i·T + j. */
    public int entry(int pair) {
        return entry[pair];
    }

    /** How far before a query the query stands whose entries it repeats. */
    int lag() {
        return lag;
    }

    /** The first key k such that the entry of (query, j) is that of (query − lag, j − lag) for every key j ≥ k; {@link #tokens} if there is none. */
    int repeatsFrom(int query) {
        return repeatsFrom[query];
    }
}
