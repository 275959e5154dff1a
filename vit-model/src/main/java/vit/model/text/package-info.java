/** Text for people: what may be sent to a terminal, and how wide it is there. */
package vit.model.text;
