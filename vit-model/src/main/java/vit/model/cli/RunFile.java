package vit.model.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;
import vit.model.InputException;
import vit.model.json.Json;
import vit.model.json.JsonKind;
import vit.model.json.JsonObject;
import vit.model.weights.format.AtomicFile;

/**
 * {@code run.json}: the options of a {@code vit train} that affect its result, and the facts that followed from them. {@code vit train --run F --output DIR}
 * trains the same again. Options beside {@code --run} come before those of the file.
 *
 * <pre>
 *   {"version":1,"options":{"--data":"/images","--epochs":"3","--head-only":true},"facts":{"epochs":"3","batch":"64", …}}
 * </pre>
 */
final class RunFile {

    private static final String OPTION = "--run";

    private static final String REMEDY = "name the run.json that vit train has written to its output folder";

    private static final int VERSION = 1;

    /** Options that say where and how to train, but do not change a bit of the result. */
    private static final Set<String> ELSEWHERE = Set.of(OPTION, "--output", "--resume", "--resume-previous", "--overwrite", "--threads", "--loaders", "--accumulate",
            "--checkpointing", "--debug", "--help", "--version");

    /** Options of which only one can be given. */
    private static final Map<String, String> INSTEAD = Map.of("--freeze", "--head-only", "--head-only", "--freeze");

    private static final Set<String> PATHS = Set.of("--data", "--weights", "--config");

    private RunFile() {}

    /**
     * The arguments of a command line with the options of the file that {@code --run} names, if the command is {@code train} and has that option.
     *
     * @throws CommandException if the file is missing or malformed
     */
    static String[] expand(String... args) throws CommandException {
        int command = Arrays.asList(args).indexOf("train");
        String file = command < 0 ? null : named(args);
        if (file == null) {
            return args;
        }
        List<String> all = new ArrayList<>(Arrays.asList(args));
        options(read(file), file).forEach((name, value) -> {
            if (!has(args, name) && !has(args, INSTEAD.getOrDefault(name, name))) {
                all.add(value == null ? name : name + "=" + value);
            }
        });
        return all.toArray(String[]::new);
    }

    private static boolean has(String[] args, String name) {
        return Arrays.stream(args).anyMatch(argument -> argument.equals(name) || argument.startsWith(name + "="));
    }

    private static String named(String... args) {
        for (int i = 0; i < args.length; i++) {
            if (args[i].startsWith(OPTION + "=")) {
                return args[i].substring(OPTION.length() + 1);
            }
            if (args[i].equals(OPTION) && i + 1 < args.length) {
                return args[i + 1];
            }
        }
        return null;
    }

    private static JsonObject read(String file) throws CommandException {
        try {
            JsonObject object = Json.parse(file, bytes(Path.of(file)));
            if (object.integer("version") != VERSION) {
                throw object.fault("version").expected(VERSION).found(object.integer("version")).because("the file is of another version");
            }
            return object;
        } catch (InputException e) {
            throw refused(e);
        } catch (IOException e) {
            throw new CommandException(OPTION + " " + FaultReport.reason(e), REMEDY, e);
        } catch (InvalidPathException e) {
            throw new CommandException(OPTION + " " + file + ": the name cannot be a path", REMEDY, e);
        }
    }

    private static byte[] bytes(Path file) throws IOException {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw InputException.unreadable(file, "the run.json of a training", e);
        }
    }

    private static CommandException refused(InputException fault) {
        return new CommandException(fault, REMEDY);
    }

    /** The options by name; a flag has the value null. */
    private static Map<String, String> options(JsonObject object, String file) throws CommandException {
        try {
            JsonObject options = object.object("options");
            Map<String, String> values = new LinkedHashMap<>();
            for (String name : options.names()) {
                if (!name.startsWith("--") || ELSEWHERE.contains(name)) {
                    throw InputException.in(file).expected("options that affect the result of a training").found(name).because("the file holds another option");
                }
                values.put(name, options.kind(name) == JsonKind.TEXT ? options.text(name) : null);
            }
            return values;
        } catch (InputException e) {
            throw refused(e);
        }
    }

    /** Writes the file, atomically. */
    static void write(Path file, ParseResult parsed, Map<String, String> facts) throws IOException {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("version", VERSION);
        document.put("options", given(parsed));
        document.put("facts", facts);
        AtomicFile.write(file, (Json.write(document) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** The options that were given and affect the result, by name. Paths are absolute, so that the file works from any folder. */
    private static Map<String, Object> given(ParseResult parsed) {
        Map<String, Object> given = new TreeMap<>();
        for (OptionSpec option : parsed.matchedOptions()) {
            String name = option.longestName();
            if (!ELSEWHERE.contains(name)) {
                String value = String.join(",", option.originalStringValues());
                given.put(name, option.arity().max() == 0 ? Boolean.TRUE : PATHS.contains(name) ? Path.of(value).toAbsolutePath().normalize().toString() : value);
            }
        }
        return given;
    }

    /**
     * Refuses a training that is not the one of the file, although no option beside {@code --run} changed it: if the images, the weights, or the meaning of a
     * recipe are no longer the same.
     */
    static void require(Path file, ParseResult parsed, Map<String, String> facts) throws CommandException {
        JsonObject object = read(file.toString());
        Map<String, Object> asked = new TreeMap<>();
        options(object, file.toString()).forEach((name, value) -> asked.put(name, value == null ? Boolean.TRUE : value));
        if (!asked.equals(given(parsed))) {
            return; // another training is wanted
        }
        try {
            JsonObject then = object.object("facts");
            List<String> differences = new ArrayList<>();
            for (String fact : then.names()) {
                if (!then.text(fact).equals(facts.get(fact))) {
                    differences.add(fact + " " + then.text(fact) + ", not " + facts.get(fact));
                }
            }
            if (!differences.isEmpty() || then.names().size() != facts.size()) {
                throw new CommandException(file + ": the training would not be the same, it had " + String.join("; ", differences),
                        "put the images and weights back, or give the options without --run to train another model");
            }
        } catch (InputException e) {
            throw refused(e);
        }
    }
}
