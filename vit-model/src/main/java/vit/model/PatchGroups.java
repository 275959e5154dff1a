package vit.model;

import java.util.Arrays;
import java.util.List;

/**
 * Which patches of an image a session has merged: what {@link VitSession#patchGroups} finds. Patches of one group are one token after the last block.
 * {@code vit.model.visualise} makes a picture of them.
 *
 * @param height rows of patches
 * @param width  columns of patches
 * @param groups (height, width): the group of every patch; groups are numbered from 0 in the order of their first patches
 */
public record PatchGroups(int height, int width, List<Integer> groups) {

    /** Copies the groups. */
    public PatchGroups {
        groups = List.copyOf(groups);
    }

    /** The group of a patch. */
    public int at(int y, int x) {
        return groups.get(y * width + x);
    }

    /** How many groups there are. */
    public int count() {
        int most = -1;
        for (int group : groups) {
            most = Math.max(most, group);
        }
        return most + 1;
    }

    /**
     * Numbers groups anew.
     *
     * @param tokens the token of every patch
     */
    static PatchGroups of(int height, int width, int[] tokens) {
        int most = 0;
        for (int token : tokens) {
            most = Math.max(most, token);
        }
        int[] numbers = new int[most + 1]; // by token; 0 for none yet
        int[] groups = new int[tokens.length];
        int count = 0;
        for (int i = 0; i < tokens.length; i++) {
            if (numbers[tokens[i]] == 0) {
                numbers[tokens[i]] = ++count;
            }
            groups[i] = numbers[tokens[i]] - 1;
        }
        return new PatchGroups(height, width, Arrays.stream(groups).boxed().toList());
    }
}
