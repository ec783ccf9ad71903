using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cuda.Encode;

/// <summary>What the encoder's layers do between their matrix products. Rows are the tokens of all sources, M = B * S; results go into tensors of the caller.</summary>
internal interface IEncoderOperations
{
    /// <summary>Which keys are real, in the form that <see cref="Attend"/> reads. Belongs to the caller's dispose scope.</summary>
    /// <param name="real">Booleans [B, S]; null: all are.</param>
    /// <param name="batch">Sources B.</param>
    /// <param name="length">Tokens S.</param>
    Tensor Mask(Tensor? real, long batch, long length);

    /// <summary>Adds normalized updates to the hidden states, and normalizes these for the next product.</summary>
    /// <param name="update">Updates [M, D] and the norm's weight [D]; null: none.</param>
    /// <param name="hidden">Hidden states [M, D], float32; changed.</param>
    /// <param name="preNorm">Weight [D] of the second norm.</param>
    /// <param name="normalized">Receives the second norm's result [M, D].</param>
    void Normalize((Tensor States, Tensor PostNorm)? update, Tensor hidden, Tensor preNorm, Tensor normalized);

    /// <summary>Rotates queries and keys in place.</summary>
    /// <param name="queries">[M, H * E].</param>
    /// <param name="keys">[M, K * E].</param>
    /// <param name="cos">[1 or B, S, E], float32.</param>
    /// <param name="sin">The same.</param>
    void Rotate(Tensor queries, Tensor keys, Tensor cos, Tensor sin);

    /// <summary>Attends from every token to the real tokens of its source; a token that sees none attends to all alike.</summary>
    /// <param name="queries">Rotated queries [M, H * E]; the heads' outputs take their place.</param>
    /// <param name="keys">Rotated keys [M, K * E].</param>
    /// <param name="values">[M, K * E].</param>
    /// <param name="mask">Result of <see cref="Mask"/>.</param>
    /// <param name="length">Tokens S of a source.</param>
    /// <param name="window">A token sees those nearer than this; null: all.</param>
    void Attend(Tensor queries, Tensor keys, Tensor values, Tensor mask, long length, long? window);

    /// <summary>gelu(gates) * values, tanh's approximation.</summary>
    /// <param name="gates">[M, I]; the products take their place.</param>
    /// <param name="values">[M, I].</param>
    void Gate(Tensor gates, Tensor values);
}
