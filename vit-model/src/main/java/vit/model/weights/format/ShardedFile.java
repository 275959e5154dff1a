package vit.model.weights.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import vit.model.InputException;
import vit.model.json.Json;
import vit.model.json.JsonKind;
import vit.model.json.JsonObject;
import vit.model.json.JsonValue;

/**
 * Weights in several safetensors files, as Hugging Face's {@code save_pretrained} writes large models: an index
 * {@code {"weight_map": {tensor: file}}} in the folder of its files. The index decides what belongs to the model.
 */
public final class ShardedFile implements TensorFile {

    private static final int MAX_SHARDS = 1024;
    private static final Pattern SHARD = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.safetensors");

    private final String name;
    private final Map<String, SafetensorsFile> shards = new LinkedHashMap<>(); // by file name
    private final Map<String, SafetensorsFile> shardOf = new LinkedHashMap<>(); // by tensor
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private final ByteBuffer buffer = SafetensorsFile.newBuffer();

    private ShardedFile(String name) {
        this.name = name;
    }

    /**
     * Opens the index and all files that it names.
     *
     * @throws InputException if the file is not an index, it names a file outside its folder, or a file lacks a tensor that the index
     *                        assigns to it
     */
    static ShardedFile open(Path index) throws IOException {
        JsonValue document = Json.readValue(index);
        JsonObject json = document.kind() == JsonKind.OBJECT ? document.object() : JsonObject.empty(index.toString());
        if (!json.has("weight_map")) {
            boolean config = json.has("model_type") || json.has("architecture") || json.has("architectures") || json.has("family");
            throw InputException.in(index).at(0).expected("weights, or an index with a weight_map").found(config ? "a model's configuration" : "JSON")
                    .remedy("name the weights with --weights and their configuration with --config").because("the file holds no weights");
        }
        ShardedFile file = new ShardedFile(index.toString());
        try {
            file.open(index, json.object("weight_map"));
            return file;
        } catch (Throwable t) {
            file.close();
            throw t;
        }
    }

    private void open(Path index, JsonObject map) throws IOException {
        for (String tensor : map.names()) {
            String shard = map.text(tensor);
            SafetensorsFile file = shards.get(shard);
            if (file == null) {
                file = shard(index, map, tensor, shard);
                shards.put(shard, file);
                metadata.putAll(file.metadata());
            }
            if (file.find(tensor) == null) {
                throw InputException.in(file.name()).tensor(tensor).expected("the tensor that " + name + " places here").found("no such tensor")
                        .because("the file does not fit its index");
            }
            shardOf.put(tensor, file);
        }
    }

    private SafetensorsFile shard(Path index, JsonObject map, String tensor, String shard) throws IOException {
        if (shard.isEmpty() || shard.equals("..") || shard.equals(".") || shard.indexOf('/') >= 0 || shard.indexOf('\\') >= 0 || shard.indexOf('\0') >= 0) {
            throw map.fault(tensor).expected("the name of a file in the index's folder").found("a path").because("the index leaves its folder");
        }
        if (shards.size() == MAX_SHARDS) {
            throw map.fault(tensor).expected("at most " + MAX_SHARDS + " files").found("more").because("the index names too many files");
        }
        ByteSource source = ByteSource.OfFile.open(index.resolveSibling(shard));
        try {
            FileKind kind = FileKind.of(source);
            if (kind != FileKind.SAFETENSORS) {
                throw kind.refusal(source.name());
            }
            return SafetensorsFile.open(source, buffer);
        } catch (Throwable t) {
            source.close();
            throw t;
        }
    }

    /**
     * Refuses a file that is one of several, because it is only a part of a model.
     *
     * @throws InputException if the file's name says that it is one of several
     */
    public static void refuseShard(Path file) throws InputException {
        Matcher matcher = SHARD.matcher(file.getFileName() == null ? "" : file.getFileName().toString());
        if (matcher.matches() && Integer.parseInt(matcher.group(3)) > 1) {
            throw InputException.in(file).expected("a whole model").found("part " + Integer.parseInt(matcher.group(2)) + " of " + Integer.parseInt(matcher.group(3)))
                    .remedy("name the index, " + matcher.group(1) + ".safetensors.index.json, or the folder").because("the file holds a part of the weights");
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public List<TensorEntry> entries() {
        return shardOf.entrySet().stream().map(entry -> entry.getValue().find(entry.getKey())).toList();
    }

    @Override
    public TensorEntry find(String tensor) {
        SafetensorsFile file = shardOf.get(tensor);
        return file == null ? null : file.find(tensor);
    }

    @Override
    public Map<String, String> metadata() {
        return Map.copyOf(metadata);
    }

    private SafetensorsFile shard(TensorEntry entry) {
        SafetensorsFile file = shardOf.get(entry.name());
        if (file == null) {
            throw new IllegalArgumentException(entry + " is not of " + name);
        }
        return file;
    }

    @Override
    public void readFloats(TensorEntry entry, long first, float[] target, int offset, int count) throws IOException {
        shard(entry).readFloats(entry, first, target, offset, count);
    }

    @Override
    public void readDoubles(TensorEntry entry, long first, double[] target, int offset, int count) throws IOException {
        shard(entry).readDoubles(entry, first, target, offset, count);
    }

    /** Closes all files, even if closing one of them fails. */
    @Override
    public void close() throws IOException {
        IOException failure = null;
        for (SafetensorsFile file : shards.values()) {
            try {
                file.close();
            } catch (IOException e) {
                failure = failure == null ? e : failure;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
