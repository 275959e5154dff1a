/** Text for people: what may safely be sent to a terminal, and how wide it is there. */
package vit.model.text;
