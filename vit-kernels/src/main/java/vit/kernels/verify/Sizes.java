package vit.kernels.verify;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The sizes at which kernels go wrong: 0 … 2·16 + 1 gives every remainder at every vector width, then come a few blocks, and the widths of models. */
public final class Sizes {

    /** 2·16 + 1: with the sizes up to here, every remainder occurs with and without a whole vector before it, at every width. */
    public static final int EDGE = 33;

    /**
     * All sizes to {@link #EDGE}, those first that show most faults. Just below and just above 16 lanes show a wrong remainder at 128, 256 and 512
     * bits; 33 adds whole vectors before it; 7, 9, 3 and 5 are the same for fewer lanes.
     */
    public static final List<Integer> TELLING = Stream.concat(Stream.of(15, 17, 33, 7, 9, 1, 3, 5, 0, 2, 31, 32, 16, 8, 4),
            IntStream.rangeClosed(0, EDGE).boxed()).distinct().toList();

    /** Widths of models and their neighbours. */
    private static final int[] LARGE = {192, 197, 384, 767, 768, 773};

    private static final int BLOCKS = 130;

    private Sizes() {}

    /**
     * A size between {@code least} and {@code most}: in six of nine draws one to {@link #EDGE}, in two a few blocks, in one the width of a model, as
     * far as the range has them.
     */
    public static int random(SplittableRandom random, int least, int most) {
        int kind = random.nextInt(9);
        int size = kind < 6 ? random.nextInt(EDGE + 1) : kind < 8 ? random.nextInt(EDGE + 1, BLOCKS + 1) : LARGE[random.nextInt(LARGE.length)];
        return size >= least && size <= most ? size : random.nextInt(least, Math.min(most, least + EDGE) + 1);
    }
}
