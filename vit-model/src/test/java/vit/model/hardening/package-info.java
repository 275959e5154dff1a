/** Attacks on models, sessions and trainings: failing memory, closes and interrupts at any moment, and many cycles. */
package vit.model.hardening;
