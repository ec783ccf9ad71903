namespace T5GemmaSharp.Training.Data;

/// <summary>Size of an example in tokens.</summary>
/// <param name="Encoder">Tokens that the encoder reads.</param>
/// <param name="Decoder">Tokens that the decoder writes; 0 where there is no decoder.</param>
public readonly record struct ExampleLength(int Encoder, int Decoder)
{
    /// <summary>Tokens of both stacks.</summary>
    public int Tokens => Encoder + Decoder;

    /// <summary>The size for a classification model, whose decoder, if it has one, reads what its encoder does.</summary>
    internal ExampleLength ForStacks(bool isEncoderDecoder) => isEncoderDecoder ? this with { Decoder = Encoder } : this;
}
