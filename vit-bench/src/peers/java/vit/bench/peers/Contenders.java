package vit.bench.peers;

import java.util.ArrayList;
import java.util.List;

/** The sides of a comparison, ours first; closes them in reverse order. */
final class Contenders implements AutoCloseable {

    private final List<Contender> sides = new ArrayList<>();

    Contender add(Contender side) {
        sides.add(side);
        return side;
    }

    /** All but the first. */
    List<Contender> peers() {
        return sides.subList(1, sides.size());
    }

    @Override
    public void close() throws Exception {
        for (Contender side : sides.reversed()) {
            side.close();
        }
    }
}
