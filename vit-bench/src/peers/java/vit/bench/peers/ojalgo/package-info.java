/** ojAlgo as a contender. */
package vit.bench.peers.ojalgo;
