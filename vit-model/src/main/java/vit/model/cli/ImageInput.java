package vit.model.cli;

import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import vit.model.InputException;
import vit.model.image.RgbImage;
import vit.model.image.format.DecodeOptions;
import vit.model.image.format.ImageDecoder;

/**
 * One image that a command was given: a file, or standard input.
 *
 * @param name as the user gave it, or as the folder lists it
 * @param path null for standard input, and for a name that is not a valid path
 */
record ImageInput(String name, Path path) {

    /** What stands for standard input. */
    static final String STANDARD_INPUT = "-";

    static ImageInput of(Path file) {
        return new ImageInput(file.toString(), file);
    }

    /** {@code -} is standard input. A name that is not a valid path here is an error of this image, which is reported when the image is decoded. */
    static ImageInput named(String name) {
        if (name.equals(STANDARD_INPUT)) {
            return new ImageInput(name, null);
        }
        if (name.isEmpty()) { // Path.of takes it for the working folder
            return new ImageInput(name, null);
        }
        try {
            return new ImageInput(name, Path.of(name));
        } catch (InvalidPathException e) {
            return new ImageInput(name, null);
        }
    }

    /** The hint for an image that cannot be used. */
    String hint() {
        String formats = "images may be JPEG, PNG, BMP, GIF, WebP, TIFF or PPM";
        return path == null ? formats : ModelFiles.hint(path, formats);
    }

    private boolean isStandardInput() {
        return name.equals(STANDARD_INPUT) && path == null;
    }

    /**
     * Decodes the image; standard input can be read only once.
     *
     * @throws InputException if it cannot be read, or is no image
     */
    RgbImage decode() throws InputException {
        if (path != null) {
            return ImageDecoder.decode(path);
        }
        if (!isStandardInput()) {
            throw name.isEmpty() ? InputException.in("''").expected("the name of an image file").because("the name is empty")
                    : InputException.in(name).expected("an image file").because("the name cannot be a path");
        }
        long most = DecodeOptions.DEFAULT.maxFileBytes();
        byte[] bytes;
        try {
            bytes = System.in.readNBytes(Math.toIntExact(most + 1));
        } catch (IOException e) {
            throw InputException.in("standard input").cause(e).expected("an image").found(e.getMessage()).because("it cannot be read");
        }
        if (bytes.length == 0) {
            throw InputException.in("standard input").expected("an image").found("nothing").because("it is empty");
        }
        return ImageDecoder.decode("standard input", bytes);
    }
}
