package vit.model.shapes;

import java.awt.BasicStroke;
import java.awt.Shape;
import java.awt.geom.Area;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.util.Arrays;
import java.util.List;

/** The classes of {@link ShapeImages}, in the order of their numbers: each is an outline that fills the circle of radius 1 about the origin. */
public enum ShapeKind {

    CIRCLE("circle", new Ellipse2D.Double(-0.9, -0.9, 1.8, 1.8)),
    RING("ring", without(new Ellipse2D.Double(-0.95, -0.95, 1.9, 1.9), new Ellipse2D.Double(-0.55, -0.55, 1.1, 1.1))),
    CRESCENT("crescent", without(new Ellipse2D.Double(-1, -1, 2, 2), new Ellipse2D.Double(-0.45, -0.85, 1.7, 1.7))),
    TRIANGLE("triangle", polygon(3, 1, 1)),
    SQUARE("square", polygon(4, 1, 1)),
    PENTAGON("pentagon", polygon(5, 1, 1)),
    STAR("star", polygon(5, 1, 0.4)),
    CROSS("cross", cross(0.27)),
    HEART("heart", heart()),
    ARROW("arrow", arrow()),
    SPIRAL("spiral", spiral(2.1, 0.2)),
    LETTER("letter F", letter());

    private final String label;
    private final Shape outline;

    ShapeKind(String label, Shape outline) {
        this.label = label;
        this.outline = outline;
    }

    /** The name of the class, for people. */
    public String label() {
        return label;
    }

    /** The labels of all classes, by number. */
    public static List<String> labels() {
        return Arrays.stream(values()).map(ShapeKind::label).toList();
    }

    /** The outline about the origin, y downwards, of radius 1. */
    Shape outline() {
        return outline;
    }

    private static Shape without(Shape whole, Shape part) {
        Area area = new Area(whole);
        area.subtract(new Area(part));
        return area;
    }

    /** A regular polygon, or with {@code inner < outer} a star: its corners lie alternately on two circles. */
    private static Shape polygon(int corners, double outer, double inner) {
        int points = inner == outer ? corners : 2 * corners;
        double[] xy = new double[2 * points];
        for (int i = 0; i < points; i++) {
            double angle = 2 * Math.PI * i / points - Math.PI / 2;
            double radius = i % 2 == 0 ? outer : inner;
            xy[2 * i] = radius * Math.cos(angle);
            xy[2 * i + 1] = radius * Math.sin(angle);
        }
        return closed(xy);
    }

    private static Shape cross(double half) {
        Area area = new Area(new Rectangle2D.Double(-0.95, -half, 1.9, 2 * half));
        area.add(new Area(new Rectangle2D.Double(-half, -0.95, 2 * half, 1.9)));
        return area;
    }

    private static Shape heart() {
        Path2D.Double path = new Path2D.Double();
        path.moveTo(0, 0.95);
        path.curveTo(-1.5, 0, -0.9, -1.25, 0, -0.45);
        path.curveTo(0.9, -1.25, 1.5, 0, 0, 0.95);
        path.closePath();
        return path;
    }

    private static Shape arrow() {
        return closed(0, -1, 0.75, -0.1, 0.27, -0.1, 0.27, 0.95, -0.27, 0.95, -0.27, -0.1, -0.75, -0.1);
    }

    private static Shape letter() {
        return closed(-0.6, -0.95, 0.6, -0.95, 0.6, -0.55, -0.15, -0.55, -0.15, -0.15, 0.4, -0.15, 0.4, 0.25, -0.15, 0.25, -0.15, 0.95,
                -0.6, 0.95);
    }

    /** Archimedes' spiral as a line of this width. */
    private static Shape spiral(double turns, double width) {
        Path2D.Double line = new Path2D.Double();
        int steps = 80;
        for (int i = 0; i <= steps; i++) {
            double share = (double) i / steps;
            double angle = 2 * Math.PI * turns * share;
            double radius = (1 - width / 2) * (0.06 + 0.94 * share);
            if (i == 0) {
                line.moveTo(radius, 0);
            } else {
                line.lineTo(radius * Math.cos(angle), radius * Math.sin(angle));
            }
        }
        return new BasicStroke((float) width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND).createStrokedShape(line);
    }

    private static Shape closed(double... xy) {
        Path2D.Double path = new Path2D.Double();
        path.moveTo(xy[0], xy[1]);
        for (int i = 2; i < xy.length; i += 2) {
            path.lineTo(xy[i], xy[i + 1]);
        }
        path.closePath();
        return path;
    }
}
