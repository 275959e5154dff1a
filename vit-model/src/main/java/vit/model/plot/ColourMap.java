package vit.model.plot;

/** Colours for numbers: packed RGB integers, interpolated linearly between a few colours of well-known maps. */
public enum ColourMap {

    /** matplotlib's viridis: even in lightness, readable without colour vision. */
    VIRIDIS(0x440154, 0x482878, 0x3E4989, 0x31688E, 0x26828E, 0x1F9E89, 0x35B779, 0x6ECE58, 0xB5DE2B, 0xFDE725),
    /** matplotlib's inferno, for heat over a grey picture. */
    INFERNO(0x000004, 0x1B0C41, 0x4A0C6B, 0x781C6D, 0xA52C60, 0xCF4446, 0xED6925, 0xFB9B06, 0xF7D13D, 0xFCFFA4),
    /** White to dark blue, for shares on white paper. */
    BLUES(0xFFFFFF, 0x08306B);

    private final int[] stops;

    ColourMap(int... stops) {
        this.stops = stops;
    }

    /** The colour of a value; values below 0 and above 1 get the colours of the ends. */
    public int of(double value) {
        double at = Math.clamp(value, 0.0, 1.0) * (stops.length - 1);
        int i = Math.min((int) at, stops.length - 2);
        return mix(stops[i], stops[i + 1], at - i);
    }

    /** {@code share} of the way from one packed RGB colour to another. */
    public static int mix(int from, int to, double share) {
        int mixed = 0;
        for (int shift = 16; shift >= 0; shift -= 8) {
            int a = from >> shift & 0xFF;
            int b = to >> shift & 0xFF;
            mixed |= (int) Math.round(a + (b - a) * share) << shift;
        }
        return mixed;
    }
}
