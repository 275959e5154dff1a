/**
 * The team of threads that runs the kernels.
 *
 * <p>A program makes one {@link vit.kernels.parallel.Workers} and closes it at the end. {@link vit.kernels.parallel.Workers#run} executes a task on
 * every member of the team, the calling thread included. The task receives a {@link vit.kernels.parallel.Worker}, passes it to each kernel as the
 * last argument, and calls {@link vit.kernels.parallel.Worker#barrier()} between a kernel that writes and a kernel that reads what was written.
 *
 * <p>A first reader begins with {@code Workers.run}, then reads {@code Worker}. Results never depend on the number of workers.
 */
package vit.kernels.parallel;
