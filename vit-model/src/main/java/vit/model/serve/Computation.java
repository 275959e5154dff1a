package vit.model.serve;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import vit.model.serve.protocol.InferenceReply.Result;
import vit.model.serve.protocol.InferenceRequest;
import vit.model.service.RequestRefusedException;

/** Computes what requests of the protocol ask for. */
interface Computation {

    /**
     * Refuses a request whose images have not been read yet, if it would be refused with them.
     *
     * @param timeout from now to the answer, or null for the service's deadline
     */
    void requireAdmission(Duration timeout, boolean urgent) throws RequestRefusedException;

    /** The results of all images of a request, in their order. */
    List<Result> results(InferenceRequest request) throws IOException, RequestFault, RequestRefusedException, ExecutionException;
}
