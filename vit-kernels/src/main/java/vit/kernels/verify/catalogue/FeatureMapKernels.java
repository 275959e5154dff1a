package vit.kernels.verify.catalogue;

import java.util.List;
import vit.kernels.convolution.Convolution;
import vit.kernels.convolution.ConvolutionReference;
import vit.kernels.convolution.Window;
import vit.kernels.maxpool.MaxPool;
import vit.kernels.maxpool.MaxPoolReference;
import vit.kernels.tensor.Tensor;

/** What is done to feature maps around the products of a convolution: the order of channels, windows, and the maximum over a window. */
final class FeatureMapKernels {

    private FeatureMapKernels() {}

    static List<Kernel> all() {
        return List.of(
                new Kernel("channels last", draw -> new Maps(draw).channelsLast()),
                new Kernel("channels first", draw -> new Maps(draw).channelsFirst()),
                new Kernel("unfold", draw -> new Maps(draw).unfold()),
                new Kernel("fold", draw -> new Maps(draw).fold()),
                new Kernel("max pool", draw -> new Maps(draw).maxPool(true)),
                new Kernel("max pool without index", draw -> new Maps(draw).maxPool(false)),
                new Kernel("max pool backward", draw -> new Maps(draw).maxPoolBackward()));
    }

    private static final class Maps {
        final Draw draw;
        final int batch;
        final int height;
        final int width;
        final int channels;
        final Window window;
        final int windows;

        Maps(Draw draw) {
            this.draw = draw;
            batch = draw.size(2, 1, 3);
            height = draw.size(5, 1, 9);
            width = draw.size(6, 1, 9);
            channels = draw.size(37, 1, 40);
            int stride = draw.size(2, 1, 3);
            window = new Window(draw.size(3, stride, 4), stride); // every pixel is in a window
            windows = batch * window.outputs(height) * window.outputs(width);
        }

        private Tensor maps() {
            return draw.tensor(draw.any(), batch * height * width, channels);
        }

        private Tensor images() {
            return draw.tensor(draw.any(), batch, channels, height, width);
        }

        Call channelsLast() {
            Tensor images = images();
            Tensor x = maps();
            return Call.of(w -> Convolution.channelsLast(x, images, batch, w)).output("x", x).truths(() -> {
                double[] expected = new double[batch * height * width * channels];
                ConvolutionReference.channelsLast(expected, images.toDoubles(), batch, channels, height * width);
                return List.of(Truth.exact(expected));
            });
        }

        Call channelsFirst() {
            Tensor images = images();
            Tensor x = maps();
            return Call.of(w -> Convolution.channelsFirst(images, x, batch, w)).output("images", images).truths(() -> {
                double[] expected = new double[batch * height * width * channels];
                ConvolutionReference.channelsFirst(expected, x.toDoubles(), batch, channels, height * width);
                return List.of(Truth.exact(expected));
            });
        }

        Call unfold() {
            Tensor x = maps();
            Tensor unfolded = draw.tensor(windows, window.pixels() * channels);
            return Call.of(w -> Convolution.unfold(unfolded, x, window, height, width, batch, w)).output("windows", unfolded).truths(() -> {
                double[] expected = new double[windows * window.pixels() * channels];
                ConvolutionReference.unfold(expected, x.toDoubles(), window, height, width, batch, channels);
                return List.of(Truth.exact(expected));
            });
        }

        /** The roundings of a pixel that lies in several windows. The first addition, to 0, is exact. */
        private double additions() {
            int most = Math.ceilDiv(window.size(), window.stride());
            return Truth.gamma(most * most - 1);
        }

        Call fold() {
            Tensor dwindows = draw.tensor(windows, window.pixels() * channels);
            Tensor dx = draw.tensor(batch * height * width, channels);
            return Call.of(w -> Convolution.fold(dx, dwindows, window, height, width, batch, w)).output("dx", dx).truths(() -> {
                double[] expected = new double[batch * height * width * channels];
                double[] sizes = new double[expected.length];
                double[] upstream = dwindows.toDoubles();
                ConvolutionReference.fold(expected, upstream, window, height, width, batch, channels);
                ConvolutionReference.fold(sizes, Doubled.absolute(upstream), window, height, width, batch, channels);
                return List.of(Truth.within(expected, i -> additions() * sizes[i]));
            });
        }

        Call maxPool(boolean indexed) {
            Tensor x = maps();
            Tensor y = draw.tensor(windows, channels);
            Tensor index = indexed ? draw.tensor(windows, channels) : null;
            Call call = Call.of(w -> MaxPool.forward(y, index, x, window, height, width, batch, w)).output("y", y);
            if (indexed) {
                call.output("index", index);
            }
            return call.truths(() -> {
                double[] expected = new double[windows * channels];
                double[] chosen = new double[expected.length];
                MaxPoolReference.forward(expected, chosen, x.toDoubles(), window, height, width, batch, channels);
                return indexed ? List.of(Truth.exact(expected), Truth.exact(chosen)) : List.of(Truth.exact(expected));
            });
        }

        Call maxPoolBackward() {
            Tensor x = maps();
            Tensor y = draw.tensor(windows, channels);
            Tensor index = draw.tensor(windows, channels);
            Tensor dx = draw.tensor(batch * height * width, channels);
            draw.prepare(w -> MaxPool.forward(y, index, x, window, height, width, batch, w));
            Tensor dy = draw.tensor(windows, channels);
            return Call.of(w -> MaxPool.backward(dx, dy, index, window, height, width, batch, w)).output("dx", dx).truths(() -> {
                double[] expected = new double[batch * height * width * channels];
                double[] sizes = new double[expected.length];
                double[] upstream = dy.toDoubles();
                MaxPoolReference.backward(expected, upstream, index.toDoubles(), window, height, width, batch, channels);
                MaxPoolReference.backward(sizes, Doubled.absolute(upstream), index.toDoubles(), window, height, width, batch, channels);
                return List.of(Truth.within(expected, i -> additions() * sizes[i]));
            });
        }
    }
}
