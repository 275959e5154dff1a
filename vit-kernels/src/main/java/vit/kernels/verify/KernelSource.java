package vit.kernels.verify;

/**
 * Gives the description of a kernel. A class that implements it has a constructor without arguments, so that other JVMs can load the class by its name
 * and run the kernel there.
 */
@FunctionalInterface
public interface KernelSource {

    /** The description. Every call gives an equal one. */
    KernelSpec kernel();
}
