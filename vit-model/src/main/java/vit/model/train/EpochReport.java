package vit.model.train;

/**
 * The results of one epoch.
 *
 * @param epoch              from 1
 * @param loss               mean over the training images of the loss that was minimised, smoothing and mixing included
 * @param accuracy           share of the training images whose heaviest target had the highest logit, counted during the epoch
 * @param validationLoss     mean cross-entropy of the validation images; NaN if there are none
 * @param validationAccuracy share of the validation images that were classified correctly; NaN if there are none
 * @param rate               learning rate of the last step
 * @param best               whether no earlier epoch was better: by validation accuracy, then by validation loss; without validation by the training
 *                           loss
 * @param imagesPerSecond    training images per second, without validation; after a resume, of that part of the epoch which this run trained
 */
public record EpochReport(int epoch, double loss, double accuracy, double validationLoss, double validationAccuracy, double rate,
        boolean best, double imagesPerSecond) {}
