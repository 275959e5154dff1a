package vit.model;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import vit.model.config.VitConfig;
import vit.model.image.RgbImage;
import vit.model.image.format.ImageDecoder;
import vit.model.parameters.Parameter;

/** Calls every public method of a class with arguments that it accepts. Methods are found by reflection, so that no new one is left out. */
final class PublicCalls {

    /** The length of arrays: room for whatever a call of the small models here reads or writes. */
    private static final int ROOM = 1 << 15;

    private static final FeatureRequest FEATURES = FeatureRequest.embedding().and(FeatureRequest.patches()).and(FeatureRequest.blocks(0));

    private final VitConfig config;
    private final Parameter parameter;
    private final Path imageFile;
    private final RgbImage image;

    PublicCalls(VitConfig config, Parameter parameter, Path imageFile) throws IOException {
        this.config = config;
        this.parameter = parameter;
        this.imageFile = imageFile;
        this.image = ImageDecoder.decode(imageFile);
    }

    /** The public methods of an object in a fixed order, without static ones and those that the models here refuse: a loss of embeddings, as they have classes. */
    static List<Method> of(Class<?> type) {
        List<Method> methods = new ArrayList<>();
        for (Method method : type.getDeclaredMethods()) {
            if (Modifier.isPublic(method.getModifiers()) && !Modifier.isStatic(method.getModifiers()) && !method.isSynthetic()
                    && !Arrays.asList(method.getParameterTypes()).contains(EmbeddingLoss.class)) {
                methods.add(method);
            }
        }
        methods.sort(Comparator.comparing(Method::toString));
        return methods;
    }

    /** Returns arguments that suit a small model. A parameter of a type that is not known here fails the test. */
    Object[] arguments(Method method) {
        Class<?>[] types = method.getParameterTypes();
        Object[] arguments = new Object[types.length];
        for (int i = 0; i < types.length; i++) {
            arguments[i] = argument(types[i], method);
        }
        return arguments;
    }

    private Object argument(Class<?> type, Method method) {
        if (type == float[].class) {
            float[] values = new float[ROOM];
            Random random = new Random(1);
            for (int i = 0; i < values.length; i++) {
                values[i] = random.nextFloat() - 0.5f;
            }
            return values;
        }
        return switch (type.getSimpleName()) {
            case "int" -> 1; // a batch, a number of classes, an optimiser's second state
            case "double" -> 0.5;
            case "boolean" -> true;
            case "int[]" -> new int[] {1};
            case "StageObserver" -> null;
            case "Parameter" -> parameter;
            case "FeatureRequest" -> FEATURES;
            case "Features" -> Features.of(config, FEATURES, 1);
            case "SessionOptions" -> SessionOptions.threads(1);
            case "Path" -> imageFile;
            case "RgbImage" -> image;
            case "RgbImage[]" -> new RgbImage[] {image};
            case "Collection", "List" -> List.of(image);
            default -> throw new AssertionError("no argument of type " + type.getName() + " for " + method + ": add one here");
        };
    }

    /** Calls the method and throws what it throws. */
    static Object call(Object target, Method method, Object... arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    /** Everything that a call gave, as text: what it returned, and what it wrote into its arguments. */
    static String outcome(Object returned, Object... arguments) {
        StringBuilder text = new StringBuilder(text(returned));
        for (Object argument : arguments) {
            if (argument instanceof float[] values) {
                text.append(' ').append(Arrays.hashCode(values));
            } else if (argument instanceof Features features) {
                text.append(' ').append(text(features));
            }
        }
        return text.toString();
    }

    private static String text(Object value) {
        if (value instanceof AttentionMaps maps) {
            StringBuilder text = new StringBuilder();
            for (int block = 0; block < maps.depth(); block++) {
                text.append(Arrays.hashCode(maps.mean(block))).append(' ');
            }
            return text.toString();
        }
        if (value instanceof Features features) {
            return Arrays.hashCode(features.embedding()) + " " + Arrays.hashCode(features.patches()) + " " + Arrays.hashCode(features.block(0));
        }
        return value instanceof float[] values ? Arrays.toString(values) : String.valueOf(value);
    }
}
