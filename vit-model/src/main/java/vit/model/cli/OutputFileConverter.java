package vit.model.cli;

import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** The path of a file to write. A name that ends like a folder's is refused, because {@link Path} forgets the ending and would name a file. */
final class OutputFileConverter implements ITypeConverter<Path> {

    @Override
    public Path convert(String name) {
        Path path = Vit.path(name);
        if (name.endsWith("/") || name.endsWith(path.getFileSystem().getSeparator())) {
            throw new TypeConversionException("expected a file, found " + name + ", which names a folder");
        }
        return path;
    }
}
