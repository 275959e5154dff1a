package vit.model.text;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;

/**
 * What stands in a file's place where a repository was cloned without its large files: a few lines of text that name the file. Stateless;
 * any number of threads may call.
 */
public enum Pointer {
    GIT_LFS("a Git LFS pointer, not the file itself", "fetch the file with git lfs pull"),
    GIT_ANNEX("a git-annex pointer, not the file itself", "fetch the file with git annex get");

    private static final int LOOKED_AT = 512;

    private final String words;
    private final String remedy;

    Pointer(String words, String remedy) {
        this.words = words;
        this.remedy = remedy;
    }

    /** The pointer that {@code bytes}, a file or its beginning, are; empty if they are none. */
    public static Optional<Pointer> in(byte[] bytes) {
        String text = new String(bytes, 0, Math.min(bytes.length, LOOKED_AT), StandardCharsets.UTF_8).replace("\uFEFF", "").stripLeading().toLowerCase(Locale.ROOT);
        if (text.startsWith("version https://git-lfs.github.com/") || text.startsWith("version https://hawser.github.com/")) {
            return Optional.of(GIT_LFS);
        }
        return text.startsWith("/annex/objects/") ? Optional.of(GIT_ANNEX) : Optional.empty();
    }

    /** What the file is, for a message. */
    public String words() {
        return words;
    }

    /** What to do about it, as a clause. */
    public String remedy() {
        return remedy;
    }
}
