/**
 * A service's model as an embedding model of LangChain4j: {@link vit.model.langchain4j.VitEmbeddingModel}. A program that uses this package depends on
 * {@code dev.langchain4j:langchain4j-core}, version 1.19 or newer, itself; nothing else in this library needs it.
 */
package vit.model.langchain4j;
