package vit.bench.scaling;

import java.util.List;

/**
 * What a team does from one barrier to the next.
 *
 * @param name  the layer
 * @param loops in their order; no barrier is between them
 */
record Region(String name, List<Loop> loops) {}
