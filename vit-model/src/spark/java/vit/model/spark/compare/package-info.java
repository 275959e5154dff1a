/**
 * Runs on this machine what Spark would run on many: {@link vit.model.spark.compare.Comparison} embeds a folder and trains with executors in JVMs of their own and in one
 * process, and {@link vit.model.spark.compare.StepCosts} measures what a step of training costs.
 */
package vit.model.spark.compare;
