package vit.model.service;

import java.util.List;
import vit.model.WarmUpReport;

/** Computes nothing; tells whether it was closed. */
class FakeEngine implements Engine {

    int closed;

    @Override
    public WarmUpReport warmUp() {
        return new WarmUpReport(true, 0, 0, 0, 0, List.of());
    }

    @Override
    public void run(Batch batch) {}

    @Override
    public void close() {
        closed++;
    }
}
