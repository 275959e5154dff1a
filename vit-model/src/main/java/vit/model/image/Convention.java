package vit.model.image;

/** Whose rounding the preprocessing follows, where the peers differ: in sizes and crops. */
public enum Convention {
    /** timm and torchvision: Pillow resizes, {@code CenterCrop} rounds half to even. */
    TORCH {
        @Override
        int cropStart(int size, int crop) {
            // A smaller image is padded, with the smaller half before it.
            return crop > size ? -((crop - size) / 2) : (int) Math.rint((size - crop) / 2.0);
        }
    },
    /** Hugging Face's Pillow-backed ("slow") image processors: the start of a crop is truncated to whole pixels. */
    HUGGING_FACE {
        @Override
        int cropStart(int size, int crop) {
            return Math.floorDiv(size - crop, 2);
        }

        @Override
        boolean hasSizesOfItsOwn() {
            return true;
        }
    },
    /**
     * Hugging Face's image processor for DINOv3: samples are scaled to 0 … 1 in float32 before PyTorch resizes them with antialiasing, and are never
     * rounded to 8 bits. Crops are torchvision's.
     */
    HUGGING_FACE_FLOAT {
        @Override
        int cropStart(int size, int crop) {
            return TORCH.cropStart(size, crop);
        }

        @Override
        boolean hasSizesOfItsOwn() {
            return true;
        }
    },
    /**
     * Google's JAX repository and big_vision: {@code tf.image.resize} without antialiasing, where {@link Filter#BILINEAR} gives floats and
     * {@link Filter#BOX} stands for the area method, whose results are truncated to whole numbers as in big_vision.
     */
    TENSORFLOW {
        @Override
        int cropStart(int size, int crop) {
            return Math.floorDiv(size - crop, 2);
        }

        @Override
        boolean isTensorflow() {
            return true;
        }
    },
    /** As {@link #TENSORFLOW}, but what {@link Filter#BILINEAR} gives is truncated to whole numbers, too: big_vision's {@code resize} gives what it was given. */
    BIG_VISION {
        @Override
        int cropStart(int size, int crop) {
            return TENSORFLOW.cropStart(size, crop);
        }

        @Override
        boolean isTensorflow() {
            return true;
        }
    };

    /** The pixel at which a centred crop of {@code crop} pixels begins in {@code size} pixels; negative if padding comes first. */
    abstract int cropStart(int size, int crop);

    /** Whether {@code tf.image.resize} does the work. */
    boolean isTensorflow() {
        return false;
    }

    /** Whether a configuration file of this convention states sizes in pixels, whatever the size of the model. */
    boolean hasSizesOfItsOwn() {
        return false;
    }
}
