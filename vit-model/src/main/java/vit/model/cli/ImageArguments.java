package vit.model.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;
import vit.model.image.format.ImageFiles;
import vit.model.text.TextEncoding;

/** {@code IMAGE…}, {@code --list} and {@code --strict}: which images to process, and what happens when one is bad. */
final class ImageArguments {

    private static final int MOST_LIST_BYTES = 256 << 20;

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Parameters(paramLabel = "IMAGE", arity = "0..*",
            description = "Image files, folders of images, or - for an image on standard input.")
    private List<String> arguments = List.of();

    @Option(names = "--list", paramLabel = "F",
            description = "A file that names further images or folders, one per line or each followed by a NUL; - for standard input.")
    private String list;

    @Option(names = "--strict", description = "Stop at the first image that gives no result. Without this option, the others are processed and the exit code is 1.")
    private boolean strict;

    boolean isStrict() {
        return strict;
    }

    /**
     * The images, with each folder replaced by the images that it holds.
     *
     * @throws CommandException if there is none, or a list or a folder cannot be read
     */
    List<ImageInput> images(Vit vit) throws CommandException {
        List<ImageInput> images = new ArrayList<>();
        int standardInputs = ImageInput.STANDARD_INPUT.equals(list) ? 1 : 0;
        for (String argument : arguments) {
            ImageInput image = ImageInput.named(argument);
            standardInputs += argument.equals(ImageInput.STANDARD_INPUT) ? 1 : 0;
            expand(image, images, vit);
        }
        if (standardInputs > 1) {
            throw new ParameterException(spec.commandLine(), "Standard input is named " + standardInputs + " times; it can be read once");
        }
        if (list != null) {
            for (String line : lines()) {
                ImageInput image = ImageInput.named(line.equals(ImageInput.STANDARD_INPUT) ? "./-" : line);
                expand(image, images, vit);
            }
        }
        if (arguments.isEmpty() && list == null) {
            throw new ParameterException(spec.commandLine(), "Missing required parameter: 'IMAGE'");
        }
        if (images.isEmpty()) {
            throw new CommandException((list == null ? String.join(", ", arguments) : "--list " + list) + ": there are no images",
                    "name image files, or a folder that holds some; their names end in .jpg, .png and the like");
        }
        return images;
    }

    private static void expand(ImageInput image, List<ImageInput> to, Vit vit) throws CommandException {
        if (image.path() == null || !Files.isDirectory(image.path())) {
            to.add(image);
            return;
        }
        ImageFiles found;
        try {
            found = ImageFiles.below(image.path());
        } catch (IOException e) {
            throw new CommandException(image.name() + ": the folder cannot be listed: " + FaultReport.reason(e), "check whether you may read it");
        }
        found.images().forEach(file -> to.add(ImageInput.of(file)));
        if (found.others() > 0) {
            vit.status().note(image.name() + ": " + found.others()
                    + (found.others() == 1 ? " file is left out, because it is no regular file or its name is not that of an image"
                    : " files are left out, because they are no regular files or their names are not those of images"));
        }
        if (!found.unreadable().isEmpty()) {
            vit.status().warn(image.name() + ": " + found.unreadable().size() + " files or folders below it cannot be read and are left out, for example " + found.unreadable().getFirst());
        }
    }

    private boolean isFolder() {
        return !list.equals(ImageInput.STANDARD_INPUT) && Files.isDirectory(Path.of(list));
    }

    private List<String> lines() throws CommandException {
        byte[] bytes;
        try (InputStream in = list.equals(ImageInput.STANDARD_INPUT) ? System.in : Files.newInputStream(Path.of(list))) {
            bytes = in.readNBytes(MOST_LIST_BYTES + 1);
        } catch (IOException | java.nio.file.InvalidPathException e) {
            String reason = e instanceof IOException fault ? isFolder() ? "it is a folder" : FaultReport.reason(fault) : "the name cannot be a path";
            throw new CommandException("--list " + list + ": the list cannot be read: " + reason,
                    "a list is a text file with one image per line; a folder of images needs no --list");
        }
        if (bytes.length > MOST_LIST_BYTES) {
            throw new CommandException("--list " + list + ": the list is larger than " + MOST_LIST_BYTES + " bytes", "divide the list");
        }
        String text = new String(bytes, TextEncoding.hasUtf16Mark(bytes) ? StandardCharsets.UTF_16 : StandardCharsets.UTF_8);
        text = text.startsWith("\uFEFF") ? text.substring(1) : text;
        boolean nul = text.indexOf('\0') >= 0; // the form that find -print0 writes
        List<String> lines = new ArrayList<>();
        for (String line : text.split(nul ? "\0" : "\r\n|\n|\r")) {
            if (!line.isEmpty()) {
                lines.add(line);
            }
        }
        return lines;
    }
}
