package vit.model.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Locale;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** The ticks of an axis are round numbers within its range, in every locale. */
class ScaleTest {

    @Test
    void numbersAreTheSameInEveryLocale() {
        Locale before = Locale.getDefault();
        try {
            for (String tag : List.of("en-US", "de-DE", "ar-EG-u-nu-arab", "hi-IN-u-nu-deva", "tr-TR")) {
                Locale.setDefault(Locale.forLanguageTag(tag));
                assertEquals("0.2", Scale.exactly(0, 1, 5).label(0.2));
                assertEquals("−1.5", Scale.number(-1.5, 1));
                assertEquals("12000", Scale.number(12_000, 0));
                assertEquals("0.66 %", Scale.percent(0.0066));
                assertEquals("6.9 %", Scale.percent(0.069));
                assertEquals("43 %", Scale.percent(0.43));
            }
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void blocksHaveWholeNumbersAndNoneBelowTheFirst() {
        Scale blocks = Scale.whole(0, 11, 12);
        assertEquals(List.of(0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0), blocks.ticks());
        assertEquals(List.of(0.0), Scale.whole(0, 0, 12).ticks());
        assertEquals(List.of(0.0, 5.0, 10.0, 15.0, 20.0), Scale.whole(0, 23, 8).ticks());
    }

    @Property(tries = 300)
    void ticksAreRoundWithinAndTold(@ForAll @DoubleRange(min = -1000, max = 1000) double least, @ForAll @DoubleRange(min = 0.01, max = 1e4) double range,
            @ForAll @IntRange(min = 2, max = 12) int count) {
        Scale scale = Scale.exactly(least, least + range, count);
        List<Double> ticks = scale.ticks();
        assertTrue(ticks.size() <= count + 1, ticks::toString);
        assertEquals(ticks.size(), ticks.stream().map(scale::label).distinct().count(), "labels differ");
        ticks.forEach(tick -> {
            assertTrue(tick >= least - 1e-6 * range && tick <= least + range * (1 + 1e-6));
            assertEquals(tick, Double.parseDouble(scale.label(tick).replace('−', '-')), 1e-9 * Math.max(1, Math.abs(tick)));
        });
    }

    @Test
    void valuesWithoutARangeStillHaveAScale() {
        assertTrue(Scale.exactly(3, 3, 5).place(3) == 0);
        assertEquals(1, Scale.fromZero(Double.NaN, 5).most());
        assertEquals(3, Scale.fromZero(2.58, 6).most());
        assertEquals("NaN", Scale.number(Double.NaN, 2));
        assertEquals("−∞", Scale.number(Double.NEGATIVE_INFINITY, 2));
    }
}
