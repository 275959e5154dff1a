package vit.model.spark;

import org.apache.spark.ml.image.ImageSchema;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import vit.model.InputException;
import vit.model.image.RgbImage;
import vit.model.image.format.ImageDecoder;

/**
 * Reads the images of a column: the bytes of files, as the source {@code binaryFile} gives them, or decoded images, as the source {@code image} does.
 *
 * @param index  of the column
 * @param isFile whether it holds bytes of files
 * @param path   index of a column of text that names the image in messages; −1 if there is none
 */
record ImageColumn(int index, boolean isFile, int path) implements ImageReader<Row> {

    /** Whether a column of this type can be read. */
    static boolean accepts(DataType type) {
        return type.equals(DataTypes.BinaryType) || isImage(type);
    }

    /** Whether nullable or not, the fields of Spark's image source. */
    private static boolean isImage(DataType type) {
        return DataType.equalsStructurally(type, ImageSchema.columnSchema(), true);
    }

    @Override
    public RgbImage image(Row row) throws InputException {
        if (row.isNullAt(index)) {
            throw InputException.in(name(row)).found("null").because("there is no image");
        }
        return isFile ? ImageDecoder.decode(name(row), row.<byte[]>getAs(index)) : decoded(row.getStruct(index));
    }

    private String name(Row row) {
        return path < 0 || row.isNullAt(path) ? "an image" : row.getString(path);
    }

    /** An image of Spark's image source: rows of pixels from the top, the channels in the order grey, or blue, green, red, or these and alpha. */
    private static RgbImage decoded(Row image) throws InputException {
        String origin = image.isNullAt(0) ? "an image" : ImageSchema.getOrigin(image);
        int height = ImageSchema.getHeight(image);
        int width = ImageSchema.getWidth(image);
        int channels = ImageSchema.getNChannels(image);
        int mode = ImageSchema.getMode(image);
        byte[] pixels = ImageSchema.getData(image);
        boolean known = channels == 1 && is(mode, "CV_8UC1") || channels == 3 && is(mode, "CV_8UC3") || channels == 4 && is(mode, "CV_8UC4");
        if (height < 1 || width < 1 || !known) {
            throw InputException.in(origin).expected("8 bits for each of 1, 3 or 4 channels").found(width + "×" + height + ", " + channels + " channels, mode " + mode)
                    .because("the row of the image source holds no image that can be used");
        }
        if ((long) height * width * channels != pixels.length) {
            throw InputException.in(origin).expected((long) height * width * channels + " bytes").found(pixels.length)
                    .because("the pixels of the image source are not as many as its size says");
        }
        byte[] rgb = new byte[Math.multiplyExact(height * width, RgbImage.CHANNELS)];
        for (int i = 0; i < height * width; i++) {
            for (int c = 0; c < RgbImage.CHANNELS; c++) {
                rgb[RgbImage.CHANNELS * i + c] = pixels[channels * i + (channels == 1 ? 0 : 2 - c)];
            }
        }
        return new RgbImage(origin, height, width, rgb);
    }

    private static boolean is(int mode, String name) {
        return ImageSchema.javaOcvTypes().get(name) instanceof Integer known && known == mode;
    }
}
