package vit.model.cli;

import java.util.Iterator;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;
import vit.model.StoredAs;

/** How weights are kept in memory, on the command line. */
final class StoredAsConverter implements ITypeConverter<StoredAs> {

    private static final Map<String, StoredAs> BY_NAME = Map.of("float32", StoredAs.FLOAT32, "file", StoredAs.AS_FILE,
            "rounded-bfloat16", StoredAs.ROUNDED_TO_BFLOAT16, "rounded-float16", StoredAs.ROUNDED_TO_FLOAT16, "int8", StoredAs.ROUNDED_TO_INT8);

    /** The names, for completion and help. */
    static final class Names implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return List.of("float32", "file", "rounded-bfloat16", "rounded-float16", "int8").iterator();
        }
    }

    /** The name on the command line. */
    static String name(StoredAs storedAs) {
        return BY_NAME.entrySet().stream().filter(entry -> entry.getValue() == storedAs).map(Map.Entry::getKey).findFirst().orElseThrow();
    }

    @Override
    public StoredAs convert(String name) {
        StoredAs found = BY_NAME.get(name);
        if (found == null) {
            throw new TypeConversionException("expected float32, file, rounded-bfloat16, rounded-float16 or int8, found '" + name + "'");
        }
        return found;
    }
}
