package vit.model.service;

import java.util.function.LongSupplier;

/** A clock that tests move. */
final class FakeTime implements LongSupplier {

    long now;

    @Override
    public long getAsLong() {
        return now;
    }
}
