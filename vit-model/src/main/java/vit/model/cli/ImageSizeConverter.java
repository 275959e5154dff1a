package vit.model.cli;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;
import vit.model.LoadOptions;

/** An image's size on the command line: {@code HxW}, rows first, or one number for a square. */
final class ImageSizeConverter implements ITypeConverter<LoadOptions> {

    private static final Pattern SIZE = Pattern.compile("(\\d{1,7})(?:[x×](\\d{1,7}))?");

    @Override
    public LoadOptions convert(String text) {
        Matcher size = SIZE.matcher(text);
        int height = size.matches() ? Integer.parseInt(size.group(1)) : 0;
        int width = height > 0 && size.group(2) != null ? Integer.parseInt(size.group(2)) : height;
        if (height == 0 || width == 0) {
            throw new TypeConversionException("expected height and width in pixels, as 224x320, or one number for a square, found " + text);
        }
        return LoadOptions.DEFAULTS.withImage(height, width);
    }
}
