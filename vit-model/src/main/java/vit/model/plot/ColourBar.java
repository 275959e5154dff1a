package vit.model.plot;

import java.util.function.DoubleFunction;
import java.util.function.DoubleToIntFunction;

/**
 * A colour bar, which shows what the colours of a picture mean.
 *
 * @param title  the quantity, with its unit
 * @param scale  the values from the lower to the upper end
 * @param colour the colour at a place on the bar: 0 is the lower end, 1 the upper
 * @param label  the text of a tick
 */
public record ColourBar(String title, Scale scale, DoubleToIntFunction colour, DoubleFunction<String> label) {

    private static final int THICKNESS = 18;
    private static final int TICK = 5;

    /** A bar whose ticks are plain numbers. */
    public static ColourBar of(String title, Scale scale, ColourMap colours) {
        return new ColourBar(title, scale, colours::of, scale::label);
    }

    /** Pixels from the left edge of the bar to the right edge of its title. */
    int width() {
        double labels = scale.ticks().stream().mapToDouble(tick -> Canvas.width(label.apply(tick), Canvas.TEXT)).max().orElse(0);
        return (int) Math.ceil(THICKNESS + TICK + 5 + labels + 12 + Canvas.TEXT + 3);
    }

    /** Draws it upright; its title reads upwards on the right. */
    void draw(Canvas canvas, int left, int top, int height) {
        for (int y = 0; y < height; y++) {
            canvas.fill(left, top + y, left + THICKNESS, top + y + 1, colour.applyAsInt(1 - (y + 0.5) / height));
        }
        canvas.frame(left, top, left + THICKNESS, top + height, Palette.AXIS);
        for (double tick : scale.ticks()) {
            double y = Math.floor(top + (1 - scale.place(tick)) * (height - 1)) + 0.5;
            canvas.line(left + THICKNESS, y, left + THICKNESS + TICK, y, 1, Palette.AXIS);
            canvas.text(label.apply(tick), left + THICKNESS + TICK + 5, y + Canvas.TEXT / 2 + 0.5, Canvas.TEXT, Palette.TEXT);
        }
        double length = Canvas.width(title, Canvas.TEXT);
        canvas.upwards(title, left + width() - 3, top + (height + length) / 2, Canvas.TEXT, Palette.QUIET);
    }

    /** Pixels that the title needs along the bar. */
    int length() {
        return (int) Math.ceil(Canvas.width(title, Canvas.TEXT));
    }
}
