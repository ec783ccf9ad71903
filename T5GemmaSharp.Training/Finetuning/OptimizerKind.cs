namespace T5GemmaSharp.Training.Finetuning;

/// <summary>The optimizers.</summary>
internal enum OptimizerKind
{
    AdamW,
    Adafactor,
    Sgd,
}
