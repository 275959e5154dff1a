package vit.model.image;

import vit.model.InputException;

/**
 * Where the model's view lies in the resized image.
 *
 * @param height rows of the resized image
 * @param width  columns of the resized image
 * @param top    row of the resized image at which the view begins; negative: padding above
 * @param left   column of the resized image at which the view begins; negative: padding on the left
 */
record Placement(int height, int width, int top, int left) {

    /** Longest side of a resized image: keeps coordinates within an int. Only the view is ever computed. */
    private static final long MAX_SIDE = 1 << 24;

    /** The view of {@code outputHeight} × {@code outputWidth} pixels of {@code image}. */
    static Placement of(Preprocessing p, RgbImage image, int outputHeight, int outputWidth) throws InputException {
        int targetHeight = p.targetHeight(outputHeight);
        int targetWidth = p.targetWidth(outputWidth);
        double[] size = switch (p.fit()) {
            case NONE -> new double[] {image.height(), image.width()};
            case SQUASH -> new double[] {targetHeight, targetWidth};
            case SHORT_SIDE -> shortSide(p.convention(), image, targetHeight, targetWidth);
            case INSIDE -> {
                double ratio = Math.max((double) image.height() / targetHeight, (double) image.width() / targetWidth);
                yield keepRatio(image, ratio);
            }
        };
        if (!(size[0] >= 1 && size[1] >= 1 && size[0] <= MAX_SIDE && size[1] <= MAX_SIDE)) {
            throw InputException.in(image.source()).expected("sides of 1 … " + MAX_SIDE + " pixels after resizing")
                    .found(image.height() + "×" + image.width() + " resized to " + (long) size[0] + "×" + (long) size[1])
                    .because("the image is too narrow for this preprocessing");
        }
        int height = (int) size[0];
        int width = (int) size[1];
        return new Placement(height, width, p.convention().cropStart(height, outputHeight),
                p.convention().cropStart(width, outputWidth));
    }

    private static double[] shortSide(Convention convention, RgbImage image, int targetHeight, int targetWidth) {
        if (convention.isTensorflow()) {
            // big_vision's resize_small, in its float32
            float factor = Math.max((float) targetHeight / image.height(), (float) targetWidth / image.width());
            if (targetHeight == targetWidth) {
                factor = (float) targetHeight / Math.min(image.height(), image.width());
            }
            return new double[] {Math.rint(image.height() * factor), Math.rint(image.width() * factor)};
        }
        if (targetHeight != targetWidth) {
            // timm's ResizeKeepRatio
            return keepRatio(image, Math.min((double) image.height() / targetHeight, (double) image.width() / targetWidth));
        }
        // torchvision's Resize: the long side is truncated, not rounded
        if (image.width() <= image.height()) {
            return new double[] {Math.floor((double) ((long) targetHeight * image.height()) / image.width()), targetHeight};
        }
        return new double[] {targetHeight, Math.floor((double) ((long) targetHeight * image.width()) / image.height())};
    }

    private static double[] keepRatio(RgbImage image, double ratio) {
        return new double[] {Math.rint(image.height() / ratio), Math.rint(image.width() / ratio)};
    }
}
