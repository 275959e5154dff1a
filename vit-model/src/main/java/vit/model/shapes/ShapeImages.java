package vit.model.shapes;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.TexturePaint;
import java.awt.geom.AffineTransform;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import vit.model.image.RgbImage;

/**
 * An endless, seeded sequence of drawn images: each shows one shape of {@link ShapeKind}, rotated by up to a quarter turn, stretched, scaled, shifted
 * and textured, on a textured and cluttered background, partly covered and noisy. Colours reveal nothing about the class, so a linear classifier of
 * the pixels stays near chance. Image {@code i} shows class {@code i mod classes}.
 *
 * <p>The same seed, index and size give the same image on one JDK; java.awt may round edges differently on another one, so nothing may depend on
 * exact pixels. Immutable; any number of threads may draw.
 *
 * @param seed       different seeds give different images
 * @param side       pixels of a row and of a column
 * @param difficulty from 0 (large shapes, plain and clean) to 1 (all of the above)
 */
public record ShapeImages(long seed, int side, double difficulty) {

    private static final int MIN_SIDE = 16;
    private static final int MAX_SIDE = 4096;
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    /** The least distance between the mean colours of shape and background, in a cube of side 1. */
    private static final double LEAST_CONTRAST = 0.55;

    /** The easiest images have this much more contrast. */
    private static final double EXTRA_CONTRAST = 0.15;

    public ShapeImages {
        if (side < MIN_SIDE || side > MAX_SIDE) {
            throw new IllegalArgumentException("a side of " + side + " pixels; expected " + MIN_SIDE + " to " + MAX_SIDE);
        }
        if (!(difficulty >= 0 && difficulty <= 1)) {
            throw new IllegalArgumentException("difficulty " + difficulty + "; expected 0 to 1");
        }
    }

    /** Images of full difficulty. */
    public ShapeImages(long seed, int side) {
        this(seed, side, 1);
    }

    /** The same kind of images from another seed. */
    public ShapeImages withSeed(long value) {
        return new ShapeImages(value, side, difficulty);
    }

    /** Image {@code index}, from 0. */
    public ShapeImage image(long index) {
        ShapeKind[] kinds = ShapeKind.values();
        ShapeKind kind = kinds[(int) Math.floorMod(index, (long) kinds.length)];
        RandomGenerator random = new SplittableRandom(seed * GOLDEN_GAMMA ^ (index + 1) * 0xBF58476D1CE4E5B9L);
        float[] behind = colour(random);
        float[] front = colour(random);
        while (distance(front, behind) < LEAST_CONTRAST + EXTRA_CONTRAST * (1 - difficulty)) {
            front = colour(random);
        }
        BufferedImage canvas = filled(texture(random, behind));
        Graphics2D graphics = canvas.createGraphics();
        try {
            graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
            graphics.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
            clutter(graphics, random, (int) (difficulty * random.nextInt(5)), 0.08);
            graphics.setPaint(new TexturePaint(filled(texture(random, front)), new Rectangle2D.Double(0, 0, side, side)));
            graphics.fill(placement(random).createTransformedShape(kind.outline()));
            clutter(graphics, random, (int) (difficulty * random.nextInt(3)), 0.05);
        } finally {
            graphics.dispose();
        }
        return new ShapeImage(new RgbImage(kind.label() + " " + index, side, side, noisy(canvas, random)), kind);
    }

    private static float[] colour(RandomGenerator random) {
        return new float[] {random.nextFloat(), random.nextFloat(), random.nextFloat()};
    }

    private static double distance(float[] a, float[] b) {
        return Math.hypot(Math.hypot(a[0] - b[0], a[1] - b[1]), a[2] - b[2]);
    }

    /** A pattern about a mean colour. */
    private Texture texture(RandomGenerator random, float[] mean) {
        float[] from = new float[3];
        float[] to = new float[3];
        double strength = difficulty * random.nextDouble(0.03, 0.14);
        for (int c = 0; c < 3; c++) {
            float swing = (float) (random.nextDouble(-1, 1) * strength);
            from[c] = mean[c] - swing;
            to[c] = mean[c] + swing;
        }
        return new Texture(random, from, to);
    }

    private BufferedImage filled(Texture texture) {
        BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < side; y++) {
            for (int x = 0; x < side; x++) {
                image.setRGB(x, y, texture.at((double) x / side, (double) y / side));
            }
        }
        return image;
    }

    /** The map from the circle of radius 1 into the image: rotated and stretched, six to nine tenths of the side across, wholly inside. */
    private AffineTransform placement(RandomGenerator random) {
        double radius = random.nextDouble(0.4 - 0.1 * difficulty, 0.45) * side;
        double slack = side / 2.0 - radius;
        AffineTransform transform = AffineTransform.getTranslateInstance(
                side / 2.0 + random.nextDouble(-1, 1) * slack, side / 2.0 + random.nextDouble(-1, 1) * slack);
        double skew = random.nextDouble(2 * Math.PI); // the direction of stretch and shear
        double turn = random.nextDouble(-1, 1) * Math.PI / 6 * (1 + 2 * difficulty);
        transform.rotate(skew);
        double stretch = 0.18 * difficulty;
        transform.scale(radius * (1 - stretch * random.nextDouble()), radius * (1 - stretch * random.nextDouble()));
        transform.shear(0.15 * difficulty * random.nextDouble(-1, 1), 0);
        transform.rotate(turn - skew);
        return transform;
    }

    /** Specks and strokes of any colour, specks of up to {@code largest} sides across. */
    private void clutter(Graphics2D graphics, RandomGenerator random, int count, double largest) {
        for (int i = 0; i < count; i++) {
            float[] colour = colour(random);
            graphics.setPaint(new Color(colour[0], colour[1], colour[2]));
            double x = random.nextDouble(side);
            double y = random.nextDouble(side);
            double width = side * random.nextDouble(0.02, largest);
            double height = side * random.nextDouble(0.02, largest);
            switch (random.nextInt(3)) {
                case 0 -> graphics.fill(new Ellipse2D.Double(x, y, width, height));
                case 1 -> graphics.fill(new Rectangle2D.Double(x, y, width, height));
                default -> {
                    graphics.setStroke(new BasicStroke((float) (side * random.nextDouble(0.01, 0.03))));
                    double angle = random.nextDouble(2 * Math.PI);
                    double length = side * random.nextDouble(0.1, 0.5);
                    graphics.draw(new Line2D.Double(x, y, x + length * Math.cos(angle), y + length * Math.sin(angle)));
                }
            }
        }
    }

    /** The image, perhaps dimmed, with Gaussian noise: (side, side, 3). */
    private byte[] noisy(BufferedImage image, RandomGenerator random) {
        byte[] pixels = new byte[side * side * RgbImage.CHANNELS];
        double gain = 1 - 0.25 * difficulty * random.nextDouble();
        double lift = 255 * (1 - gain) * random.nextDouble();
        double deviation = 12 * difficulty * random.nextDouble();
        int at = 0;
        for (int y = 0; y < side; y++) {
            for (int x = 0; x < side; x++) {
                int rgb = image.getRGB(x, y);
                for (int shift = 16; shift >= 0; shift -= 8) {
                    double value = (rgb >> shift & 0xFF) * gain + lift + random.nextGaussian() * deviation;
                    pixels[at++] = (byte) Math.round(Math.clamp(value, 0.0, 255.0));
                }
            }
        }
        return pixels;
    }
}
