package vit.model.positions;

/**
 * Which row of a table of relative position biases belongs to which pair of tokens (BEiT; Bao et al. 2022). The table has a row for every offset between
 * two patches of an H × W grid, (2·H − 1)·(2·W − 1) of them, and three more: for the class token as query, as key, and as both.
 */
public final class RelativeIndex {

    /** Rows of the class token: as query, as key, as both. */
    static final int CLASS_ROWS = 3;

    private RelativeIndex() {}

    /** Rows of the table for this grid. */
    public static int rows(int gridHeight, int gridWidth) {
        return (2 * gridHeight - 1) * (2 * gridWidth - 1) + CLASS_ROWS;
    }

    /** The row for every query and key, (T, T) row-major, T = 1 + H·W. */
    public static int[] of(int gridHeight, int gridWidth) {
        int tokens = 1 + gridHeight * gridWidth;
        int rows = rows(gridHeight, gridWidth);
        int[] index = new int[Math.multiplyExact(tokens, tokens)];
        for (int query = 0; query < tokens; query++) {
            for (int key = 0; key < tokens; key++) {
                index[query * tokens + key] = row(query, key, gridHeight, gridWidth, rows);
            }
        }
        return index;
    }

    private static int row(int query, int key, int gridHeight, int gridWidth, int rows) {
        if (query == 0) {
            return key == 0 ? rows - 1 : rows - 3;
        }
        if (key == 0) {
            return rows - 2;
        }
        int down = (query - 1) / gridWidth - (key - 1) / gridWidth + gridHeight - 1;
        int right = (query - 1) % gridWidth - (key - 1) % gridWidth + gridWidth - 1;
        return down * (2 * gridWidth - 1) + right;
    }
}
