package vit.model.visualise;

/** A map of patches in block characters, two per patch, since characters are twice as high as they are wide. */
public final class TextPicture {

    private static final String SHADES = " ░▒▓█";

    private TextPicture() {}

    /** One line per row of patches. The least value is a blank, the largest a full block. */
    public static String of(PatchMap map) {
        PatchMap shares = map.normalised();
        StringBuilder text = new StringBuilder();
        for (int y = 0; y < map.height(); y++) {
            StringBuilder line = new StringBuilder();
            for (int x = 0; x < map.width(); x++) {
                char shade = SHADES.charAt((int) Math.min(shares.at(y, x) * SHADES.length(), SHADES.length() - 1));
                line.append(shade).append(shade);
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }
}
